import type { Manifest, Position, VolumeRecord } from '../../../archive/manifest/manifest.ts';
import { type DoubtfulVolume, PieceStream } from '../../../archive/piece-stream.ts';
import type { Codec } from '../../../crypto/codec.ts';
import { type BackupSet, idOf } from '../../../collections/sets.ts';
import { BackendError, CryptoError, type DuplicityError, IntegrityError } from '../../../errors/errors.ts';
import { fetchVolume, missingVolume } from '../../../pipeline/unpack/fetch-volume.ts';
import { damageOf } from '../../../pipeline/unpack/set-plan.ts';
import { isUnreadable, storedBytes } from '../../../pipeline/stored-bytes.ts';
import type { Bounded } from '../../../pipeline/unpack/decoder-limit.ts';
import type { Repository } from '../../../repository/repository.ts';
import { type BytePath, comparePaths, isWithin, ROOT } from '../../../util/bytepath.ts';
import { hashRemote } from '../../check/prove/read-remote.ts';
import type { LeftSet } from './find-sets.ts';
import type { Harm, Unknown } from './report.ts';

/** The entries of a set whose files are damaged, and what of it is not known. */
export interface OpenLeft {
  readonly stream: PieceStream;
  /** Whether something that could have held the path cannot be read, or is not known to be right. */
  mayLack(path: BytePath): boolean;
  /** What is not known, for whoever has no signatures. */
  unknown(): readonly Unknown[];
}

interface LeftOptions {
  readonly codecOf: (name: string) => Codec;
  readonly wanted: BytePath;
  readonly bounded: Bounded | undefined;
  readonly onHarm: (harm: Harm) => void;
  readonly onUnordered: (path: BytePath) => void;
  readonly onVolume: () => void;
  /** The key at hand does not open a volume that is not known to be right. */
  readonly onRefused: (error: CryptoError) => void;
}

/** So many files that cannot be fetched, one after the other, are no damage: the store fails. */
const FAILURES = 3;

interface Job {
  readonly number: number;
  readonly record: VolumeRecord | undefined;
}

/** Opens volume after volume, also those that are not as they were. */
export function openLeft(repository: Repository, { set, manifest }: LeftSet, options: LeftOptions): OpenLeft {
  const { remote, prefixes, tries, call } = repository;
  const { onHarm, wanted } = options;
  const isCut = manifest === undefined || damageOf(set, manifest) !== undefined;
  const all = jobsOf(set, manifest, ROOT);
  const jobs = isCut ? all : jobsOf(set, manifest, wanted);
  const lost: (Bounds & { readonly file: string })[] = [];
  const records = new Map<string, VolumeRecord | undefined>();
  /** Volumes that have the hash that the manifest tells, or not. */
  const proofs = new Map<number, boolean>();
  let failures = 0;

  function lose(file: string, bounds: Bounds, error: DuplicityError): void {
    onHarm({ file, set: idOf(set), reason: error.message });
    if (lost.some((one) => one.file === file)) return;
    lost.push({ file, ...bounds });
  }

  async function* volumes(): AsyncGenerator<DoubtfulVolume> {
    for (const job of jobs) {
      const opened = await open(job);
      if (opened === undefined) continue;
      const { volume, release } = opened;
      try {
        yield volume;
      } finally {
        release();
      }
      options.onVolume();
    }
  }

  async function open({ number, record }: Job): Promise<Opened | undefined> {
    const [name] = set.volumes.get(number) ?? [];
    if (name !== undefined) records.set(name, record);
    const isHashed = record !== undefined && (record.hashes.has('SHA1') || record.hashes.has('MD5'));
    try {
      if (name === undefined) {
        const sought = record ?? { number, start: { path: ROOT }, end: { path: ROOT }, hashes: new Map() };
        throw missingVolume(set, sought, prefixes);
      }
      const fetched = isHashed
        ? await fetchVolume(set, record, { remote, prefixes, tries, signal: call.signal })
        : { name, file: await remote.fetch(name, call.signal) };
      failures = 0;
      proofs.set(number, isHashed);
      const bounds = isHashed ? {} : await boundsOf(number);
      if (!isHashed && !isCut) lost.push({ file: fetched.name, ...bounds });
      return opened(fetched.name, fetched.file, { bounds, isProven: isHashed });
    } catch (error) {
      if (!isAboutVolume(error)) throw error;
      call.signal.throwIfAborted();
      if (error instanceof BackendError && error.code !== 'BACKEND_NOT_FOUND' && ++failures >= FAILURES) throw error;
      proofs.set(number, false);
      const bounds = await boundsOf(number);
      lose(name ?? nameIn(error, number), bounds, error);
      if (name === undefined || error.code !== 'MISMATCHED_HASH') return undefined;
      return opened(name, await remote.fetch(name, call.signal), { bounds, isProven: false });
    }
  }

  function opened(
    name: string,
    file: { readonly path: string; readonly release: () => void },
    { bounds, isProven }: { readonly bounds: Bounds; readonly isProven: boolean },
  ): Opened {
    const read = options.codecOf(name).open(file.path, { name, signal: call.signal, reuses: true });
    const bytes = tolerant(storedBytes(read), isProven ? undefined : options.onRefused);
    return {
      volume: {
        name,
        isProven,
        bytes: options.bounded === undefined ? bytes : options.bounded(bytes),
        accepts: (member) => isProven || ((set.type === 'inc' || member.kind === 'snapshot') && isIn(bounds, member)),
      },
      release: file.release,
    };
  }

  /**
   * Between which the volume lies: what its own record says may be of another set, of which some volumes are the same. Those
   * beside it that are right tell.
   */
  async function boundsOf(number: number): Promise<Bounds> {
    let [from, to]: [Position | undefined, Position | undefined] = [undefined, undefined];
    if (isCut) return { from, to };
    for (let i = number - 1; i > 0 && from === undefined; i--) {
      if (await isRight(i)) from = all[i - 1]?.record?.end;
    }
    for (let i = number + 1; i <= all.length && to === undefined; i++) {
      if (await isRight(i)) to = all[i - 1]?.record?.start;
    }
    return { from, to };
  }

  async function isRight(number: number): Promise<boolean> {
    const known = proofs.get(number);
    if (known !== undefined) return known;
    const sha1 = all[number - 1]?.record?.hashes.get('SHA1')?.toLowerCase();
    const [name] = set.volumes.get(number) ?? [];
    let found = false;
    try {
      found = name !== undefined && sha1 !== undefined && (await hashRemote(repository, name, 'SHA1')).SHA1 === sha1;
    } catch (error) {
      if (!isAboutVolume(error)) throw error;
    }
    proofs.set(number, found);
    return found;
  }

  const stream = new PieceStream(volumes(), {
    wanted,
    onDamage: (file, error) => lose(file, rangeOf(records.get(file)), error),
    onUnordered: (_file, path) => options.onUnordered(path),
  });
  const isAll = wanted === ROOT;
  return {
    stream,
    mayLack: (path) => !isAll || isCut || lost.some((bounds) => isBetween(path, bounds)),
    unknown: () =>
      isCut
        ? [{ file: set.manifest ?? '', set: idOf(set), from: undefined, to: undefined }]
        : lost
            .filter(({ from, to }) => isAll || touches(from?.path, to?.path, wanted))
            .map(({ file, from, to }) => ({ file, set: idOf(set), from: from?.path, to: to?.path })),
  };
}

/** What lies before something, and behind it. */
interface Bounds {
  readonly from?: Position | undefined;
  readonly to?: Position | undefined;
}

interface Opened {
  readonly volume: DoubtfulVolume;
  readonly release: () => void;
}

/** All volumes that are there or should be, in order, that can hold the path. */
function jobsOf({ volumes }: BackupSet, manifest: Manifest | undefined, wanted: BytePath): readonly Job[] {
  const records = new Map(manifest?.volumes.map((record) => [record.number, record]));
  const most = Math.max(0, ...records.keys(), ...volumes.keys());
  const jobs = Array.from({ length: most }, (_, i) => ({ number: i + 1, record: records.get(i + 1) }));
  if (wanted === ROOT) return jobs;
  // A volume is passed over when its record and one beside it say so: one of the two may be wrong.
  return jobs.filter(({ record }, i) => {
    if (record === undefined) return true;
    const [before, behind] = [jobs[i - 1]?.record, jobs[i + 1]?.record];
    const isBefore = isBehind(wanted, record.end.path) && behind !== undefined && !isBehind(behind.start.path, wanted);
    const isAfter = isPast(record.start.path, wanted) && before !== undefined && isPast(before.end.path, wanted);
    return !isBefore && !isAfter;
  });
}

function isBehind(path: BytePath, other: BytePath): boolean {
  return comparePaths(path, other) > 0;
}

/** Behind the path and all that lies below it. */
function isPast(path: BytePath, wanted: BytePath): boolean {
  return isBehind(path, wanted) && !isWithin(path, wanted);
}

function touches(from: BytePath | undefined, to: BytePath | undefined, wanted: BytePath): boolean {
  return !(from !== undefined && isPast(from, wanted)) && !(to !== undefined && isBehind(wanted, to));
}

/** Whether a volume that lies between two can hold a member. */
function isIn(bounds: Bounds, { path, piece }: { readonly path: BytePath; readonly piece: number }): boolean {
  const { from, to } = bounds;
  if (!isBetween(path, bounds)) return false;
  const isThereAlready = path === from?.path && piece <= (from.block ?? 0);
  if (isThereAlready) return false;
  // What begins in the next volume is all there. Of a file that goes on there the last piece has no number.
  return path !== to?.path || (piece > 0 && piece < (to.block ?? Infinity));
}

/** Of a volume that is right and cannot be read on. */
function rangeOf(record: VolumeRecord | undefined): Bounds {
  return record === undefined ? {} : { from: { ...record.start, block: record.start.block ?? 1 }, to: record.end };
}

/** What is complete in the volume before is not meant. */
function isBetween(path: BytePath, { from, to }: Bounds): boolean {
  const order = from === undefined ? 1 : comparePaths(path, from.path);
  const isBehindStart = order > 0 || (order === 0 && from?.block !== undefined);
  return isBehindStart && (to === undefined || comparePaths(path, to.path) <= 0);
}

function isAboutVolume(error: unknown): error is DuplicityError {
  return error instanceof IntegrityError || error instanceof BackendError || isUnreadable(error);
}

function nameIn({ fields }: DuplicityError, number: number): string {
  return fields[1]?.replaceAll("'", '') ?? `volume ${number}`;
}

/** A key that does not open a damaged file is damage: where the keys are, bytes were changed. */
async function* tolerant(
  bytes: AsyncIterable<Buffer>,
  onRefused: ((error: CryptoError) => void) | undefined,
): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    if (onRefused === undefined || !(error instanceof CryptoError)) throw error;
    onRefused(error);
    throw new IntegrityError('DAMAGED', error.message, { cause: error });
  }
}
