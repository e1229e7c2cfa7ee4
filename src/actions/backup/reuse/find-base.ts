import type { Manifest } from '../../../archive/manifest/manifest.ts';
import { madeTimes, readLedger } from '../../../cache/ledger.ts';
import type { BackupChain } from '../../../collections/chains.ts';
import { type Collection, isAhead } from '../../../collections/collection.ts';
import { setKey } from '../../../collections/listing.ts';
import { type SetSignatures, signaturesBySet } from '../../../collections/lookup.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import type { Locks } from '../../../crypto/openpgp/reading/locks.ts';
import type { Codec } from '../../../crypto/codec.ts';
import { BackendError, CryptoError, DuplicityError, IntegrityError } from '../../../errors/errors.ts';
import type { BaseVolume, Fate } from '../../../pipeline/reuse/base-volume.ts';
import type { ResumePoint } from '../../../pipeline/pack/resume-point.ts';
import { damageOf } from '../../../pipeline/unpack/set-plan.ts';
import { readSetManifest } from '../../../repository/metadata/read-manifest.ts';
import type { Repository } from '../../../repository/repository.ts';
import { synchronise } from '../../../repository/synchronise.ts';
import { comparePaths, ROOT } from '../../../util/bytepath.ts';
import { asctime, type EpochSeconds } from '../../../util/time.ts';
import { checkOrigin } from '../base/check-source.ts';
import type { BackupOptions } from '../options.ts';
import { checkLocks } from './check-locks.ts';

/** The full backup whose volumes a new one may take over. */
export interface ReuseBase {
  readonly set: BackupSet;
  /** In the order of their entries. */
  readonly volumes: readonly BaseVolume[];
  /** Of the full backup and its increments, oldest first. */
  readonly signatures: readonly [SetSignatures, ...SetSignatures[]];
  /** Who can open what is written now, where it is encrypted: each volume that is taken over is to be like that. */
  readonly locks: Locks | undefined;
}

/** Nothing can be taken over; why. */
class NotReusable extends Error {}

interface Given {
  readonly collection: Collection;
  /** Of the volumes to be written. */
  readonly codec: Codec;
  /** What an interrupted run has stored of the set stays. */
  readonly after: ResumePoint | undefined;
}

type ReuseOptions = Pick<BackupOptions, 'reuse' | 'mayChangeSource' | 'source' | 'absoluteSource'>;

/**
 * The newest finished full backup, with what has to be known of it: its manifest and the signatures of its chain, out of
 * the archive dir or, where nobody has to be asked for it, from the remote. No secret key is needed. Where it cannot be
 * built on a sentence says why, and the new one is an ordinary full backup.
 */
export async function findReuseBase(
  repository: Repository,
  options: ReuseOptions,
  given: Given,
): Promise<ReuseBase | undefined> {
  const { backend } = repository;
  const full = newestChain(given.collection)?.full;
  if (options.reuse.mode === 'never' || full === undefined) return undefined;
  try {
    if (backend.copy === undefined) throw new NotReusable('what is stored here cannot be copied in place');
    return await baseOf(repository, options, given);
  } catch (error) {
    if (!(error instanceof NotReusable) && !isAboutBase(error)) throw error;
    sayNotReused(repository, full, error);
    return undefined;
  }
}

/** Why a full backup is an ordinary one. */
export function sayNotReused({ emit }: Repository, { end }: BackupSet, { message }: Error): void {
  const why = message.replace(/\.$/, '');
  emit({ kind: 'notice', text: `Volumes of the full backup of ${asctime(end)} are not reused: ${why}.` });
}

/** Whatever is wrong with an older backup is not in the way of a new one. */
export function isAboutBase(error: unknown): error is DuplicityError {
  return error instanceof CryptoError || error instanceof IntegrityError || error instanceof BackendError;
}

async function baseOf(repository: Repository, options: ReuseOptions, given: Given): Promise<ReuseBase | undefined> {
  const { codec } = given;
  const { chain, signatures, collection } = await knownChain(repository, given.collection);
  const { full } = chain;
  const manifest = await readSetManifest(repository, full);
  const damage = damageOf(full, manifest);
  if (damage !== undefined) throw damage;
  if (manifest.records !== manifest.volumes.length) {
    throw new NotReusable('another program has resumed it, and its signatures may not be those of its volumes');
  }
  if (!options.mayChangeSource) checkSameSource(repository, manifest, options);
  const volumes = volumesOf(repository, { collection, full, manifest, codec, options, after: given.after });
  // An interrupted run has got further than all of them.
  if (volumes.every(({ fate }) => fate === 'changed')) return undefined;
  if (!volumes.some(({ fate }) => fate === 'clean' || fate === 'old')) {
    throw new NotReusable('none of them is there in the way this run encodes them');
  }
  const locks = await checkLocks(repository, { full, manifest, codec, isAskedFor: options.reuse.mode !== 'auto' });
  if (typeof locks === 'string') throw new NotReusable(locks);
  return { set: full, volumes, signatures, locks: locks.today };
}

function newestChain(collection: Collection): BackupChain | undefined {
  return collection.chains
    .filter(({ full }) => !full.isPartial && !isAhead(collection, full))
    .toSorted((a, b) => a.start - b.start)
    .at(-1);
}

interface KnownChain {
  readonly collection: Collection;
  readonly chain: BackupChain;
  readonly signatures: ReuseBase['signatures'];
}

/** With manifest and signatures at hand. */
async function knownChain(repository: Repository, listed: Collection): Promise<KnownChain> {
  const { dryRun, keys } = repository;
  const lacking = lackingOf(listed);
  const locked = lacking.find((name) => !keys.canRead(name));
  if (locked !== undefined) {
    throw new NotReusable(`${locked} is not in the archive dir, and to read it somebody would have to be asked`);
  }
  if (lacking.length === 0 || dryRun) return withSignatures(listed, dryRun);
  const known = await synchronise(repository, { needs: () => lacking, mayLack: true });
  return withSignatures(known, false);
}

/** Names of remote metadata of the newest chain that the archive dir does not hold. */
function lackingOf(collection: Collection): readonly string[] {
  const chain = newestChain(collection);
  if (chain === undefined) return [];
  const signaturesOf = signaturesBySet(collection);
  const files = finishedSets(chain).flatMap((set) => {
    const found = signaturesOf(set);
    return found?.place === 'remote' ? [found.file.name] : [];
  });
  const { manifest, localManifest } = chain.full;
  return localManifest === undefined && manifest !== undefined ? [...files, manifest] : files;
}

function withSignatures(collection: Collection, mayBeRemote: boolean): KnownChain {
  const chain = newestChain(collection);
  if (chain === undefined) throw new NotReusable('it cannot be read');
  const signaturesOf = signaturesBySet(collection);
  const [first, ...others] = finishedSets(chain).map((set) => {
    const found = signaturesOf(set);
    if (found !== undefined && (found.place === 'local' || mayBeRemote)) return found;
    throw new NotReusable(`the signatures of ${asctime(set.end)} are missing`);
  });
  if (first === undefined) throw new NotReusable('it cannot be read');
  return { collection, chain, signatures: [first, ...others] };
}

function finishedSets({ sets }: BackupChain): readonly BackupSet[] {
  return sets.filter(({ isPartial }) => !isPartial);
}

function checkSameSource(repository: Repository, manifest: Manifest, options: ReuseOptions): void {
  try {
    checkOrigin(repository, manifest, options);
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    throw new NotReusable(error.code === 'HOSTNAME_MISMATCH' ? 'it is of another host' : 'it is of another source');
  }
}

interface VolumesGiven extends Pick<Given, 'codec' | 'after' | 'collection'> {
  readonly full: BackupSet;
  readonly manifest: Manifest;
  readonly options: ReuseOptions;
}

function volumesOf(
  repository: Repository,
  { collection, full, manifest, codec, options, after }: VolumesGiven,
): readonly BaseVolume[] {
  const { archiveDir, remote, now } = repository;
  const oldest = now - options.reuse.maxAge;
  const files = new Map(collection.remote.map((file) => [file.name, file]));
  const isCoded = (name: string): boolean => {
    const file = files.get(name);
    const suffix = file?.encrypted === true ? '.gpg' : file?.compressed === true ? '.gz' : '';
    return suffix === codec.suffix && !remote.unusable.has(name);
  };
  const madeAt = madeTimes(readLedger(archiveDir), setKey(full), full.end);
  let before = manifest.volumes[0];
  return manifest.volumes.flatMap((record) => {
    const { number, start, end, hashes } = record;
    // The empty volume that the reference can leave at the end of a set.
    if (number > 1 && start.path === ROOT && start.block === undefined && end.block === undefined) return [];
    const [name = '', ...others] = full.volumes.get(number) ?? [];
    const sha1 = hashes.get('SHA1')?.toLowerCase() ?? '';
    const size = name === '' ? 0 : (remote.sizeOf(name) ?? remote.listedSizeOf(name) ?? 0);
    const isThere = name !== '' && others.length === 0 && sha1 !== '' && isCoded(name) && size !== 0;
    const goesOn = number === 1 || before?.end.block === undefined || before.end.path === start.path;
    before = record;
    const time = madeAt(sha1);
    const fate = fateOf({ isThere: isThere && goesOn, isKept: isKeptBy(after, start.path), time, oldest });
    return [{ number, name, start, end, sha1, size, madeAt: time, fate }];
  });
}

interface Standing {
  readonly isThere: boolean;
  readonly isKept: boolean;
  readonly time: EpochSeconds;
  readonly oldest: EpochSeconds;
}

function fateOf({ isThere, isKept, time, oldest }: Standing): Fate {
  if (!isThere) return 'missing';
  if (isKept) return 'changed';
  return time < oldest ? 'old' : 'clean';
}

/** What an interrupted run has stored already holds the beginning of the volume. */
function isKeptBy(after: ResumePoint | undefined, first: BaseVolume['start']['path']): boolean {
  return after !== undefined && comparePaths(first, after.path) <= 0;
}
