import { expect, test } from 'vitest';
import { type GpgVersion, RECENT } from './arguments.ts';
import { asRecent } from './version.ts';

const OLD: GpgVersion = { major: 2, minor: 0 };
const NEW: GpgVersion = { major: 2, minor: 4 };

/** Runs a gpg of this version; an old one takes no words of a recent one. */
async function ask(is: GpgVersion, isGood: boolean): Promise<string> {
  const calls: string[] = [];
  await asRecent(
    async () => {
      calls.push('version');
      return is;
    },
    async (version) => {
      calls.push(version === RECENT ? 'recent' : 'old');
      return isGood && (is !== OLD || version === OLD);
    },
    (answer) => answer,
  );
  return calls.join(' ');
}

test.each([
  ['a recent one that succeeds is run once', NEW, true, 'recent'],
  ['a recent one that fails is not run again', NEW, false, 'recent version'],
  ['an old one is run again with its own words', OLD, true, 'recent version old'],
  ['an old one that fails is run twice', OLD, false, 'recent version old'],
])('%s', async (_what, version, isGood, calls) => expect(await ask(version, isGood)).toBe(calls));

test('what is wrong with the program itself is told by its version', async () => {
  const broken = new Error('no gpg');
  const run = (): Promise<boolean> => Promise.reject(new Error('cannot run'));
  await expect(asRecent(() => Promise.reject(broken), run, Boolean)).rejects.toBe(broken);
});
