import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FileType, Metadata } from '../../archive/entry.ts';
import { SigtarStream } from '../../archive/sigtar.ts';
import { TarReader } from '../../archive/tar/tar-reader.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Event } from '../../events/events.ts';
import { emptyStatistics } from '../../events/statistics.ts';
import { blockLength } from '../../rsync/block-length.ts';
import { DeltaApplier } from '../../rsync/patch.ts';
import { signatureOf } from '../../rsync/signature.ts';
import type { SourceFile } from '../../source/open-file.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { bytePath } from '../../util/bytepath.ts';
import type { Change } from '../compare/compare.ts';
import { Producer } from './producer.ts';
import { SigtarFile } from './sigtar-file.ts';
import { bodyOf, entry, metadata, readAll, streamOf } from '../testing/entries.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { memoryVolumes, readVolumes, type SealedVolume } from '../testing/volumes.ts';

const PIECE = 65_536;

/** Bytes that do not repeat. */
function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

interface Given {
  readonly path: string;
  readonly content?: Buffer;
  /** What the walk saw; default: the length of the content. */
  readonly size?: number;
  readonly type?: FileType;
  readonly meta?: Partial<Metadata>;
  /** The read that begins at this offset fails. */
  readonly failsAt?: number;
  /** Bytes that one read gives at most. */
  readonly readAtMost?: number;
  readonly cannotOpen?: boolean;
  readonly onRead?: () => void;
  /** Its content in the previous state: stored as a delta. */
  readonly before?: Buffer;
  /** Whether it has changed since is in doubt. */
  readonly isDoubtful?: true;
}

interface Outcome {
  readonly sealed: readonly SealedVolume[];
  readonly signatures: Awaited<ReturnType<typeof readAll>>;
  readonly statistics: ReturnType<typeof emptyStatistics>;
  readonly events: readonly Event[];
  readonly heard: readonly string[];
  /** Files that were opened and not closed. */
  readonly open: number;
}

const broken = new LocalError('GENERIC', 'Cannot read it: EIO: i/o error');

async function produce(
  given: readonly Given[],
  { limit = 10_000_000, maxBlockSize = 2048, lag = 0, announcesFiles = true } = {},
): Promise<Outcome> {
  const path = join(tempDir(), 'sigtar');
  const { packer, sealed } = memoryVolumes(limit, { lag });
  const signatures = new SigtarFile(path, 'the archive dir');
  const statistics = emptyStatistics(0);
  const events: Event[] = [];
  const heard: string[] = [];
  const entries = given.map((file) => ({ file, source: sourceOf(file) }));
  let open = 0;
  const changed = given.filter(({ before }) => before !== undefined);
  const state = streamOf(
    changed.map(({ path, before = Buffer.alloc(0) }) => ({
      entry: entry('signature', path),
      body: halves(signatureOf(before, 512)),
    })),
  );
  const producer = new Producer({
    volumes: packer,
    signatures,
    state,
    maxBlockSize,
    pause: async () => undefined,
    open: (wanted) => {
      const file = entries.find(({ source }) => source === wanted)?.file;
      if (file === undefined || file.cannotOpen === true) throw broken;
      open++;
      return openGiven(file, () => open--);
    },
    statistics,
    emit: (event) => events.push(event),
    announcesFiles,
    onFile: (change, path) => heard.push(`${change} ${path}`),
  });
  for (const { file, source } of entries) {
    if (file.before === undefined) {
      await producer.store({ kind: 'snapshot', source, previous: undefined });
      continue;
    }
    const previous = await state.next();
    if (previous === undefined) throw new Error('no previous state');
    await producer.store({ kind: file.isDoubtful === true ? 'doubtful' : 'diff', source, previous });
  }
  await packer.finish();
  signatures.finish();
  const stored = new SigtarStream(once(readFileSync(path)), {
    name: 'sigtar',
    onWarning: (warning) => {
      throw new Error(JSON.stringify(warning));
    },
  });
  return { sealed, signatures: await readAll(stored), statistics, events, heard, open };
}

function sourceOf({ path, content, size, type = 'reg', meta }: Given): SourceEntry {
  return {
    path: bytePath(path),
    meta: metadata(type, { size: size ?? content?.length ?? 0, ...meta }),
    device: 1,
    inode: 1,
    ctime: 1,
  };
}

function openGiven(
  { content = Buffer.alloc(0), failsAt, readAtMost = Infinity, onRead }: Given,
  closed: () => void,
): SourceFile {
  let at = 0;
  return {
    read(into) {
      onRead?.();
      if (failsAt !== undefined && at >= failsAt) throw broken;
      const end = Math.min(content.length, failsAt ?? Infinity, at + readAtMost);
      const length = content.copy(into, 0, at, end);
      at += length;
      return length;
    },
    close: closed,
  };
}

function halves(bytes: Buffer): Buffer[] {
  return [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** `name size` of every member of the volumes. */
async function members({ sealed }: Outcome): Promise<readonly string[]> {
  const all: string[] = [];
  for (const { bytes } of sealed) {
    const tar = new TarReader(once(bytes), { label: 'volume' });
    for (let found = await tar.next(); found !== undefined; found = await tar.next()) {
      all.push(`${found.name} ${found.size}`);
    }
  }
  return all;
}

async function stored({ sealed }: Outcome) {
  return await readAll(readVolumes(sealed));
}

function patched(basis: Buffer, delta: Buffer): Buffer {
  const out: Buffer[] = [];
  const applier = new DeltaApplier(
    { size: basis.length, read: (into, position) => basis.copy(into, 0, position, position + into.length) },
    (block) => out.push(Buffer.from(block)),
  );
  applier.push(delta);
  applier.finish();
  return Buffer.concat(out);
}

describe('the content of a new file', () => {
  test.each<readonly [number, readonly string[]]>([
    [0, ['snapshot/f 0']],
    [1, ['snapshot/f 1']],
    [65_535, ['snapshot/f 65535']],
    [65_536, ['multivol_snapshot/f/1 65536', 'multivol_snapshot/f/2 0']],
    [65_537, ['multivol_snapshot/f/1 65536', 'multivol_snapshot/f/2 1']],
    [131_072, ['multivol_snapshot/f/1 65536', 'multivol_snapshot/f/2 65536', 'multivol_snapshot/f/3 0']],
  ])('of %i bytes is cut into the right pieces and reads back', async (length, names) => {
    const content = noise(length);
    const outcome = await produce([{ path: 'f', content }]);
    expect(await members(outcome)).toEqual(names);
    expect((await stored(outcome))[0]?.body.equals(content)).toBe(true);
    expect(outcome.signatures.map(({ body }) => body)).toEqual([signatureOf(content, 512)]);
    expect(outcome.statistics).toMatchObject({
      sourceFiles: 1,
      sourceFileSize: length,
      newFiles: 1,
      newFileSize: length,
      rawDeltaSize: length,
      deltaEntries: 1,
      errors: 0,
    });
    expect(outcome.heard).toEqual(['new f']);
    expect(outcome.open).toBe(0);
  });

  test('that comes in small reads is the same', async () => {
    const content = noise(150_000);
    const outcome = await produce([{ path: 'f', content, readAtMost: 1000 }]);
    expect(await members(outcome)).toEqual([
      'multivol_snapshot/f/1 65536',
      'multivol_snapshot/f/2 65536',
      'multivol_snapshot/f/3 18928',
    ]);
    expect((await stored(outcome))[0]?.body.equals(content)).toBe(true);
  });

  test('is not asked for more once all that the walk saw is there', async () => {
    let reads = 0;
    const onRead = (): void => void reads++;
    await produce([{ path: 'f', content: noise(1000), onRead }]);
    expect(reads).toBe(1);
    await produce([{ path: 'g', content: noise(1000), size: 999, onRead }]);
    expect(reads).toBe(3);
  });

  // The header of a piece is longer than that of a whole file where the name just fits.
  test.each([1, 84, 88, 91, 120])('may grow or shrink after it was looked at, with a name of %i bytes', async (n) => {
    const path = 'n'.repeat(n);
    for (const [size, length] of [
      [10, 65_536],
      [10, 200_000],
      [65_536, 10],
      [200_000, 0],
      [65_535, 65_536],
      [65_536, 65_535],
      [0, 1],
    ] as const) {
      const content = noise(length, n);
      const outcome = await produce([
        { path, content, size },
        { path: 'z', content: Buffer.from('after') },
      ]);
      const [first, second] = await stored(outcome);
      expect(first?.body.equals(content)).toBe(true);
      expect(second?.body.toString()).toBe('after');
      expect(outcome.signatures[0]?.body).toEqual(signatureOf(content, 512));
      expect(outcome.statistics).toMatchObject({ sourceFileSize: length + 5, newFileSize: size + 5, errors: 0 });
    }
  });

  test('has signature blocks by the size that the walk saw', async () => {
    const content = noise(70_000);
    const outcome = await produce([{ path: 'f', content, size: 5_000_000 }]);
    expect(blockLength(5_000_000, 2048)).toBe(2048);
    expect(outcome.signatures[0]?.body).toEqual(signatureOf(content, 2048));
    const limited = await produce([{ path: 'f', content, size: 5_000_000 }], { maxBlockSize: 1000 });
    expect(limited.signatures[0]?.body).toEqual(signatureOf(content, 1000));
  });

  test('is spread over volumes whose ends name the pieces', async () => {
    const content = noise(5 * PIECE);
    const outcome = await produce([{ path: 'f', content }], { limit: 2 * PIECE });
    expect(outcome.sealed.map(({ range }) => [range.start.block, range.end.block])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
      [undefined, undefined],
    ]);
    expect((await stored(outcome))[0]?.body.equals(content)).toBe(true);
  });

  test('is the same whatever the encoder holds back', async () => {
    const given = [
      { path: 'a', content: noise(300_000) },
      { path: 'b', content: noise(1000) },
      { path: 'c', content: noise(300_000, 2) },
    ];
    for (const lag of [0, 100_000, 1_000_000]) {
      const entries = await stored(await produce(given, { limit: 200_000, lag }));
      expect(entries.map(({ body }, i) => body.equals(given[i]?.content ?? Buffer.alloc(0)))).toEqual([
        true,
        true,
        true,
      ]);
    }
  });
});

describe('a file that cannot be read', () => {
  test('at all is left out with a warning, and what the chain holds of it stays', async () => {
    const outcome = await produce([
      { path: 'a', content: noise(10), cannotOpen: true },
      { path: 'b', content: noise(10) },
    ]);
    expect(await members(outcome)).toEqual(['snapshot/b 10']);
    expect(outcome.signatures.map(({ entry }) => entry.path)).toEqual(['b']);
    expect(outcome.heard).toEqual(['new b']);
    expect(outcome.statistics).toMatchObject({ errors: 1, newFiles: 1, sourceFiles: 1 });
    expect(outcome.events[0]).toEqual({ kind: 'warning', code: 'cannotRead', path: 'a', text: broken.message });
  });

  test.each([0, 1000, PIECE, PIECE + 5])('beyond byte %i ends there and is read again next time', async (failsAt) => {
    const content = noise(200_000);
    const outcome = await produce([
      { path: 'a', content, failsAt },
      { path: 'b', content: Buffer.from('after') },
    ]);
    const [cut, after] = await stored(outcome);
    expect(cut?.body.equals(content.subarray(0, failsAt))).toBe(true);
    expect(cut?.entry.meta.mtime).toBe(1_700_000_000);
    expect(after?.body.toString()).toBe('after');
    const [signature] = outcome.signatures;
    expect(signature?.entry.meta.mtime).toBe(1);
    expect(signature?.body).toEqual(signatureOf(content.subarray(0, failsAt), 512));
    expect(outcome.statistics).toMatchObject({ errors: 1, sourceFileSize: failsAt + 5 });
    expect(outcome.events.filter(({ kind }) => kind === 'warning')).toHaveLength(1);
    expect(outcome.open).toBe(0);
  });

  test('to the end while its delta is made gives a delta of what was read', async () => {
    const before = noise(100_000);
    const content = noise(100_000, 3);
    const outcome = await produce([{ path: 'a', before, content, failsAt: 70_000 }]);
    const [delta] = await stored(outcome);
    expect(patched(before, delta?.body ?? Buffer.alloc(0)).equals(content.subarray(0, 70_000))).toBe(true);
    expect(outcome.signatures[0]?.entry.meta.mtime).toBe(1);
  });

  test('for a reason that is no failure of the source ends the backup', async () => {
    const bug = new TypeError('bug');
    const { packer } = memoryVolumes(1_000_000);
    const producer = new Producer({
      volumes: packer,
      signatures: new SigtarFile(join(tempDir(), 's'), 'the archive dir'),
      state: undefined,
      maxBlockSize: 2048,
      pause: async () => undefined,
      open: () => {
        throw bug;
      },
      statistics: emptyStatistics(0),
      emit: () => undefined,
      announcesFiles: false,
      onFile: () => undefined,
    });
    const change: Change<SourceEntry> = { kind: 'snapshot', source: sourceOf({ path: 'a' }), previous: undefined };
    expect(() => producer.store(change)).toThrow(bug);
  });
});

describe('a changed file', () => {
  const base = noise(300_000);
  const inserted = Buffer.concat([base.subarray(0, 100_000), Buffer.from('new'), base.subarray(100_000)]);

  test.each<readonly [string, Buffer, Buffer]>([
    ['that only its mode changed of', base, base],
    ['with bytes put in', base, inserted],
    ['that was emptied', base, Buffer.alloc(0)],
    ['that was empty', Buffer.alloc(0), base],
    ['that was written anew', base, noise(200_000, 9)],
  ])('%s is stored as a delta that gives it back', async (_what, before, content) => {
    const outcome = await produce([{ path: 'f', before, content }]);
    const [delta] = await stored(outcome);
    expect(delta?.entry.kind).toBe('diff');
    expect(patched(before, delta?.body ?? Buffer.alloc(0)).equals(content)).toBe(true);
    expect(outcome.signatures.map(({ body }) => body)).toEqual([signatureOf(content, 512)]);
    expect(outcome.heard).toEqual(['changed f']);
    expect(outcome.statistics).toMatchObject({
      changedFiles: 1,
      changedFileSize: content.length,
      newFiles: 0,
      rawDeltaSize: delta?.body.length,
      deltaEntries: 1,
    });
  });

  test('has a signature longer than what is kept in memory, as has a new one', async () => {
    const content = noise(300_000, 2);
    const before = Buffer.concat([content, noise(50_000, 3)]);
    const outcome = await produce(
      [
        { path: 'f', before, content },
        { path: 'g', before, content, size: 2_048_000 },
        { path: 'h', content },
      ],
      { maxBlockSize: 2 },
    );
    expect(outcome.signatures.map(({ body }) => body.length)).toEqual([7044, 1_800_012, 7044]);
    expect(outcome.signatures[1]?.body.equals(signatureOf(content, 2))).toBe(true);
  });

  test('has its delta cut into pieces like a content', async () => {
    const content = noise(200_000, 9);
    const outcome = await produce([{ path: 'f', before: base, content }], { limit: 2 * PIECE });
    const names = await members(outcome);
    expect(names[0]).toBe('multivol_diff/f/1 65536');
    expect(names.at(-1)).toMatch(/^multivol_diff\/f\/4 \d{4}$/);
    const [delta] = await stored(outcome);
    expect(patched(base, delta?.body ?? Buffer.alloc(0)).equals(content)).toBe(true);
  });

  test('with little to say fits into one member', async () => {
    const outcome = await produce([{ path: 'f', before: base, content: inserted }]);
    expect(await members(outcome)).toEqual([expect.stringMatching(/^diff\/f \d{1,3}$/)]);
  });

  test('leaves the signature of the next one alone', async () => {
    const other = noise(80_000, 5);
    const outcome = await produce([
      { path: 'a', before: base, content: inserted },
      { path: 'b', before: other, content: Buffer.concat([other, other]) },
    ]);
    const [a, b] = await stored(outcome);
    expect(patched(base, a?.body ?? Buffer.alloc(0)).equals(inserted)).toBe(true);
    expect(patched(other, b?.body ?? Buffer.alloc(0)).equals(Buffer.concat([other, other]))).toBe(true);
  });
});

describe('a file in doubt', () => {
  const base = noise(300_000);
  const doubtful = { path: 'f', before: base, isDoubtful: true } as const;

  test.each([0, 1000, 65_536, 300_000])('that is as it was counts as unchanged (%i bytes)', async (length) => {
    const content = base.subarray(0, length);
    const outcome = await produce([{ ...doubtful, before: content, content }]);
    expect(await members(outcome)).toEqual([]);
    expect(outcome.signatures).toEqual([{ entry: entry('signature', 'f'), body: signatureOf(content, 512) }]);
    expect([outcome.heard, outcome.events, outcome.open]).toEqual([[], [], 0]);
    expect(outcome.statistics).toEqual({ ...emptyStatistics(0), sourceFiles: 1, sourceFileSize: length });
  });

  test('keeps the blocks of its signature, whatever they would be today', async () => {
    const outcome = await produce([{ ...doubtful, content: base }], { maxBlockSize: 100 });
    expect(outcome.signatures.map(({ body }) => body)).toEqual([signatureOf(base, 512)]);
  });

  test.each<readonly [string, Buffer, Buffer]>([
    ['one other byte at its end', base, Buffer.concat([base.subarray(0, -1), Buffer.from([1])])],
    ['a byte more', base, Buffer.concat([base, Buffer.from([1])])],
    ['a byte less', base, base.subarray(0, -1)],
    ['nothing left', base, Buffer.alloc(0)],
    ['something where nothing was', Buffer.alloc(0), base],
  ])('with %s is stored as a delta', async (_what, before, content) => {
    const outcome = await produce([{ ...doubtful, before, content }]);
    const changed = await produce([{ path: 'f', before, content }]);
    expect(outcome).toEqual(changed);
    const [delta] = await stored(outcome);
    expect(patched(before, delta?.body ?? Buffer.alloc(0)).equals(content)).toBe(true);
    expect(outcome.open).toBe(0);
  });

  test.each([{ cannotOpen: true }, { failsAt: 0 }, { failsAt: 70_000 }])(
    'that cannot be read (%o) stays in doubt, with a warning',
    async (how) => {
      const outcome = await produce([
        { ...doubtful, content: base, ...how },
        { path: 'g', content: Buffer.from('after') },
      ]);
      expect(await members(outcome)).toEqual(['snapshot/g 5']);
      expect(outcome.signatures.map(({ entry }) => entry.path)).toEqual(['g']);
      expect(outcome.events[0]).toEqual({ kind: 'warning', code: 'cannotRead', path: 'f', text: broken.message });
      expect(outcome.statistics).toMatchObject({ errors: 1, sourceFiles: 1, changedFiles: 0 });
      expect(outcome.open).toBe(0);
    },
  );

  test('leaves the signature of the next one alone', async () => {
    const content = noise(200_000, 4);
    const outcome = await produce([
      { ...doubtful, path: 'a', content: base },
      { ...doubtful, path: 'b', content },
      { path: 'c', before: base, content },
    ]);
    const deltas = await stored(outcome);
    expect(deltas.map(({ entry, body }) => `${entry.path} ${patched(base, body).equals(content)}`)).toEqual([
      'b true',
      'c true',
    ]);
  });
});

describe('everything else', () => {
  test('is a member without a body, in the volume and in the signatures', async () => {
    const outcome = await produce([
      { path: '', type: 'dir', meta: { mode: 0o755 } },
      { path: 'dir', type: 'dir' },
      { path: 'fifo', type: 'fifo' },
      { path: 'link', type: 'sym', meta: { link: bytePath('to') } },
      { path: 'null', type: 'chr', meta: { major: 1, minor: 3 } },
    ]);
    expect(await members(outcome)).toEqual([
      'snapshot/./ 0',
      'snapshot/dir/ 0',
      'snapshot/fifo 0',
      'snapshot/link 0',
      'snapshot/null 0',
    ]);
    const entries = await stored(outcome);
    expect(entries.map(({ entry }) => entry.meta.type)).toEqual(['dir', 'dir', 'fifo', 'sym', 'chr']);
    expect(outcome.signatures.map(({ entry }) => [entry.kind, entry.path])).toEqual(
      entries.map(({ entry }) => ['snapshot', entry.path]),
    );
    expect(outcome.heard).toEqual([]);
    expect(outcome.statistics).toMatchObject({ newFiles: 5, sourceFiles: 5, deltaEntries: 5, rawDeltaSize: 0 });
  });

  test('paths are announced to who wants to hear of them', async () => {
    const given: readonly Given[] = [
      { path: 'd', type: 'dir' },
      { path: 'f', content: noise(10) },
      { path: 'g', content: noise(10), before: noise(20) },
    ];
    const told = await produce(given);
    expect(told.events.map((event) => ('path' in event ? `${event.kind} ${event.path}` : ''))).toEqual([
      'fileNew d',
      'fileNew f',
      'fileChanged g',
    ]);
    expect((await produce(given, { announcesFiles: false })).events).toEqual([]);
  });

  test('a file as the root of the source is called so in both archives', async () => {
    const outcome = await produce([{ path: '', content: noise(70_000) }]);
    expect(await members(outcome)).toEqual(['multivol_snapshot/./1 65536', 'multivol_snapshot/./2 4464']);
    expect(outcome.signatures.map(({ entry }) => entry.path)).toEqual(['']);
  });

  test('what is gone is deleted in both archives, and files are said to be', async () => {
    const dir = tempDir();
    const { packer, sealed } = memoryVolumes(1_000_000);
    const signatures = new SigtarFile(join(dir, 's'), dir);
    const heard: string[] = [];
    const statistics = emptyStatistics(0);
    const producer = new Producer({
      volumes: packer,
      signatures,
      state: undefined,
      maxBlockSize: 2048,
      pause: async () => undefined,
      open: () => {
        throw broken;
      },
      statistics,
      emit: () => undefined,
      announcesFiles: false,
      onFile: (change, path) => heard.push(`${change} ${path}`),
    });
    await producer.store({ kind: 'deleted', previous: entry('snapshot', 'd', metadata('dir')) });
    await producer.store({ kind: 'deleted', previous: entry('signature', 'd/f') });
    // A directory now stands where a file was.
    const source = sourceOf({ path: 'e', type: 'dir' });
    await producer.store({ kind: 'snapshot', source, previous: entry('signature', 'e') });
    await packer.finish();
    signatures.finish();
    const entries = await readAll(readVolumes(sealed));
    expect(entries.map(({ entry }) => `${entry.kind} ${entry.path} ${entry.meta.mode}`)).toEqual([
      'deleted d 0',
      'deleted d/f 0',
      'snapshot e 420',
    ]);
    const stream = new SigtarStream(once(readFileSync(join(dir, 's'))), { name: 's', onWarning: () => undefined });
    expect((await readAll(stream)).map(({ entry }) => `${entry.kind} ${entry.path}`)).toEqual([
      'deleted d',
      'deleted d/f',
      'snapshot e',
    ]);
    expect(heard).toEqual(['deleted d/f', 'deleted e']);
    expect(statistics).toMatchObject({ deletedFiles: 2, newFiles: 1, deltaEntries: 3 });
  });

  test('names longer than a header and bytes that are no text survive', async () => {
    const paths = [`${'d'.repeat(200)}/${'f'.repeat(255)}`, 'r\xe9sum\xe9', 'tab\tnewline\n', 'zz\xff\xfe'];
    const outcome = await produce(paths.map((path) => ({ path, content: Buffer.from(path, 'latin1') })));
    const entries = await stored(outcome);
    expect(entries.map(({ entry }) => entry.path)).toEqual(paths);
    expect(entries.map(({ body }) => body.toString('latin1'))).toEqual(paths);
    expect(await bodyOf({ read: () => undefined })).toEqual(Buffer.alloc(0));
  });
});
