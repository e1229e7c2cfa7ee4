import { statSync } from 'node:fs';
import { BEFORE } from '../../archive/manifest/rehashed.ts';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import { formatName, type Prefixes } from '../../archive/names/names.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { type FileStamp, stampOf } from '../../crypto/file-stamp.ts';
import { BackendError, IntegrityError } from '../../errors/errors.ts';
import type { FetchedFile, Remote } from '../remote.ts';
import { lookAtStored } from '../stored-bytes.ts';

export interface FetchedVolume {
  readonly name: string;
  readonly file: FetchedFile;
  /** The manifest holds a hash, and it is the file's. */
  readonly isChecked: boolean;
  /** What the file was when its hash was found to be right. */
  readonly stamp?: FileStamp;
  /** The manifest is as hard to forge as an encrypted volume. */
  readonly isAuthentic: boolean;
}

interface FetchOptions {
  readonly remote: Remote;
  readonly prefixes: Prefixes;
  /** How often a volume with a wrong hash is fetched. */
  readonly tries: number;
  readonly signal: AbortSignal;
}

/** Of several files that claim the number, the one with the right hash. */
export async function fetchVolume(
  set: BackupSet,
  record: VolumeRecord,
  { remote, prefixes, tries, signal }: FetchOptions,
): Promise<FetchedVolume> {
  const candidates = set.volumes.get(record.number) ?? [];
  if (candidates.length === 0) throw missingVolume(set, record, prefixes);
  const algorithm = record.hashes.has('SHA1') || !record.hashes.has('MD5') ? 'SHA1' : 'MD5';
  const expected = record.hashes.get(algorithm)?.toLowerCase();
  const before = record.hashes.get(BEFORE)?.toLowerCase();
  let seen = '';
  for (let attempt = 0; attempt < tries; attempt++) {
    for (const name of candidates) {
      const file = await remote.fetch(name, signal, expected === undefined ? undefined : algorithm);
      if (expected === undefined) return { name, file, isChecked: false, isAuthentic: false };
      const stored = { name, path: file.path, isLocal: remote.isLocal };
      const stamp = lookAtStored(stored, () => stampOf(statSync(file.path)));
      seen = await lookAtStored(stored, () => file.hashInTurns(algorithm, signal));
      // While a set is given other keys, the file before is right as well.
      if (seen === expected || seen === before)
        return { name, file, isChecked: true, stamp, isAuthentic: isAuthentic(set) };
      file.release();
    }
    // A file read in place does not change by reading it again.
    if (remote.isLocal) break;
  }
  const name = candidates[0] ?? `volume ${record.number}`;
  throw new IntegrityError(
    'MISMATCHED_HASH',
    [
      `Invalid data - ${algorithm} hash mismatch for file:`,
      ` ${name} (volume ${record.number})`,
      ` Calculated hash: ${seen}`,
      ` Manifest hash: ${expected ?? ''}`,
    ].join('\n'),
    { hint: 'The volume is damaged. What the other volumes hold can be rescued with "restore --salvage".' },
  );
}

/** Anyone can write an unencrypted manifest beside encrypted volumes. */
function isAuthentic({ manifests }: BackupSet): boolean {
  return manifests.length > 0 && manifests.every((name) => name.endsWith('.gpg'));
}

export function missingVolume(set: BackupSet, record: VolumeRecord, prefixes: Prefixes): BackendError {
  const name = formatName(
    {
      kind: 'volume',
      type: set.type,
      start: set.start,
      end: set.end,
      volume: record.number,
      encrypted: set.encrypted,
      compressed: !set.encrypted,
    },
    prefixes,
  );
  const [algorithm, hash] = [...record.hashes][0] ?? ['SHA1', 'unknown'];
  return new BackendError(
    'BACKEND_NOT_FOUND',
    `Volume ${record.number} (${name}, ${algorithm} ${hash}) is in the manifest but not on the remote.`,
    {
      retryable: false,
      fields: ['get', `'${name}'`],
      hint: 'Bring the file back, or rescue what there is with "restore --salvage".',
    },
  );
}
