import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { PIECE_SIZE } from '../../archive/difftar.ts';
import type { Entry } from '../../archive/entry.ts';
import type { Manifest, VolumeRecord } from '../../archive/manifest/manifest.ts';
import { SigtarStream } from '../../archive/sigtar.ts';
import { DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { emptyStatistics } from '../../events/statistics.ts';
import { PieceWriter } from '../../pipeline/pack/piece-writer.ts';
import { VolumePacker, type VolumeRange } from '../../pipeline/pack/volume-packer.ts';
import { bodyFrom } from '../../pipeline/squash/bodies.ts';
import { hashFile } from '../../pipeline/remote.ts';
import { type Scratch, scratchPool } from '../../pipeline/unpack/scratch.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import type { Repository } from '../../repository/repository.ts';
import { type BytePath, comparePaths, joinPath, ROOT, shown, toFs } from '../../util/bytepath.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { fitsSignature } from '../check/deep/check-signature.ts';
import type { FoundSet } from '../check/find/survey.ts';
import { CannotMend, codecFor } from './encode.ts';

/** Zero bytes that end the tar of an encrypted volume. */
const TRAILER = 1024;

/** A volume that was made again, in the spool. */
export interface Remade {
  readonly path: string;
  readonly record: VolumeRecord;
}

/**
 * Makes a volume of what its set's signatures tell and of files that are as they were then: each content is held against its
 * signature while it is read. Entries are those of the record, in new bytes. Throws `CannotMend` where a file has changed.
 */
export async function remakeVolume(
  repository: Repository,
  { set, signatures, localSignatures }: FoundSet,
  {
    manifest,
    record,
    name,
    source,
    areSignaturesSound,
  }: {
    readonly manifest: Manifest;
    readonly record: VolumeRecord;
    readonly name: string;
    readonly source: BytePath;
    readonly areSignaturesSound: boolean;
  },
): Promise<Remade> {
  const { keys, spool, call, archiveDir } = repository;
  const signed = areSignaturesSound ? signatures[0] : undefined;
  if (signed === undefined && localSignatures === undefined)
    throw new CannotMend('its signatures are not there either');
  const codec = await codecFor(repository, set, name);
  const options = { signal: call.signal, reuses: true };
  const bytes =
    signed === undefined
      ? keys
          .local(localSignatures ?? '')
          .open(archiveDir.pathOf(localSignatures ?? ''), { name: localSignatures ?? '', ...options })
      : fetchDecoded(repository, signed, options);
  const stream = new SigtarStream(bytes, {
    name: signed ?? localSignatures ?? '',
    onWarning: () => {
      throw new CannotMend('its signatures are damaged, too');
    },
  });
  const first = firstPiece(manifest, record);
  const last = record.end.block;
  let made: { readonly path: string; readonly range: VolumeRange } | undefined;
  const volumes = new VolumePacker({
    limit: Infinity,
    blockBytes: codec.blockBytes,
    trailer: codec.suffix === '.gpg' ? TRAILER : 0,
    kept: record.number - 1,
    open: async () => {
      const path = spool.newPath('remade');
      return { path, file: await codec.create(path, call.signal) };
    },
    sealed: async (_number, { path, file }, range) => {
      await file.finish();
      made = { path, range };
    },
  });
  const pause = (): Promise<void> => othersTurn(call.signal);
  const pieces = new PieceWriter({ volumes, statistics: emptyStatistics(0), pause });
  const makeScratch = scratchPool(spool);
  try {
    for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
      const { path } = entry;
      if (comparePaths(path, record.start.path) < 0) continue;
      if (comparePaths(path, record.end.path) > 0) break;
      await add(entry);
    }
    if (volumes.begun === 0) throw new CannotMend('its signatures do not tell what it held');
    await volumes.finish();
  } catch (error) {
    await volumes.abort();
    if (error instanceof IntegrityError) throw new CannotMend(`its signatures are damaged, too: ${error.message}`);
    throw error;
  } finally {
    await stream.close().catch(() => undefined);
  }
  if (made === undefined || !isSame(made.range, record)) {
    throw new CannotMend('its signatures do not tell what it held');
  }
  return { path: made.path, record: { ...record, hashes: new Map([['SHA1', hashFile(made.path, 'SHA1')]]) } };

  async function add(entry: Entry): Promise<void> {
    const { path, kind, meta } = entry;
    if (kind === 'deleted' || meta.type !== 'reg') {
      const wait = pieces.addBare(entry);
      if (wait instanceof Promise) await wait;
      return;
    }
    const from = path === record.start.path ? first : 1;
    const to = path === record.end.path ? last : undefined;
    const isSplit = from > 1 || to !== undefined;
    if (isSplit && set.type === 'inc') {
      throw new CannotMend(`${shown(path)}, which is in it, is the delta of a set, and goes on in another volume`);
    }
    const part = { from: (from - 1) * PIECE_SIZE, to: to === undefined ? Infinity : to * PIECE_SIZE };
    const content = makeScratch();
    try {
      if (!(await readAsItWas(source, path, { part, content, blocks: () => stream.read() }))) {
        throw new CannotMend(`${shown(path)}, which is in it, is not as it was then`);
      }
      const snapshot: Entry = { kind: 'snapshot', path, meta };
      const wait = isSplit
        ? pieces.addPart(snapshot, bodyFrom(content), { from, to })
        : pieces.add(snapshot, bodyFrom(content));
      if (wait instanceof Promise) await wait;
    } finally {
      content.dispose();
    }
  }
}

/** The number of the piece that a volume begins with. */
function firstPiece({ volumes }: Manifest, { number, start }: VolumeRecord): number {
  if (start.block !== undefined) return start.block;
  const before = volumes.find((one) => one.number === number - 1);
  return before?.end.path === start.path && before.end.block !== undefined ? before.end.block + 1 : 1;
}

function isSame(range: VolumeRange, { start, end }: VolumeRecord): boolean {
  const isEmpty = start.path === end.path && start.path === ROOT;
  return isEmpty || (range.start.path === start.path && range.end.path === end.path);
}

interface Reading {
  /** The bytes that are wanted. */
  readonly part: { readonly from: number; readonly to: number };
  readonly content: Scratch;
  readonly blocks: Parameters<typeof fitsSignature>[1];
}

/** Reads a file once, all of it: what is taken of it is what its signature was held against. */
async function readAsItWas(source: BytePath, path: BytePath, { part, content, blocks }: Reading): Promise<boolean> {
  const full = path === ROOT ? source : joinPath(source, path);
  let fd: number;
  try {
    fd = openSync(toFs(full), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return false;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return false;
    const file = {
      size: stats.size,
      read(into: Buffer, at: number): number {
        const length = readSync(fd, into, 0, into.length, at);
        const [from, to] = [Math.max(0, part.from - at), Math.min(length, part.to - at)];
        if (from < to) content.append(into.subarray(from, to));
        return length;
      },
    };
    return await fitsSignature(file, blocks);
  } catch (error) {
    if (error instanceof DuplicityError) throw error;
    return false;
  } finally {
    closeSync(fd);
  }
}
