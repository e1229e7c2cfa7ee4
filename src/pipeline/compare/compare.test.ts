import { describe, expect, test } from 'vitest';
import type { FileType, Metadata } from '../../archive/entry.ts';
import { bytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { type Change, type Compared, Comparison, type OwnerOf } from './compare.ts';
import { entry, metadata, type Stored, streamOf } from '../testing/entries.ts';

const sameOwner: OwnerOf = ({ uid, gid }) => ({ uid, gid });

const source = (path: string, meta: Metadata = metadata(), ctime = 1): Compared => ({
  path: bytePath(path),
  meta,
  ctime,
});
const was = (path: string, meta: Metadata = metadata()): Stored => ({
  entry: entry(meta.type === 'reg' ? 'signature' : 'snapshot', path, meta),
});

interface Options {
  readonly ownerOf?: OwnerOf;
  readonly unreadable?: readonly string[];
  readonly answer?: <T>(value: T) => Soon<T>;
}

async function changes(
  present: readonly Compared[],
  previous: readonly Stored[] | undefined,
  { ownerOf = sameOwner, unreadable = [], answer }: Options = {},
): Promise<readonly Change<Compared>[]> {
  const comparison = new Comparison(present, previous && streamOf(previous, answer), {
    ownerOf,
    isUnreadable: (path) => unreadable.includes(path),
  });
  const all = [];
  for (let change = await comparison.next(); change !== undefined; change = await comparison.next()) all.push(change);
  expect(await comparison.next()).toBeUndefined();
  return all;
}

/** `kind path` of each. */
async function summary(...args: Parameters<typeof changes>): Promise<readonly string[]> {
  return (await changes(...args)).map((change) => {
    const { path } = 'source' in change ? change.source : change.previous;
    return `${change.kind} ${path}`;
  });
}

/** What becomes of one object of which both sides have metadata. */
async function verdict(is: Metadata, previous: Metadata, options: Options = {}): Promise<string | undefined> {
  const [only] = await changes([source('x', is)], [was('x', previous)], options);
  return only?.kind;
}

describe.each([
  ['at once', undefined],
  ['later', <T>(value: T): Soon<T> => Promise.resolve(value)],
])('a previous state that answers %s', (_when, answer) => {
  test('is walked beside the source in index order', async () => {
    const dir = metadata('dir');
    const present = [source('', dir), source('a'), source('b', dir), source('b/x'), source('b-'), source('d')];
    const previous = [was('', dir), was('a0'), was('b', dir), was('b/x'), was('b/y'), was('c'), was('d')];
    expect(await summary(present, previous, { ...(answer && { answer }) })).toEqual([
      'unchanged ',
      'snapshot a',
      'deleted a0',
      'unchanged b',
      'unchanged b/x',
      'deleted b/y',
      'snapshot b-',
      'deleted c',
      'unchanged d',
    ]);
  });
});

test('without a previous state everything is new', async () => {
  const found = await changes([source('', metadata('dir')), source('a')], undefined);
  expect(found).toEqual([
    { kind: 'snapshot', source: source('', metadata('dir')), previous: undefined },
    { kind: 'snapshot', source: source('a'), previous: undefined },
  ]);
});

test('all that a vanished directory held is deleted, the parent first', async () => {
  const previous = [was('d', metadata('dir')), was('d/e', metadata('dir')), was('d/e/f')];
  expect(await summary([], previous)).toEqual(['deleted d', 'deleted d/e', 'deleted d/e/f']);
});

test('what cannot be read is not deleted', async () => {
  const previous = [was('a'), was('b'), was('c')];
  expect(await summary([source('a')], previous, { unreadable: ['b'] })).toEqual([
    'unchanged a',
    'unreadable b',
    'deleted c',
  ]);
});

describe('an object with metadata on both sides', () => {
  const types: readonly FileType[] = ['reg', 'dir', 'sym', 'fifo', 'chr', 'blk'];

  test.each(types)('of type %s is unchanged when they are equal', async (type) => {
    expect(await verdict(metadata(type), metadata(type))).toBe('unchanged');
  });

  test.each<readonly [string, FileType, Partial<Metadata>, boolean]>([
    ['mode', 'reg', { mode: 0o600 }, true],
    ['mode', 'dir', { mode: 0o600 }, true],
    ['mode', 'fifo', { mode: 0o600 }, true],
    ['mode', 'chr', { mode: 0o600 }, true],
    ['owner', 'reg', { uid: 1 }, true],
    ['group', 'dir', { gid: 1 }, true],
    ['group', 'blk', { gid: 1 }, true],
    ['time', 'reg', { mtime: 5 }, true],
    ['time', 'dir', { mtime: 5 }, true],
    ['time', 'fifo', { mtime: 5 }, true],
    ['major number', 'chr', { major: 7 }, true],
    ['minor number', 'blk', { minor: 7 }, true],
    ['target', 'sym', { link: bytePath('else') }, true],
    ['size alone', 'reg', { size: 77 }, false],
    ['time', 'chr', { mtime: 5 }, false],
    ['time', 'sym', { mtime: 5 }, false],
    ['mode', 'sym', { mode: 0o600 }, false],
    ['owner', 'sym', { uid: 1, gid: 1 }, false],
    ['name of the owner', 'reg', { uname: 'me', gname: 'us' }, false],
  ])('with another %s (%s)', async (_what, type, difference, counts) => {
    const kind = await verdict(metadata(type, difference), metadata(type));
    expect(kind !== 'unchanged').toBe(counts);
  });

  test('times of 0 and before are equal', async () => {
    expect(await verdict(metadata('reg', { mtime: -5 }), metadata('reg', { mtime: 0 }))).toBe('unchanged');
    expect(await verdict(metadata('reg', { mtime: 0 }), metadata('reg', { mtime: 1 }))).toBe('diff');
  });

  test('the owner is compared as the archived one is called here', async () => {
    const ownerOf: OwnerOf = ({ uname }) => (uname === 'me' ? { uid: 7, gid: 8 } : { uid: 0, gid: 0 });
    const previous = metadata('reg', { uid: 500, gid: 500, uname: 'me' });
    expect(await verdict(metadata('reg', { uid: 7, gid: 8 }), previous, { ownerOf })).toBe('unchanged');
    expect(await verdict(metadata('reg', { uid: 500, gid: 500 }), previous, { ownerOf })).toBe('diff');
  });

  test('a changed file whose signature is known is a delta, even when only its mode changed', async () => {
    const [change] = await changes([source('x', metadata('reg', { mode: 0o600 }))], [was('x')]);
    expect(change).toMatchObject({ kind: 'diff', previous: { kind: 'signature' } });
  });

  test.each<readonly [FileType, FileType]>([
    ['reg', 'dir'],
    ['dir', 'reg'],
    ['sym', 'reg'],
    ['reg', 'fifo'],
    ['chr', 'blk'],
  ])('that became %s and was %s is stored whole', async (is, previous) => {
    expect(await verdict(metadata(is), metadata(previous))).toBe('snapshot');
  });

  test('a changed object of another type than a file is stored whole', async () => {
    expect(await verdict(metadata('dir', { mtime: 5 }), metadata('dir'))).toBe('snapshot');
  });
});

describe('an equal file whose state was stored in the second of its time', () => {
  const setTime = 1_700_000_000;
  const stored: Stored = { entry: { ...entry('signature', 'x'), storedAt: setTime } };

  test.each<readonly [string, number, string]>([
    ['later', setTime + 86_400, 'doubtful'],
    ['in that second', setTime, 'doubtful'],
    ['a step of a coarse clock before', setTime - 2, 'doubtful'],
    ['before', setTime - 3, 'unchanged'],
    ['nobody knows when', 0, 'doubtful'],
  ])('and that was last touched %s (%i) is %s', async (_when, ctime, kind) => {
    const [change] = await changes([source('x', metadata(), ctime)], [stored]);
    expect(change).toEqual({ kind, source: source('x', metadata(), ctime), previous: stored.entry });
  });

  test('is changed when its metadata say so', async () => {
    const other = source('x', metadata('reg', { mtime: setTime + 5 }), setTime);
    expect((await changes([other], [stored]))[0]?.kind).toBe('diff');
  });
});

test('the owner of equal names and numbers is asked for once', async () => {
  const asked: string[] = [];
  const ownerOf: OwnerOf = ({ uid, gid, uname, gname }) => {
    asked.push(`${uid}:${gid} ${uname}:${gname}`);
    return { uid, gid };
  };
  const meta = { ...metadata(), uname: 'a', gname: 'b' };
  const metas = [
    meta,
    { ...meta },
    { ...meta, uid: 9 },
    { ...meta, uid: 9, gid: 9 },
    { ...meta, uname: 'c' },
    { ...meta },
  ];
  const present = metas.map((one, i) => source(`x${i}`, one));
  const previous = metas.map((one, i) => was(`x${i}`, one));
  expect((await changes(present, previous, { ownerOf })).every(({ kind }) => kind === 'unchanged')).toBe(true);
  const { uid, gid } = meta;
  expect(asked).toEqual([`${uid}:${gid} a:b`, `9:${gid} a:b`, '9:9 a:b', `${uid}:${gid} c:b`, `${uid}:${gid} a:b`]);
});
