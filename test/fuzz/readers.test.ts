import { existsSync, readdirSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { FINDS, stored } from '../../fuzz/files.ts';
import { type End, watched } from '../../fuzz/watch.ts';
import { tempDir } from '../support/temp.ts';

// The short form of `npm run fuzz`. A reader that never ends, or eats all memory, must not take the tests with it: all is
// read in another process, which is watched.

let end: End;
const read = new Map<string, string | undefined>();

beforeAll(async () => {
  end = await watched(['--short', '--seed', '1'], `${tempDir()}/at`);
  for (const { kind, text, wrong } of end.told) if (kind === 'read') read.set(text, wrong);
});

test('every reader comes to an end, in bounded memory', () => {
  const { how, input } = end;
  const behind = [...read.keys()].at(-1);
  const at = how === 'well' ? undefined : `${how} behind ${behind}: ${input.toString('base64').slice(0, 400)}`;
  expect(at).toBeUndefined();
  expect(read.size).toBeGreaterThan(100);
});

test('every reader fails as it is documented, or not at all, and in time', () => {
  expect([...read].filter(([, wrong]) => wrong !== undefined)).toEqual([]);
});

const finds = existsSync(FINDS)
  ? readdirSync(FINDS).flatMap((target) => stored(FINDS, target).map(({ name }) => `${target}: ${name}`))
  : [];
test.runIf(finds.length > 0).each(finds)('what once found a fault is read: %s', (what) => {
  expect([read.has(what), read.get(what)]).toEqual([true, undefined]);
});
