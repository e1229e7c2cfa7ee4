import { readFileSync, rmSync } from 'node:fs';
import type { Manifest } from '../../../archive/manifest/manifest.ts';
import { readManifest } from '../../../archive/manifest/manifest-reader.ts';
import { readLedger } from '../../../cache/ledger.ts';
import { setKey } from '../../../collections/listing.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import type { Codec } from '../../../crypto/codec.ts';
import { areAlike, type Locks, readLocks } from '../../../crypto/openpgp/reading/locks.ts';
import { CryptoError } from '../../../errors/errors.ts';
import type { Marked } from '../../../pipeline/reuse/volume-marks.ts';
import { readHead } from '../../../repository/read-head.ts';
import type { Repository } from '../../../repository/repository.ts';
import { gate } from '../../../util/gate.ts';

/** Enough for a dozen recipients with long keys. */
const HEAD_BYTES = 8192;

const LOOKS = 64;

interface Locked {
  readonly full: BackupSet;
  /** As the archive dir has it. */
  readonly manifest: Manifest;
  readonly codec: Codec;
  /** Reuse is asked for by name, where not all can be found out. */
  readonly isAskedFor: boolean;
}

/**
 * Whether who can open what is written now can open the full backup, and nobody else; a text says why not. What is copied
 * stays encrypted to whom it was. The manifest stands for all of it.
 */
export async function checkLocks(
  repository: Repository,
  locked: Locked,
): Promise<string | { readonly today: Locks | undefined }> {
  const { full, manifest, codec, isAskedFor } = locked;
  const { keys } = repository;
  const name = full.manifest;
  if (name === undefined) return 'its manifest is not on the remote';
  let today: Locks | undefined;
  if (codec.suffix === '.gpg') {
    today = await locksOfToday(repository, codec);
    const before = await locksOf(repository, name);
    if (today === undefined || before === undefined) return 'who can open them is not known';
    if (!areAlike(today, before)) return 'they are encrypted to other keys';
    if (today.hidden > 0 && !isAskedFor) {
      return 'they are encrypted to hidden keys, which cannot be compared (--reuse-volumes=copy takes them for the same)';
    }
  }
  const reading = await readWithKey(repository, name);
  if (typeof reading === 'string') return reading;
  if (reading.manifest !== undefined && !agree(reading.manifest, manifest)) {
    return 'its manifest is another one than that in the archive dir';
  }
  if (reading.isSigned || isAskedFor || !isSignedOtherwise(repository, full)) return { today };
  return keys.signer === undefined
    ? 'they are signed'
    : 'whether they are signed by the same key is not known (--reuse-volumes=copy takes that for granted)';
}

/**
 * A set that was interrupted can have volumes for other keys than its manifest: of each that is to be taken over the first
 * bytes are looked at.
 */
export async function checkVolumeLocks(
  repository: Repository,
  today: Locks | undefined,
  { volumes, fates }: Pick<Marked, 'volumes' | 'fates'>,
): Promise<void> {
  if (today === undefined) return;
  const pass = gate(Math.max(1, repository.backend.traits.parallel));
  const look = async (index: number, name: string): Promise<void> => {
    const locks = await pass(() => locksOf(repository, name));
    if (locks === undefined || !areAlike(locks, today)) fates[index] = 'locked';
  };
  // Few at a time: there can be many thousands.
  const waiting = [...volumes.entries()].filter(([index]) => fates[index] === 'clean');
  while (waiting.length > 0) {
    await Promise.all(waiting.splice(0, LOOKS).map(([index, { name }]) => look(index, name)));
  }
}

/** Who can open a remote file. */
async function locksOf(repository: Repository, name: string): Promise<Locks | undefined> {
  return readLocks(await readHead(repository, name, HEAD_BYTES));
}

/** By a file that is written for that. */
async function locksOfToday({ spool, call }: Repository, codec: Codec): Promise<Locks | undefined> {
  const path = spool.newPath('locks');
  const file = await codec.create(path, call.signal);
  await file.finish();
  try {
    return readLocks(readFileSync(path));
  } finally {
    rmSync(path, { force: true });
  }
}

interface Reading {
  /** Undefined when it takes a key or passphrase that is not here. */
  readonly manifest: Manifest | undefined;
  /** By the key that signs now. */
  readonly isSigned: boolean;
}

/**
 * The remote manifest, where that can be read without asking for anything: a passphrase that does not open it is not that
 * of the volumes. Whoever encrypts to a key need not have the secret half.
 */
async function readWithKey(repository: Repository, name: string): Promise<Reading | string> {
  const { keys, remote, call } = repository;
  const nothing = { manifest: undefined, isSigned: false };
  if (!keys.canRead(name)) return keys.isSymmetric && name.endsWith('pg') ? 'their passphrase is not known' : nothing;
  const codecOf = await keys.reader([name]);
  const file = await remote.fetch(name);
  const read = (signer?: string): Promise<Manifest> => {
    const options = { name, signal: call.signal, ...(signer !== undefined && { signer }) };
    return readManifest(codecOf(name).open(file.path, options), { name });
  };
  try {
    if (keys.signer !== undefined && codecOf(name).suffix === '.gpg') {
      return { manifest: await read(keys.signer), isSigned: true };
    }
    return { manifest: await read(), isSigned: false };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    if (error.code === 'UNSIGNED_VOLUME') return 'they are not signed by the same key';
    return keys.isSymmetric ? 'they have another passphrase' : nothing;
  } finally {
    file.release();
  }
}

/** Of a set that was signed by somebody else, or by nobody, as far as that was noted when it was made. */
function isSignedOtherwise({ keys, archiveDir }: Repository, full: BackupSet): boolean {
  const key = setKey(full);
  const made = readLedger(archiveDir).findLast((record) => record.what === 'made' && record.set === key);
  const signer = made?.what === 'made' ? made.signer : undefined;
  return signer === undefined ? keys.signer !== undefined : !isSameKey(signer, keys.signer);
}

/** Ids of keys can be cut on the left. */
function isSameKey(a: string, b: string | undefined): boolean {
  const [long, short] = [a, b ?? '']
    .map((id) => id.replace(/^0x/i, '').toUpperCase())
    .toSorted((x, y) => y.length - x.length);
  return b !== undefined && long !== undefined && short !== undefined && long.endsWith(short);
}

function agree(a: Manifest, b: Manifest): boolean {
  const hashes = ({ volumes }: Manifest): string => volumes.map(({ hashes }) => hashes.get('SHA1')).join();
  return hashes(a) === hashes(b);
}
