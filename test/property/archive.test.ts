import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DifftarStream, type OpenVolume, PIECE_SIZE } from '../../src/archive/difftar.ts';
import { difftarMember, isLastPiece, pieceOf } from '../../src/archive/difftar-writer.ts';
import type { Entry, EntryStream, FileType, Metadata } from '../../src/archive/entry.ts';
import type { FileChange, Manifest, VolumeRecord } from '../../src/archive/manifest/manifest.ts';
import { readManifest } from '../../src/archive/manifest/manifest-reader.ts';
import {
  formatFilelistHead,
  formatFilelistLine,
  formatManifestHead,
  formatVolumeRecord,
} from '../../src/archive/manifest/manifest-writer.ts';
import { mergeStreams } from '../../src/archive/merge.ts';
import { type FileName, formatName, NO_PREFIXES, parseName, type Prefixes } from '../../src/archive/names/names.ts';
import { quote, unquote } from '../../src/archive/manifest/quoting.ts';
import { rolledForward } from '../../src/archive/rolled-forward.ts';
import { sigtarMember, SigtarStream } from '../../src/archive/sigtar.ts';
import { TarReader } from '../../src/archive/tar/tar-reader.ts';
import { encodeHeader, type Member, NO_METADATA, padding, trailer } from '../../src/archive/tar/tar-writer.ts';
import { IntegrityError } from '../../src/errors/errors.ts';
import { type BytePath, bytePath, comparePaths } from '../../src/util/bytepath.ts';

const byteText = (min: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min, max: 255 }), { maxLength }).map((bytes) => String.fromCharCode(...bytes));
const component = fc
  .oneof(fc.constantFrom('a', 'b', 'a b', 'a-', 'é', '...', 'snapshot', '1', 'n'.repeat(98)), byteText(1, 30))
  .map((text) => text.replaceAll('/', '_'))
  .map((text) => (text === '' || text === '.' || text === '..' ? 'x' : text));
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => bytePath(parts.join('/')));
const paths = fc.uniqueArray(path, { maxLength: 12 }).map((list) => list.sort(comparePaths));

const metadata = (type: FileType): fc.Arbitrary<Metadata> =>
  fc.record({
    type: fc.constant(type),
    mode: fc.nat({ max: 0o7777 }),
    uid: fc.oneof(fc.nat({ max: 4_294_967_295 }), fc.constantFrom(0, 1000)),
    gid: fc.oneof(fc.nat({ max: 4_294_967_295 }), fc.constantFrom(0, 1000)),
    uname: byteText(1, 40),
    gname: fc.constantFrom('', 'root', 'wheel'),
    mtime: fc.oneof(fc.nat(), fc.constant(10_413_792_000)),
    size: fc.constant(0),
    link: type === 'sym' ? fc.oneof(byteText(1, 120), fc.constant('t')).map(bytePath) : fc.constant(bytePath('')),
    major: fc.constant(type === 'chr' || type === 'blk' ? 259 : 0),
    minor: fc.constant(type === 'chr' || type === 'blk' ? 1_048_575 : 0),
  });
const anyMetadata = fc.constantFrom<FileType>('reg', 'reg', 'reg', 'dir', 'sym', 'fifo', 'chr', 'blk').chain(metadata);

/** Cuts bytes at places that `cuts` picks; empty blocks included. */
async function* chunked(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}
const anyCuts = fc.array(fc.nat(), { maxLength: 30 });

async function bodyOf(stream: Pick<EntryStream, 'read'>): Promise<Buffer> {
  const blocks = [];
  for (let block = await stream.read(); block !== undefined; block = await stream.read()) blocks.push(block);
  return Buffer.concat(blocks);
}

/** The message of an error about damaged bytes; any other error goes on. */
function damage(error: unknown): string {
  if (error instanceof IntegrityError && error.code === 'DAMAGED') return error.message;
  throw error;
}

function noWarning(): void {
  expect.fail('nothing to warn of');
}

describe('names', () => {
  const time = fc.integer({ min: 1, max: 4_102_444_799 });
  const common = {
    start: time,
    end: time,
    suffix: fc.constantFrom('', '.gz', '.gpg'),
    type: fc.constantFrom('full', 'inc'),
  };
  const anyName: fc.Arbitrary<FileName> = fc
    .record({
      ...common,
      kind: fc.constantFrom('volume', 'manifest', 'signatures', 'jsonstat'),
      volume: fc.integer({ min: 1 }),
      partial: fc.boolean(),
    })
    .map(({ kind, volume, partial, suffix, type, start, end }) => {
      const file = {
        type,
        start: type === 'full' ? end : start,
        end,
        encrypted: suffix === '.gpg',
        compressed: suffix === '.gz',
      } as const;
      return kind === 'volume' ? { ...file, kind, volume } : { ...file, kind, partial };
    });
  const prefix = fc.oneof(fc.constant(''), fc.constantFrom('.*', 'a+(', 'duplicity-full.', '['), byteText(0x20, 8));
  const anyPrefixes: fc.Arbitrary<Prefixes> = fc.record({
    all: prefix,
    volume: prefix,
    manifest: prefix,
    signatures: prefix,
    jsonstat: prefix,
  });

  test('that were written are understood', () => {
    fc.assert(
      fc.property(anyName, (file) => {
        expect(parseName(formatName(file))).toEqual(file);
      }),
    );
  });

  test('with prefixes of any characters too', () => {
    fc.assert(
      fc.property(anyName, prefix, (file, all) => {
        const prefixes = { ...NO_PREFIXES, all };
        expect(parseName(formatName(file, prefixes), { prefixes })).toEqual(file);
      }),
    );
  });

  test('that are anything else are ignored, never an error', () => {
    const junk = fc.oneof(
      byteText(0, 60),
      anyName
        .map((file) => formatName(file))
        .chain((name) => fc.nat({ max: name.length }).map((cut) => `${name.slice(0, cut)}#${name.slice(cut)}`)),
    );
    fc.assert(
      fc.property(junk, anyPrefixes, byteText(1, 3), (name, prefixes, timeSeparator) => {
        const file = parseName(name, { prefixes, timeSeparator });
        expect(file === undefined ? undefined : parseName(formatName(file))).toEqual(file);
      }),
    );
  });
});

describe('manifests', () => {
  const position = fc
    .record({
      path: fc.oneof(path, fc.constant(bytePath(''))),
      block: fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined }),
    })
    .map(({ path: place, block }) => (block === undefined ? { path: place } : { path: place, block }));
  const volumes = fc.array(fc.record({ start: position, end: position }), { maxLength: 6 });

  test('quoted texts come back', () => {
    fc.assert(
      fc.property(byteText(0, 60), (text) => {
        expect(unquote(quote(text))).toBe(text);
        expect(quote(text)).not.toMatch(/[\t\n\v\f\r ]/);
      }),
    );
  });

  test('come back under any chunking, files and lines nobody knows included', async () => {
    const changes = fc.array(fc.tuple(fc.constantFrom<FileChange>('new', 'changed', 'deleted'), path), {
      maxLength: 10,
    });
    await fc.assert(
      fc.asyncProperty(volumes, changes, path, anyCuts, fc.boolean(), async (list, files, localDir, cuts, unknown) => {
        const records: VolumeRecord[] = list.map(({ start, end }, index) => ({
          number: index + 1,
          start,
          end,
          hashes: new Map([['SHA1', `${index}ab`]]),
        }));
        const text = [
          formatManifestHead('host.example', localDir),
          ...records.map((record) => formatVolumeRecord(record) + (unknown ? '    Colour blue\n' : '')),
          formatFilelistHead(files.length),
          ...files.map(([change, file]) => formatFilelistLine(change, file)),
        ].join('');
        const seen: [FileChange, BytePath][] = [];
        const manifest: Manifest = await readManifest(chunked(Buffer.from(text, 'latin1'), cuts), {
          onFile: (change, file) => seen.push([change, file]),
        });
        expect(manifest).toEqual({
          hostname: 'host.example',
          localDir,
          volumes: records,
          records: records.length,
          fileList: { announced: files.length, found: files.length },
        });
        expect(seen).toEqual(files);
      }),
    );
  });

  test('of any bytes are read or damaged, nothing else', async () => {
    const words = fc.constantFrom(
      'Volume 1:\n',
      'Volume ',
      ' StartingPath ',
      ' EndingPath a 1',
      ' Hash ',
      '\n',
      '"',
      'a',
      '\\x',
      '2',
      'Filelist 3\n',
      ' new ',
      '\xff',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 30 }), anyCuts, fc.boolean(), async (parts, cuts, partial) => {
        const bytes = Buffer.from(parts.join(''), 'latin1');
        const outcome = await readManifest(chunked(bytes, cuts), { partial, onFile: () => undefined }).catch(damage);
        expect(outcome).toBeDefined();
      }),
    );
  });
});

describe('tars', () => {
  const member = fc.record({ name: path, meta: anyMetadata, body: byteText(0, 1200) }).map(({ name, meta, body }) => {
    const text = meta.type === 'reg' ? body : '';
    return { name, meta, body: text, size: text.length };
  });

  function written(members: readonly (Member & { body: string })[]): Buffer {
    return Buffer.concat(
      members.flatMap((one) => [encodeHeader(one), Buffer.from(one.body, 'latin1'), padding(one.size)]),
    );
  }

  test('come back under any chunking', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 6 }), anyCuts, fc.boolean(), async (members, cuts, closed) => {
        const bytes = written(members);
        const end = closed ? trailer(bytes.length) : Buffer.alloc(0);
        const reader = new TarReader(chunked(Buffer.concat([bytes, end]), cuts), { label: 'x' });
        const seen = [];
        for (let one = await reader.next(); one !== undefined; one = await reader.next()) {
          seen.push({ ...one, body: (await bodyOf(reader)).toString('latin1') });
        }
        expect(seen).toEqual(members);
      }),
    );
  });

  test('that are changed or cut are read or damaged, nothing else', async () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.nat({ max: 255 }),
      cut: fc.option(fc.nat(), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { minLength: 1, maxLength: 3 }),
        change,
        anyCuts,
        async (members, { at, byte, cut }, cuts) => {
          const whole = written(members);
          whole[at % whole.length] = byte;
          const bytes = cut === undefined ? whole : whole.subarray(0, cut % whole.length);
          const reader = new TarReader(chunked(bytes, cuts), { label: 'x' });
          const all = async (): Promise<string> => {
            while ((await reader.next()) !== undefined) await bodyOf(reader);
            return 'read';
          };
          expect(await all().catch(damage)).toMatch(/^read$|^x/);
        },
      ),
    );
  });
});

describe('volumes', () => {
  const lengths = fc.oneof(
    fc.constantFrom(0, 1, 65_535, PIECE_SIZE, PIECE_SIZE + 1, 2 * PIECE_SIZE),
    fc.nat({ max: 200_000 }),
    fc.nat({ max: 600 }),
  );
  const anyEntry = fc.record({
    meta: anyMetadata,
    kind: fc.constantFrom('snapshot', 'diff', 'deleted'),
    length: lengths,
    fill: fc.integer({ min: 1, max: 255 }),
  });

  test('give back their entries wherever they are cut between pieces, read or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        paths,
        fc.infiniteStream(anyEntry),
        fc.array(fc.boolean()),
        anyCuts,
        fc.array(fc.boolean()),
        async (names, entries, ends, cuts, reads) => {
          const given = names.map((name) => {
            const { meta, kind, length, fill } = entries.next().value as {
              meta: Metadata;
              kind: Entry['kind'];
              length: number;
              fill: number;
            };
            if (kind === 'deleted') {
              const entry: Entry = { kind, path: name, meta: NO_METADATA };
              return { entry, body: Buffer.alloc(0) };
            }
            const body = Buffer.alloc(meta.type === 'reg' ? length : 0, fill);
            const entry: Entry = { kind: meta.type === 'reg' ? kind : 'snapshot', path: name, meta };
            return { entry, body };
          });
          const volumes: Buffer[][] = [[]];
          let count = 0;
          for (const { entry, body } of given) {
            for (let read = 1, at = 0, more = true; more; read++, at += PIECE_SIZE) {
              const piece = body.subarray(at, at + PIECE_SIZE);
              const header = encodeHeader(difftarMember(entry, piece.length, pieceOf(read, piece.length)));
              volumes.at(-1)?.push(header, piece, padding(piece.length));
              if (ends[count++] === true) volumes.push([]);
              more = !isLastPiece(piece.length);
            }
          }
          async function* opened(): AsyncGenerator<OpenVolume> {
            for (const [index, parts] of volumes.entries())
              yield { name: `vol${index + 1}`, bytes: chunked(Buffer.concat(parts), cuts) };
          }
          const stream = new DifftarStream(opened(), { onWarning: noWarning });
          for (const [index, { entry, body }] of given.entries()) {
            expect(await stream.next()).toMatchObject(entry);
            const seen = reads[index] === false ? body : await bodyOf(stream);
            expect(seen.equals(body)).toBe(true);
          }
          expect(await stream.next()).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('signature archives', () => {
  const anySet = fc.tuple(paths, fc.infiniteStream(fc.tuple(anyMetadata, fc.nat({ max: 3 }))), anyCuts);

  test('rolled forward are what a map of the latest entries holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySet, { maxLength: 5 }), async (sets) => {
        const state = new Map<string, string>();
        const archives = sets.map(([names, metas, cuts], set) => {
          const parts = names.map((name) => {
            const [meta, dice] = metas.next().value as [Metadata, number];
            const kind = dice === 0 ? 'deleted' : meta.type === 'reg' ? 'signature' : 'snapshot';
            if (kind === 'deleted') state.delete(name);
            else state.set(name, kind === 'signature' ? `sig ${set}` : '');
            const body = kind === 'signature' ? `sig ${set}` : '';
            const member = sigtarMember({ kind, path: name, meta }, body.length);
            return Buffer.concat([encodeHeader(member), Buffer.from(body), padding(body.length)]);
          });
          const bytes = Buffer.concat(parts);
          return { bytes: Buffer.concat([bytes, trailer(bytes.length)]), cuts, names };
        });
        const open = (): SigtarStream[] =>
          archives.map(
            ({ bytes, cuts }, set) =>
              new SigtarStream(chunked(bytes, cuts), { name: `sig${set}`, onWarning: noWarning }),
          );

        const rolled = rolledForward(open());
        const seen: [string, string][] = [];
        for (let entry = await rolled.next(); entry !== undefined; entry = await rolled.next()) {
          seen.push([entry.path, (await bodyOf(rolled)).toString()]);
        }
        expect(seen).toEqual([...state].sort(([a], [b]) => comparePaths(a, b)));

        const merge = mergeStreams(open());
        const holders = new Map<string, readonly number[]>();
        for (let meeting = await merge.next(); meeting !== undefined; meeting = await merge.next()) {
          holders.set(meeting.path, meeting.holders);
        }
        const expected = [...new Set(archives.flatMap(({ names }) => names))].sort(comparePaths);
        expect([...holders.keys()]).toEqual(expected);
        for (const name of expected) {
          expect(holders.get(name)).toEqual(archives.flatMap(({ names }, set) => (names.includes(name) ? [set] : [])));
        }
      }),
    );
  });
});
