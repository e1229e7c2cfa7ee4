import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EntryStream } from '../../archive/entry.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { DeltaEncoder } from '../../rsync/delta.ts';
import { SignatureLoader } from '../../rsync/signature-loader.ts';
import { signatureOf } from '../../rsync/signature.ts';
import { rebuildTree } from './rebuild.ts';
import { openSpool, type Spool } from '../spool.ts';
import { entry, metadata, type Stored, streamOf } from '../testing/entries.ts';
import { spooled, tempDir } from '../testing/temp-dir.ts';

let spool: Spool;
beforeEach(() => {
  spool = openSpool([tempDir()]);
});

const file = (path: string, content: string | Buffer, mtime = 1): Stored => ({
  entry: entry('snapshot', path, metadata('reg', { mtime })),
  body: content.length === 0 ? [] : [Buffer.from(content)],
});
const dir = (path: string, mtime = 1): Stored => ({ entry: entry('snapshot', path, metadata('dir', { mtime })) });
const gone = (path: string): Stored => ({ entry: entry('deleted', path) });
const changed = (path: string, before: Buffer | string, after: Buffer | string, mtime = 2): Stored => ({
  entry: entry('diff', path, metadata('reg', { mtime })),
  body: deltaOf(Buffer.from(before), Buffer.from(after)),
});
const failing = (error: Error): Stored => ({ entry: entry('snapshot', 'x'), failure: error });

function deltaOf(before: Buffer, after: Buffer): readonly Buffer[] {
  const loader = new SignatureLoader();
  loader.push(signatureOf(before, 512));
  const encoder = new DeltaEncoder(loader.finish());
  return [...encoder.update(after), ...encoder.finish()];
}

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

interface Rebuilt {
  readonly lines: readonly string[];
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly damage: readonly string[];
}

interface RebuildOptions {
  readonly skip?: readonly string[];
  readonly memoryBytes?: number;
  /** Blocks of contents are asked for one by one. */
  readonly isPulled?: boolean;
}

/** Each line: type, path, mtime. Content is asked for unless `skip` names the path. */
async function rebuild(
  streams: readonly EntryStream[],
  { skip = [], memoryBytes, isPulled = false }: RebuildOptions = {},
): Promise<Rebuilt> {
  const damage: string[] = [];
  const tree = rebuildTree(streams, spool, {
    onDamage: (error) => damage.push(error.message),
    ...(memoryBytes !== undefined && { memoryBytes }),
  });
  const lines: string[] = [];
  const contents = new Map<string, Buffer>();
  for (let found = await tree.next(); found !== undefined; found = await tree.next()) {
    expect(found.kind).toBe('snapshot');
    lines.push(`${found.meta.type} ${found.path} ${found.meta.mtime}`);
    if (found.meta.type !== 'reg' || skip.includes(found.path)) continue;
    const blocks: Buffer[] = [];
    if (isPulled) for await (const block of tree.blocks()) blocks.push(Buffer.from(block));
    else await tree.content((block) => blocks.push(Buffer.from(block)));
    contents.set(found.path, Buffer.concat(blocks));
  }
  await tree.close();
  return { lines, contents, damage };
}

describe('a tree of a full set and increments', () => {
  test('has every path once, with its newest metadata, and no deleted ones', async () => {
    const { lines, contents, damage } = await rebuild([
      streamOf([dir(''), file('a', 'one'), dir('d'), file('d/x', 'x'), file('e', 'e')]),
      streamOf([changed('a', 'one', 'two'), gone('d'), gone('d/x'), file('f', 'new', 5)]),
      streamOf([dir('', 9), changed('a', 'two', 'three', 7), file('d', 'now a file', 8)]),
    ]);
    expect(lines).toEqual(['dir  9', 'reg a 7', 'reg d 8', 'reg e 1', 'reg f 5']);
    expect([...contents].map(([path, content]) => `${path}=${content.toString()}`)).toEqual([
      'a=three',
      'd=now a file',
      'e=e',
      'f=new',
    ]);
    expect(damage).toEqual([]);
  });

  test('answers the same when its streams answer later', async () => {
    const later = <T>(value: T): Promise<T> => Promise.resolve(value);
    const { lines, contents } = await rebuild([
      streamOf([dir(''), file('a', 'one')], later),
      streamOf([changed('a', 'one', 'two')]),
    ]);
    expect(lines).toEqual(['dir  1', 'reg a 2']);
    expect(contents.get('a')?.toString()).toBe('two');
  });

  test('forgets what was before a snapshot or a deletion', async () => {
    const { contents, damage } = await rebuild([
      streamOf([file('a', 'old'), file('b', 'old')]),
      streamOf([changed('a', 'old', 'older'), gone('b')]),
      streamOf([file('a', 'fresh'), file('b', 'again')]),
      streamOf([changed('a', 'fresh', 'fresh!'), changed('b', 'again', 'again!')]),
    ]);
    expect([contents.get('a')?.toString(), contents.get('b')?.toString()]).toEqual(['fresh!', 'again!']);
    expect(damage).toEqual([]);
  });

  test('goes on behind content that nobody asked for', async () => {
    const { lines, contents } = await rebuild(
      [
        streamOf([file('a', 'one'), file('b', 'b1'), file('c', 'c')]),
        streamOf([changed('a', 'one', 'two'), changed('b', 'b1', 'b2')]),
      ],
      { skip: ['a'] },
    );
    expect(lines).toHaveLength(3);
    expect(contents.get('b')?.toString()).toBe('b2');
    expect(contents.get('c')?.toString()).toBe('c');
  });

  test('gives empty files and files that became empty', async () => {
    const { contents } = await rebuild([
      streamOf([file('a', ''), file('b', 'full')]),
      streamOf([changed('b', 'full', '')]),
      streamOf([changed('a', '', ''), changed('b', '', 'again')]),
    ]);
    expect(contents.get('a')?.length).toBe(0);
    expect(contents.get('b')?.toString()).toBe('again');
  });

  test('without sets is empty', async () => {
    expect(await rebuild([])).toEqual({ lines: [], contents: new Map(), damage: [] });
  });

  test('of any contents and deltas is the same whether they fit in memory or not, given or asked for', async () => {
    const page = 262_144;
    const length = fc.oneof(
      fc.nat({ max: 3000 }),
      fc.integer({ min: page - 2, max: page + 2 }),
      fc.nat({ max: 900_000 }),
    );
    const edit = fc.record({ length, keep: fc.nat({ max: 100 }), seed: fc.nat({ max: 5 }) });
    const contents = fc.array(fc.array(edit, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(contents, fc.constantFrom(0, page, 3 * page, 100 * page), async (files, memoryBytes) => {
        const states = files.map((edits) => {
          let last = Buffer.alloc(0);
          return edits.map(({ length, keep, seed }) => {
            last = Buffer.concat([last.subarray(0, (last.length * keep) / 100), noise(length, seed)]);
            return last;
          });
        });
        const sets = Array.from({ length: 5 }, (_none, k) =>
          states.flatMap((contents, i) => {
            const after = contents[k];
            const before = contents[k - 1];
            if (after === undefined) return [];
            return [before === undefined ? file(`f${i}`, after) : changed(`f${i}`, before, after)];
          }),
        );
        for (const isPulled of [false, true]) {
          const rebuilt = await rebuild(
            sets.map((stored) => streamOf(stored)),
            { memoryBytes, isPulled },
          );
          for (const [i, contents] of states.entries()) {
            expect(rebuilt.contents.get(`f${i}`)?.equals(contents.at(-1) ?? Buffer.alloc(0))).toBe(true);
          }
        }
        expect(spooled(spool)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  test('goes through the spool where memory does not suffice, and only there', async () => {
    const first = noise(600_000, 1);
    let names = 0;
    const counting: Spool = { ...spool, newPath: (hint) => `${spool.newPath(hint)}${++names}` };
    for (const [memoryBytes, expected] of [
      [786_432, 0],
      [524_288, 1],
    ] as const) {
      const streams = [streamOf([file('f', first)]), streamOf([changed('f', first, first)])];
      const tree = rebuildTree(streams, counting, { onDamage: () => undefined, memoryBytes });
      await tree.next();
      await tree.content(() => undefined);
      expect(names).toBe(expected);
    }
  });

  test('that is asked for content and then no longer gives its room back', async () => {
    const first = noise(600_000, 1);
    const streams = [streamOf([file('f', first), file('g', 'g')]), streamOf([changed('f', first, first)])];
    const tree = rebuildTree(streams, spool, { onDamage: () => undefined, memoryBytes: 0 });
    await tree.next();
    for await (const block of tree.blocks()) {
      expect(block.equals(first.subarray(0, block.length))).toBe(true);
      expect(spooled(spool)).toHaveLength(1);
      break;
    }
    expect(spooled(spool)).toEqual([]);
    expect((await tree.next())?.path).toBe('g');
  });

  test('closes all its streams', async () => {
    const streams = [streamOf([file('a', 'a')]), streamOf([])];
    const tree = rebuildTree(streams, spool, { onDamage: () => undefined });
    await tree.next();
    await tree.close();
    expect(streams.map((stream) => stream.isClosed())).toEqual([true, true]);
  });
});

describe('damage', () => {
  test('a delta without what it belongs to is named and left out', async () => {
    const { lines, damage } = await rebuild([
      streamOf([dir(''), file('z', 'z')]),
      streamOf([changed('lost', 'a', 'b'), changed('z', 'z', 'zz')]),
    ]);
    expect(lines).toEqual(['dir  1', 'reg z 2']);
    expect(damage).toEqual([
      'lost cannot be rebuilt: the archive holds only a delta for it, not the content the delta belongs to.',
    ]);
  });

  test('a delta for a deleted file is named and left out', async () => {
    const { lines, damage } = await rebuild([
      streamOf([file('a', 'a'), file('b', 'b')]),
      streamOf([gone('a')]),
      streamOf([changed('a', 'a', 'b')]),
    ]);
    expect(lines).toEqual(['reg b 1']);
    expect(damage).toEqual(['a cannot be rebuilt: the archive holds a delta for a file it says was deleted.']);
  });

  test('that a stream meets is told, and the stream goes on behind it', async () => {
    const { lines, damage } = await rebuild([
      streamOf([dir(''), failing(new IntegrityError('DAMAGED', 'vol1: nonsense')), file('b', 'b')]),
      streamOf([file('c', 'c')]),
    ]);
    expect(lines).toEqual(['dir  1', 'reg b 1', 'reg c 1']);
    expect(damage).toEqual(['vol1: nonsense']);
  });

  test('ends the restore where the caller says so', async () => {
    const tree = rebuildTree([streamOf([changed('lost', 'a', 'b')])], spool, {
      onDamage: (error) => {
        throw error;
      },
    });
    await expect((async () => tree.next())()).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  test('of another kind is not taken for damage', async () => {
    const bug = new TypeError('bug');
    await expect(rebuild([streamOf([failing(bug)])])).rejects.toBe(bug);
  });

  test.each<readonly [string, readonly Buffer[]]>([
    ['cut short', [deltaBytes().subarray(0, -1)]],
    ['empty', []],
    ['no delta', [Buffer.from('nonsense')]],
    ['for another content', deltaOf(noise(5000, 1), noise(5000, 1))],
  ])('a delta that is %s names the file, and the spool is left empty', async (_what, body) => {
    const tree = rebuildTree(
      [streamOf([file('f', 'short'), file('g', 'g')]), streamOf([{ entry: entry('diff', 'f'), body }])],
      spool,
      { onDamage: () => undefined },
    );
    await tree.next();
    const failure = await (async () => tree.content(() => undefined))().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'DAMAGED', message: expect.stringMatching(/^The delta of f is damaged: /) });
    expect((await tree.next())?.path).toBe('g');
    expect(spooled(spool)).toEqual([]);
  });

  test('in the middle of a large chain leaves the spool empty', async () => {
    const first = noise(2_000_000, 1);
    const streams = [
      streamOf([file('f', first)]),
      streamOf([changed('f', first, first)]),
      streamOf([{ entry: entry('diff', 'f'), body: [Buffer.from('nonsense')] }]),
    ];
    const tree = rebuildTree(streams, spool, { onDamage: () => undefined, memoryBytes: 0 });
    await tree.next();
    await expect((async () => tree.content(() => undefined))()).rejects.toMatchObject({ code: 'DAMAGED' });
    expect(spooled(spool)).toEqual([]);
  });
});

function deltaBytes(): Buffer {
  return Buffer.concat(deltaOf(Buffer.from('short'), Buffer.from('shorter')));
}
