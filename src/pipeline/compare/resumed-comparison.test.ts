import { expect, test } from 'vitest';
import type { Entry } from '../../archive/entry.ts';
import { bytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { Comparison } from './compare.ts';
import type { SplitFile } from '../pack/resume-point.ts';
import { type Passed, ResumedComparison } from './resumed-comparison.ts';
import { ResumedState } from './resumed-state.ts';
import { entry, metadata, type Stored, streamOf } from '../testing/entries.ts';

const directory = metadata('dir');
const later = metadata('reg', { mtime: 1_800_000_000 });

const file = (path: string, meta = metadata()): Stored => ({
  entry: entry('signature', path, meta),
  body: [Buffer.from(path)],
});
const dir = (path: string): Stored => ({ entry: entry('snapshot', path, directory) });
const gone = (path: string): Stored => ({ entry: entry('deleted', path) });
const present = ({ entry: { path, meta } }: Stored) => ({ path, meta, ctime: 1_700_000_000 });

interface Given {
  readonly base?: readonly Stored[];
  readonly kept: readonly Stored[];
  readonly source: readonly Stored[];
  readonly end: string;
  readonly split?: Pick<SplitFile, 'how'>;
  readonly unreadable?: readonly string[];
}

const deferred = <T>(value: T): Soon<T> => Promise.resolve(value);

async function resume({ base, kept, source, end, split, unreadable = [] }: Given, answer?: <T>(value: T) => Soon<T>) {
  const copied: string[] = [];
  const said: Passed[] = [];
  let held = '';
  const path = bytePath(end);
  const identity = { inode: 1, size: 1, mtimeMs: 1, ctimeMs: 1 };
  const point = { path, split: split && { ...split, path, pieces: 2, file: identity } };
  const state = new ResumedState({
    base: base && streamOf(base, answer),
    kept: streamOf(kept, answer),
    point,
    sink: {
      hold: (block) => (held += block.toString()),
      add: ({ kind, path }: Entry, previous, isSame) => {
        copied.push(`${kind} ${path}=${held}${previous === undefined ? '' : isSame ? ' settled' : ' again'}`);
        held = '';
      },
    },
  });
  const comparison = new Comparison(source.map(present), state, {
    ownerOf: ({ uid, gid }) => ({ uid, gid }),
    isUnreadable: (path) => unreadable.includes(path),
  });
  const resumed = new ResumedComparison(comparison, { point, state, onPassed: (passed) => said.push(passed) });
  const left: string[] = [];
  for (let change = await resumed.next(); change !== undefined; change = await resumed.next()) {
    const { path } = 'source' in change ? change.source : change.previous;
    if (change.kind !== 'unchanged' && change.kind !== 'unreadable') left.push(`${change.kind} ${path}`);
  }
  const [passed] = said;
  expect(said).toHaveLength(1);
  return { copied, left, ...passed };
}

test.each([
  ['at once', undefined],
  ['later', deferred],
] as const)(
  'entries up to the resume point are copied, the rest of the source is stored (streams that answer %s)',
  async (_when, answer) => {
    const result = await resume(
      {
        base: [dir(''), file('a'), file('b'), file('c'), file('d')],
        kept: [file('a', later), gone('b'), file('c', later), file('x')],
        source: [dir(''), file('a', later), file('c', later), file('d', later), file('e')],
        end: 'c',
      },
      answer,
    );
    expect(result.copied).toEqual(['signature a=a again', 'deleted b= again', 'signature c=c again']);
    expect(result.left).toEqual(['diff d', 'snapshot e']);
    expect(result).toMatchObject({ changed: 0, isGone: false, next: 'd' });
  },
);

test('what changed, vanished or appeared before the resume point is counted and left to the next backup', async () => {
  const result = await resume({
    kept: [dir(''), file('a'), file('b'), file('c')],
    source: [dir(''), file('a', later), file('aa'), file('c'), file('d')],
    end: 'c',
  });
  expect(result.copied).toHaveLength(4);
  expect(result.left).toEqual(['snapshot d']);
  expect(result.changed).toBe(3);
});

/** What the base says of a file that may have changed after it was read. */
const doubtful = (path: string, text = path): Stored => ({
  entry: { ...file(path).entry, storedAt: 1_700_000_000 },
  body: [Buffer.from(text)],
});

test.each([
  ['at once', undefined],
  ['later', deferred],
] as const)('files in doubt that were settled are no changes (streams that answer %s)', async (_when, answer) => {
  const chmodded = file('c', metadata('reg', { mode: 0o600 }));
  const result = await resume(
    {
      base: [dir(''), ...['a', 'b', 'c', 'd', 'e'].map((path) => doubtful(path, path === 'b' ? 'other' : path))],
      kept: [file('a'), file('b'), chmodded],
      source: [dir(''), file('a'), file('b'), chmodded, file('d'), file('e')],
      end: 'd',
    },
    answer,
  );
  expect(result.copied).toEqual(['signature a=a settled', 'signature b=b again', 'signature c=c again']);
  expect(result).toMatchObject({ left: ['doubtful e'], changed: 0 });
});

test('a file in doubt whose delta was begun is known to have changed', async () => {
  const given = {
    base: [dir(''), doubtful('a'), doubtful('b')],
    kept: [],
    source: [dir(''), file('a'), file('b')],
    end: 'a',
  };
  expect((await resume({ ...given, split: { how: 'diff' } })).left).toEqual(['diff a', 'doubtful b']);
  await expect(resume({ ...given, split: { how: 'snapshot' } })).rejects.toThrow('a has changed');
});

test('what cannot be read now has not changed', async () => {
  const given = { kept: [dir(''), file('a'), file('b')], source: [dir(''), file('b')], end: 'b' };
  expect((await resume({ ...given, unreadable: ['a'] })).changed).toBe(0);
  expect((await resume(given)).changed).toBe(1);
});

test.each([
  ['the last path is gone', [dir(''), file('a'), file('d')], { isGone: true, next: 'd', last: 'a' }],
  ['all behind it as well', [dir(''), file('a')], { isGone: true, next: undefined, last: 'a' }],
  ['it is there', [dir(''), file('a'), file('c')], { isGone: false, next: undefined, last: 'c' }],
] as const)('says when the resume point is lost: %s', async (_what, source, expected) => {
  expect(await resume({ kept: [dir(''), file('a'), file('c')], source, end: 'c' })).toMatchObject(expected);
});

test('a deletion as the last path was never in the source', async () => {
  const given = { base: [dir(''), file('a'), file('c')], kept: [gone('c')], source: [dir(''), file('a')], end: 'c' };
  expect((await resume(given)).isGone).toBe(false);
});

test('below what the set holds as a file nothing is stored, and what the base has there is gone', async () => {
  const result = await resume({
    base: [dir(''), dir('c'), file('c/a'), file('c/m'), file('c/z')],
    kept: [dir(''), file('c'), gone('c/a')],
    source: [dir(''), dir('c'), file('c/a'), file('c/b'), file('c/m'), file('c/z', later), file('d')],
    end: 'c/a',
  });
  expect(result.left).toEqual(['deleted c/m', 'deleted c/z', 'snapshot d']);
});

test('a directory that was stored goes on', async () => {
  const source = [dir(''), dir('c'), file('c/a'), file('c/b')];
  const result = await resume({ kept: [dir(''), dir('c'), file('c/a')], source, end: 'c/a' });
  expect(result.left).toEqual(['snapshot c/b']);
});

test('a file that was begun comes first again, and must be stored in the same way', async () => {
  const given = { kept: [dir(''), file('a')], end: 'b', split: { how: 'snapshot' as const } };
  const source = [dir(''), file('a'), file('b'), file('c')];
  const result = await resume({ ...given, source });
  expect(result.copied).toHaveLength(2);
  expect(result.left).toEqual(['snapshot b', 'snapshot c']);
  const refused = 'b has changed while the interrupted backup was being resumed.';
  await expect(resume({ ...given, source: [dir(''), file('a'), file('c')] })).rejects.toThrow(refused);
  await expect(resume({ ...given, source: [dir('')] })).rejects.toThrow(refused);
  await expect(resume({ ...given, base: [file('b')], source: [dir(''), file('b', later)] })).rejects.toThrow(refused);
});
