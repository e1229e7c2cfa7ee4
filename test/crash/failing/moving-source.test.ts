import { metSoFar, type Rule, underRule } from './failing-fs.ts';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { BackupResult } from '../../../src/index.ts';
import type { Listed } from '../../support/listing.ts';
import { noise, put, treeOf } from '../../support/scene.ts';
import { tempDir } from '../../support/temp.ts';
import { timeOfSet } from '../../support/times.ts';
import { inStore, type Place, restoredAt } from '../recorded/store.ts';

// The source changes, or cannot be read, at the n-th look that a backup takes at it. What nobody touched is stored exactly, what
// could not be read is not taken for deleted, and the next backup has all of it.

const isLong = process.env['FAULTS'] === 'all';
const KIB = 1024;
const VOLUME = 64 * KIB;

let place: Place;
beforeEach(() => {
  const dir = tempDir('/dev/shm');
  const disk = `${dir}/disk`;
  place = {
    source: `${dir}/source`,
    disk,
    url: `file://${disk}/remote`,
    second: `file://${disk}/second`,
    out: `${disk}/out`,
    times: [],
    trees: [],
  };
  mkdirSync(`${disk}/tmp`, { recursive: true });
});

const backUp = (k: number): Promise<BackupResult> =>
  inStore(place, k, (store) => store.backup({ source: place.source, volumeSize: VOLUME }));

/** A file of several volumes, directories before and behind it. */
function become(k: number): void {
  rmSync(place.source, { recursive: true, force: true });
  const large = noise(150 * KIB, 3);
  large.write(`${k}`, 90 * KIB);
  const tree = { 'a/one': `${k}`, 'a/same': 'same', large, 'z/deep/two': `${k} too`, 'z/last': 'last' };
  put(place.source, tree, timeOfSet(k - 1));
}

/** Set 0, the source as it is for set 1, and an empty rest. */
async function begun(): Promise<{ readonly before: readonly Listed[]; readonly now: readonly Listed[] }> {
  for (const name of ['remote', 'archive', 'restored'])
    rmSync(`${place.disk}/${name}`, { recursive: true, force: true });
  become(0);
  const before = treeOf(place.source);
  await backUp(0);
  become(1);
  return { before, now: treeOf(place.source) };
}

const LOOKS = /^(?:open|read|lstat|fstat|readdir|readlink)$/;
const rule = (nth: number, what: Rule['with'], forGood = false): Rule => ({
  below: place.source,
  calls: LOOKS,
  nth,
  forGood,
  with: what,
});

/** Runs `each` for some of the looks that a backup takes, others with another `shift`, or for all. */
async function atLooks(parts: number, shift: number, each: (nth: number) => Promise<void>): Promise<void> {
  await begun();
  await underRule(rule(Infinity, 'EIO'), () => backUp(1));
  const count = metSoFar().length;
  const share = isLong ? 1 : Math.ceil(count / parts);
  if (isLong) console.log(`${count} looks`);
  for (let nth = isLong ? 1 : 1 + (shift % share); nth <= count; nth += share) await each(nth);
}

const named = (tree: readonly Listed[]): ReadonlyMap<string, string> =>
  new Map(tree.map((entry) => [entry.path, JSON.stringify({ ...entry, mtime: 0 })]));

test.each(['EIO', 'EACCES'] as const)(
  'what cannot be read (%s) is told, and never stored as deleted',
  async (errno) => {
    await atLooks(4, errno.length, async (nth) => {
      const { before, now } = await begun();
      const results: BackupResult[] = [];
      const error = await failureOf(underRule(rule(nth, errno), async () => void results.push(await backUp(1))));
      const at = metSoFar()[nth - 1];
      // The source itself is all there is.
      const isRoot = [place.source, `${place.source}/.`].includes(at?.path ?? '');
      expect(isRoot || error === undefined).toBe(true);
      expect(error ?? 'cannot be read').toMatch(/^[^\n]*(?:cannot be read|refused)[^\n]*$/);
      const out = `${place.disk}/restored`;
      await inStore(place, 9, (store) => store.restore({ to: out }));
      const [old, wanted, got] = [named(before), named(now), named(treeOf(out))];
      // What a failure cuts short is stored as far as it was read, and read again the next time.
      const isCut = (path: string): boolean =>
        at?.path === `${place.source}/${path}` && isPrefix(`${out}/${path}`, `${place.source}/${path}`);
      const lacking = [...wanted].filter(([path, entry]) => entry !== got.get(path));
      const wrong = lacking.filter(([path]) => got.get(path) !== old.get(path) && !isCut(path));
      expect([at, wrong]).toEqual([at, []]);
      expect(error !== undefined || lacking.length === 0 || (results[0]?.errors ?? 0) > 0).toBe(true);
      rmSync(out, { recursive: true });
      await backUp(2);
      expect(await restoredAt(place)).toEqual(now);
    });
  },
);

async function failureOf(run: Promise<unknown>): Promise<string | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'something else than an error';
  }
}

function isPrefix(part: string, whole: string): boolean {
  const bytes = readFileSync(part);
  return readFileSync(whole).subarray(0, bytes.length).equals(bytes);
}

interface Move {
  readonly name: string;
  /** The path that it touches, with all below. */
  readonly at: string;
  readonly move: (path: string) => void;
  /** The content it may be stored with, besides that of before and after. */
  readonly may?: (content: Buffer, before: Buffer) => boolean;
}

const MOVES: readonly Move[] = [
  {
    name: 'grows',
    at: 'large',
    move: (path) => appendFileSync(path, noise(70 * KIB, 9)),
    may: (content, before) => content.subarray(0, before.length).equals(before),
  },
  {
    name: 'shrinks',
    at: 'large',
    move: (path) => truncateSync(path, 40 * KIB),
    // What was read before is followed by zeros where it is too late to say that there is less.
    may: (content, before) => content.subarray(0, 40 * KIB).equals(before.subarray(0, 40 * KIB)),
  },
  { name: 'vanishes', at: 'large', move: (path) => rmSync(path, { force: true }) },
  {
    name: 'is replaced',
    at: 'large',
    move: (path) => {
      writeFileSync(`${path}~`, noise(120 * KIB, 5));
      renameSync(`${path}~`, path);
    },
  },
  {
    name: 'becomes a directory',
    at: 'large',
    move: (path) => {
      rmSync(path, { force: true });
      mkdirSync(path, { recursive: true });
      writeFileSync(`${path}/inside`, 'new');
    },
  },
  {
    name: 'becomes a link',
    at: 'large',
    move: (path) => {
      rmSync(path, { force: true });
      symlinkSync('a/one', path);
    },
  },
  { name: 'vanishes with all it holds', at: 'z', move: (path) => rmSync(path, { recursive: true, force: true }) },
  {
    name: 'becomes a link to another directory',
    at: 'z',
    move: (path) => {
      rmSync(path, { recursive: true, force: true });
      symlinkSync('a', path);
    },
  },
];

test.each(MOVES.map((move) => [move.name, move] as const))(
  'what %s while a backup reads is one thing or the other, and all else is exact',
  async (name, { at, move, may }) => {
    await atLooks(2, 3 * name.length, async (nth) => {
      const { before, now } = await begun();
      const file = `${place.source}/${at}`;
      const content = existsSync(file) && at === 'large' ? readFileSync(file) : Buffer.alloc(0);
      await underRule(
        rule(nth, () => move(file)),
        () => backUp(1),
      );
      const where = metSoFar()[nth - 1];
      const later = treeOf(place.source);
      const out = `${place.disk}/restored`;
      await inStore(place, 9, (store) => store.restore({ to: out }));
      const got = named(treeOf(out));
      const [old, was, is] = [named(before), named(now), named(later)];
      const isTouched = (path: string): boolean => path === at || path.startsWith(`${at}/`);
      const isRight = (path: string): boolean => {
        const entry = got.get(path);
        if (!isTouched(path)) return entry === was.get(path);
        if ([old, was, is].some((tree) => tree.get(path) === entry)) return true;
        return may !== undefined && may(readFileSync(`${out}/${path}`), content);
      };
      const wrong = [...was.keys(), ...is.keys(), ...got.keys()].filter((path) => !isRight(path));
      expect([where, wrong]).toEqual([where, []]);
      rmSync(out, { recursive: true });
      expect((await inStore(place, 9, (store) => store.check())).damage).toEqual([]);
      await backUp(2);
      expect(await restoredAt(place)).toEqual(later);
    });
  },
);

test.each([-400, 400])('a clock that jumps by %i days while a backup runs spoils nothing', async (days) => {
  await atLooks(2, 5, async (nth) => {
    const { now } = await begun();
    const jump = (): void => {
      const real = Date.now;
      Date.now = () => real() + days * 86_400_000;
    };
    await underRule(rule(nth, jump), () => backUp(1));
    expect(await restoredAt(place)).toEqual(now);
    utimesSync(`${place.source}/a/one`, timeOfSet(1), timeOfSet(1));
    await backUp(2);
    expect(await restoredAt(place)).toEqual(treeOf(place.source));
  });
});
