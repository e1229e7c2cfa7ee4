import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isLong } from '../support/forms.ts';
import { life, type Surroundings } from '../support/life.ts';
import { root } from '../support/paths.ts';
import type { Scene } from '../support/scene.ts';
import { requireMount } from '../support/tmpfs.ts';
import { NOBODY, requireAnotherUser } from '../support/tools.ts';

const DAY = 86_400;

/** A clock that shows `base` at the first set. */
function clock(base: string): Surroundings {
  const env = (k: number) => ({
    NODE_OPTIONS: `--require=${root}/test/support/clock.cjs`,
    CLOCK: String(Date.parse(base) / 1000 + k * DAY),
  });
  return { at: (k) => ({ env: env(k) }) };
}

/** What is there at the end of a life; of most surroundings the suite has its youth only. */
const WHOLE = /^(?:no variable|no zone|a clock that was never set|a root that is read-only)/;
async function livesThrough(title: string, around: Surroundings): Promise<void> {
  const isWhole = isLong || WHOLE.test(title);
  expect(await life(around, isWhole ? 'whole' : 'youth')).toEqual(isWhole ? [2, 1] : [2]);
}

const zone = (TZ: string): Surroundings => ({ options: { env: { TZ } } });

/** All of the scene belongs to this user. */
function ownedBy(uid: number): Surroundings {
  const prepare = ({ dir }: Scene): void => {
    mkdirSync(`${dir}/home/tmp`, { recursive: true });
    chmodSync(dir, 0o755);
    for (const name of ['.', ...readdirSync(dir, { recursive: true, encoding: 'utf8' })])
      chownSync(`${dir}/${name}`, uid, uid);
  };
  return { prepare, options: { uid } };
}

test.each<readonly [string, Surroundings]>([
  ['no variable but PATH and HOME', { by: 'exec env -i PATH="$PATH" HOME="$HOME" PASSPHRASE="$PASSPHRASE"' }],
  ['locale C', { options: { env: { LANG: 'C', LC_ALL: 'C' } } }],
  ['a locale that is not there', { options: { env: { LANG: 'xx_YY.ISO-8859-15', LC_ALL: 'xx_YY.ISO-8859-15' } } }],
  ['no zone', zone('')],
  ['a POSIX zone', zone('CET-1CEST,M3.5.0,M10.5.0/3')],
  ['a zone of a number only', zone('<+03>-3')],
  ['a zone that is not there', zone('Nowhere/Else')],
  ['as few open files as it takes', { prelude: 'ulimit -n 1024' }],
  ['a private umask', { prelude: 'umask 077' }],
  [
    'a working directory that is gone',
    { prelude: 'mkdir "$DIR/gone"; cd "$DIR/gone"; rmdir "$DIR/gone"', aside: /^sh: .*getcwd.*\n/gm },
  ],
  ['signals that are ignored', { prelude: "trap '' HUP INT QUIT PIPE TERM USR1 USR2 CHLD" }],
  ['no standard input', { prelude: 'exec <&-' }],
  ['a clock that was never set', clock('1970-01-02T00:00:00Z')],
  ['a clock of last century', clock('1999-12-31T12:00:00Z')],
  ['a clock far ahead', clock('2069-06-01T00:00:00Z')],
])('a backup lives through its life with %s', async (title, around) => {
  await expect(livesThrough(title, around)).resolves.toBeUndefined();
});

describe.runIf(requireAnotherUser())('as another user', () => {
  test.each([
    ['that is nobody', NOBODY],
    ['that no password file knows', 47_110],
  ])('%s, a backup lives through its life', async (_, uid) => {
    expect(await life(ownedBy(uid))).toEqual([2, 1]);
  });
});

describe.runIf(requireMount())('with mounts of its own', () => {
  /** A run among mounts that these commands make. */
  const among = (mounts: string): Surroundings => ({ by: `exec unshare -m sh -c '${mounts}; exec "$@"' sh` });

  test.each<readonly [string, Surroundings]>([
    ['a root that is read-only', among('mount --bind "$DIR" "$DIR"; mount -o remount,ro,bind /')],
    ['no /proc', among('mount -t tmpfs none /proc')],
    ['a file system of its own for temporary files', among('mount -t tmpfs -o size=40m none "$TMPDIR"')],
  ])('a backup lives through its life with %s', async (title, around) => {
    await expect(livesThrough(title, around)).resolves.toBeUndefined();
  });
});
