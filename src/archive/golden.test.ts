import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { IntegrityError } from '../errors/errors.ts';
import type { BytePath } from '../util/bytepath.ts';
import { DifftarStream, type OpenVolume, PIECE_SIZE } from './difftar.ts';
import { difftarMember, isLastPiece, pieceOf } from './difftar-writer.ts';
import type { Entry, EntryStream } from './entry.ts';
import type { Manifest } from './manifest/manifest.ts';
import { readManifest } from './manifest/manifest-reader.ts';
import { mergeStreams } from './merge.ts';
import { type FileName, parseName } from './names/names.ts';
import { rolledForward } from './rolled-forward.ts';
import { sigtarMember, SigtarStream } from './sigtar.ts';
import { encodeHeader, padding, trailer } from './tar/tar-writer.ts';
import type { ArchiveWarning } from './warning.ts';

const DATA = new URL('../../test/golden/data/', import.meta.url);

interface Listed {
  readonly path: string;
  readonly path_b64?: string;
  readonly type: string;
  readonly mode?: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtime?: number;
  readonly size?: number;
  readonly sha256?: string;
  readonly link?: string;
  readonly link_b64?: string;
  readonly dev?: readonly [number, number];
}

const TYPES: Readonly<Record<string, string>> = { file: 'reg', symlink: 'sym' };

/** One line per object: what both the expected listings and the archives' metadata tell. */
function expectedLines(tree: string, step: number): string[] {
  return readLines(`expected/${tree}/${step}.jsonl`).map((line) => {
    const listed = JSON.parse(line) as Listed;
    const path = bytes(listed.path, listed.path_b64);
    const link = bytes(listed.link ?? '', listed.link_b64);
    const type = TYPES[listed.type] ?? listed.type;
    const attributes = type === 'sym' ? '' : `${Number.parseInt(listed.mode ?? '', 8)} ${listed.mtime}`;
    return `${path === '.' ? '' : path}|${type}|${listed.uid}:${listed.gid}|${attributes}|${link}|${listed.dev?.join() ?? '0,0'}`;
  });
}

function entryLine({ path, meta }: Entry): string {
  const attributes = meta.type === 'sym' ? '' : `${meta.mode} ${meta.mtime}`;
  return `${path}|${meta.type}|${meta.uid}:${meta.gid}|${attributes}|${meta.link}|${meta.major},${meta.minor}`;
}

function bytes(text: string, base64: string | undefined): string {
  return Buffer.from(base64 ?? text, base64 === undefined ? 'utf8' : 'base64').toString('latin1');
}

function readLines(name: string): string[] {
  return readFileSync(new URL(name, DATA), 'utf8').trim().split('\n');
}

function load(name: string): Buffer {
  const raw = readFileSync(new URL(name, DATA));
  return name.endsWith('.gz') ? gunzipSync(raw) : raw;
}

async function* inBlocks(content: Buffer, size = 65_536): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

interface Found {
  readonly name: string;
  readonly file: FileName;
}

/** The files of a remote, oldest set first, volumes in order. */
function filesOf(remote: string): Found[] {
  return readdirSync(new URL(`${remote}/`, DATA))
    .flatMap((name) => {
      const file = parseName(name);
      return file === undefined ? [] : [{ name: `${remote}/${name}`, file }];
    })
    .sort((a, b) => a.file.end - b.file.end || volumeNumber(a) - volumeNumber(b));
}

function volumeNumber({ file }: Found): number {
  return file.kind === 'volume' ? file.volume : 0;
}

function sigtars(remote: string, size?: number): SigtarStream[] {
  return filesOf(remote)
    .filter(({ file }) => file.kind === 'signatures')
    .map(({ name }) => new SigtarStream(inBlocks(load(name), size), { name, onWarning: noWarning }));
}

async function* volumesOf(found: readonly Found[], size?: number): AsyncGenerator<OpenVolume> {
  for (const { name } of found) yield { name, bytes: inBlocks(load(name), size) };
}

/** One stream per set, oldest first. */
function difftars(remote: string, size?: number): DifftarStream[] {
  const volumes = filesOf(remote).filter(({ file }) => file.kind === 'volume');
  const times = [...new Set(volumes.map(({ file }) => file.end))];
  return times.map(
    (time) =>
      new DifftarStream(
        volumesOf(
          volumes.filter(({ file }) => file.end === time),
          size,
        ),
        { onWarning: noWarning },
      ),
  );
}

function noWarning(warning: ArchiveWarning): void {
  expect.fail(JSON.stringify(warning));
}

async function bodyOf(stream: EntryStream): Promise<Buffer> {
  const blocks = [];
  for (let block = await stream.read(); block !== undefined; block = await stream.read()) blocks.push(block);
  return Buffer.concat(blocks);
}

async function linesOf(stream: EntryStream): Promise<string[]> {
  const lines = [];
  for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) lines.push(entryLine(entry));
  return lines;
}

const CHAINS = [
  ['gz', 'L', 5],
  ['plain', 'O', 5],
  ['gnutar', 'O', 3],
  ['rootfile', 'F', 2],
  ['restarted', 'R', 1],
] as const;

const STATES = CHAINS.flatMap(([remote, tree, steps]) =>
  Array.from({ length: steps }, (_, step) => [remote, step, tree] as const),
);

describe('archives of the reference', () => {
  test.each(STATES)(
    '%s: signatures rolled forward to step %i are the listing of tree %s',
    async (remote, step, tree) => {
      const streams = sigtars(remote);
      expect(await linesOf(rolledForward(streams.slice(0, step + 1)))).toEqual(expectedLines(tree, step));
    },
  );

  test.each(STATES)('%s: volumes merged up to step %i are the listing of tree %s', async (remote, step, tree) => {
    const merge = mergeStreams(difftars(remote).slice(0, step + 1));
    const lines = [];
    for (let meeting = await merge.next(); meeting !== undefined; meeting = await merge.next()) {
      const entry = merge.entryOf(meeting.holders.at(-1) ?? -1);
      if (entry.kind !== 'deleted') lines.push(entryLine(entry));
    }
    expect(lines).toEqual(expectedLines(tree, step));
  });

  test.each(CHAINS)('%s: the files of the full backup have the contents of tree %s', async (remote, tree) => {
    const listed = new Map(
      readLines(`expected/${tree}/0.jsonl`)
        .map((line) => JSON.parse(line) as Listed)
        .filter(({ type }) => type === 'file')
        .map((file) => [bytes(file.path === '.' ? '' : file.path, file.path_b64), file]),
    );
    for (const size of [65_536, 1000]) {
      const [stream] = difftars(remote, size);
      if (stream === undefined) throw new Error('no volumes');
      let files = 0;
      for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
        if (entry.meta.type !== 'reg') continue;
        files++;
        const content = await bodyOf(stream);
        expect({ path: entry.path, size: content.length }).toEqual({
          path: entry.path,
          size: listed.get(entry.path)?.size,
        });
        expect(createHash('sha256').update(content).digest('hex')).toBe(listed.get(entry.path)?.sha256);
      }
      expect(files).toBe(listed.size);
    }
  });

  // The same Python wrote them: its tarfile since 3.9 has empty device numbers where there are none.
  test.each(['gz', 'plain', 'restarted', 'rootfile'])(
    '%s: its signature archives come out byte for byte',
    async (remote) => {
      for (const { name, file } of filesOf(remote)) {
        if (file.kind !== 'signatures') continue;
        const content = load(name);
        const stream = new SigtarStream(inBlocks(content), { name, onWarning: noWarning });
        const parts = [];
        for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
          const body = await bodyOf(stream);
          parts.push(encodeHeader(sigtarMember(entry, body.length)), body, padding(body.length));
        }
        const members = Buffer.concat(parts);
        expect(Buffer.concat([members, trailer(members.length)]).equals(content)).toBe(true);
      }
    },
  );

  test.each(['gz', 'plain', 'restarted', 'rootfile'])(
    '%s: the members of its volumes come out byte for byte',
    async (remote) => {
      const volumes = filesOf(remote).filter(({ file }) => file.kind === 'volume');
      const parts = [];
      for (const stream of difftars(remote)) {
        for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
          const body = await bodyOf(stream);
          for (let read = 1, at = 0, more = true; more; read++, at += PIECE_SIZE) {
            const piece = body.subarray(at, at + PIECE_SIZE);
            parts.push(encodeHeader(difftarMember(entry, piece.length, pieceOf(read, piece.length))), piece);
            parts.push(padding(piece.length));
            more = !isLastPiece(piece.length);
          }
        }
      }
      const stored = volumes.map(({ name }) => load(name));
      expect(Buffer.concat(parts).equals(Buffer.concat(stored))).toBe(true);
    },
  );

  test.each(['gz', 'plain', 'restarted'])('%s: manifests tell where their volumes begin and end', async (remote) => {
    const files = filesOf(remote);
    for (const { name, file } of files.filter((found) => found.file.kind === 'manifest')) {
      const manifest: Manifest = await readManifest(inBlocks(load(name)), { name });
      const volumes = files.filter((found) => found.file.kind === 'volume' && found.file.end === file.end);
      expect(manifest.volumes.map((volume) => volume.number)).toEqual(volumes.map(volumeNumber));
      for (const [index, record] of manifest.volumes.entries()) {
        const volume = volumes[index];
        if (volume === undefined) throw new Error('no such volume');
        const hash = createHash('sha1')
          .update(readFileSync(new URL(volume.name, DATA)))
          .digest('hex');
        expect(hash).toBe(record.hashes.get('SHA1'));
        const paths = await wholePaths(new DifftarStream(volumesOf([volume]), { onWarning: noWarning }));
        if (paths.length === 0) continue;
        expect(paths.at(-1)).toBe(record.end.path);
        expect(paths).toContain(record.end.path);
        // A file that was begun in the volume before is passed over.
        const begun = index > 0 && manifest.volumes[index - 1]?.end.block !== undefined;
        expect(paths.includes(record.start.path)).toBe(!begun);
      }
    }
  });
});

/** Files that are not there from their beginning, or not to their end, are errors, which are passed over. */
async function wholePaths(stream: DifftarStream): Promise<BytePath[]> {
  const paths: BytePath[] = [];
  for (;;) {
    try {
      const entry = await stream.next();
      if (entry === undefined) return paths;
      paths.push(entry.path);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
    }
  }
}

describe('the unfinished metadata of an interrupted backup', () => {
  test('is readable', async () => {
    const stem = 'interrupted/archive/duplicity-full';
    const manifest = await readManifest(inBlocks(load(`${stem}.20231114T221320Z.manifest.part`)), { partial: true });
    expect(manifest.volumes.length).toBeGreaterThan(0);
    const name = `${stem}-signatures.20231114T221320Z.sigtar.part`;
    const stream = new SigtarStream(inBlocks(load(name)), { name, onWarning: noWarning });
    expect(await stream.next()).toMatchObject({ kind: 'snapshot', path: '' });
  });
});

describe('hand-made archives', () => {
  interface Result {
    readonly name: string;
    readonly restored?: readonly Listed[];
  }
  const results = readLines('crafted/results.jsonl').map((line) => JSON.parse(line) as Result);

  /** What cannot be or must not be read. */
  const REFUSED: Readonly<Record<string, string>> = {
    'hard-link': 'is a hard link',
    'odd-blocks': 'piece 1 was expected, piece 7 was found',
    'unknown-prefix': 'a member of an unknown kind: meta/x',
    dotdot: 'an unsafe name',
  };
  /** Read where the reference dies, or read here and sorted out by whoever restores. */
  const PATHS: Readonly<Record<string, readonly string[]>> = {
    contiguous: ['', 'a'],
    'negative-mtime': ['', 'a', 'b'],
    'no-parent': ['', 'd/x', 'e'],
    'no-root': ['a', 'b'],
    'diff-without-base': ['', 'a', 'b'],
  };

  function open(name: string, warnings: ArchiveWarning[] = []): DifftarStream {
    const file = `crafted/${name}/duplicity-full.20231114T221320Z.vol1.difftar.gz`;
    return new DifftarStream(volumesOf([{ name: file, file: parsed(file) }], 700), {
      onWarning: (warning) => warnings.push(warning),
    });
  }

  test.each(Object.entries(REFUSED))('%s: refused, because %s', async (name, message) => {
    await expect(linesOf(open(name))).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringContaining(message),
    });
  });

  test.each(Object.entries(PATHS))('%s: has the entries %j', async (name, paths) => {
    const stream = open(name);
    const seen = [];
    for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) seen.push(entry.path);
    expect(seen).toEqual(paths);
  });

  test('negative-mtime: has one', async () => {
    expect((await linesOf(open('negative-mtime')))[1]).toContain('|420 -');
  });

  test.each(results.filter(({ name }) => !(name in REFUSED) && !(name in PATHS)))(
    '$name: is what the reference restores',
    async ({ name, restored = [] }) => {
      const warnings: ArchiveWarning[] = [];
      const stream = open(name, warnings);
      const seen = [];
      for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
        seen.push({ path: entry.path as string, size: (await bodyOf(stream)).length, mtime: entry.meta.mtime });
      }
      const listed = restored.map((one) => ({
        path: one.path === '.' ? '' : bytes(one.path, one.path_b64),
        size: one.size ?? 0,
        mtime: one.mtime ?? 1_600_000_000,
      }));
      expect(seen).toEqual(listed);
      expect(warnings.map((warning) => warning.kind)).toEqual(name === 'unordered' ? ['unordered'] : []);
    },
  );

  function parsed(path: string): FileName {
    const file = parseName(path.slice(path.lastIndexOf('/') + 1));
    if (file === undefined) throw new Error('not a name of ours');
    return file;
  }
});
