import { DifftarStream, type OpenVolume } from '../archive/difftar.ts';
import { volumesFor, type Manifest, type VolumeRecord } from '../archive/manifest.ts';
import { formatName, type Prefixes } from '../archive/names.ts';
import type { OnArchiveWarning } from '../archive/warning.ts';
import type { BackupSet } from '../collections/sets.ts';
import type { Codec } from '../crypto/codec.ts';
import { BackendError, CryptoError, IntegrityError, type DuplicityError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import type { BytePath } from '../util/bytepath.ts';
import type { FetchedFile, Remote } from './remote.ts';

export interface SetReaderOptions {
  readonly remote: Remote;
  /** The codec a file name asks for. */
  readonly codecOf: (name: string) => Codec;
  readonly prefixes: Prefixes;
  /** Key that every volume must be signed with. */
  readonly signer: string | undefined;
  /** How often a volume with a wrong hash is fetched. */
  readonly tries: number;
  /** Leave out volumes that cannot be read instead of stopping. */
  readonly ignoreErrors: boolean;
  readonly onWarning: OnArchiveWarning;
  /** A volume was left out because of this. */
  readonly onSkipped: (error: DuplicityError) => void;
  /** A volume has been read. */
  readonly onVolume: () => void;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** The volumes of one set that a restore has to read. */
export interface SetPlan {
  readonly set: BackupSet;
  readonly records: readonly VolumeRecord[];
  readonly startsInside: boolean;
  readonly endsInside: boolean;
}

interface PlanRules {
  readonly prefixes: Prefixes;
  readonly ignoreErrors: boolean;
}

/**
 * Chooses the volumes that can hold `wanted`. A volume that the manifest names and the remote does not hold stops a
 * restore before anything is written.
 */
export function planSet(set: BackupSet, manifest: Manifest, wanted: BytePath, rules: PlanRules): SetPlan {
  const { prefixes, ignoreErrors } = rules;
  const damage = damageOf(set, manifest);
  if (damage !== undefined && !ignoreErrors) throw damage;
  const records = volumesFor(manifest, wanted);
  const missing = records.find(({ number }) => !set.volumes.has(number));
  if (missing !== undefined && !ignoreErrors) throw missingVolume(set, missing, prefixes);
  return {
    set,
    records,
    startsInside: records[0] !== manifest.volumes[0],
    endsInside: records.at(-1) !== manifest.volumes.at(-1),
  };
}

/**
 * A manifest that was cut off still reads well: it names fewer volumes or files than there are. One with its whole list of
 * files, which is written last, is not cut: a volume more is then left from an attempt before a resumed one.
 */
function damageOf(set: BackupSet, { volumes, fileList }: Manifest): IntegrityError | undefined {
  const known = new Set(volumes.map(({ number }) => number));
  const isWhole = fileList !== undefined && fileList.found >= fileList.announced;
  const surplus = isWhole ? undefined : [...set.volumes.keys()].find((number) => !known.has(number));
  const gap = volumes.findIndex(({ number }, i) => number !== i + 1);
  const isShort = fileList !== undefined && !isWhole;
  if (surplus === undefined && gap < 0 && !isShort) return undefined;
  const what =
    surplus !== undefined
      ? `does not name volume ${surplus}, which is there`
      : gap >= 0
        ? `names no volume ${gap + 1}`
        : `announces ${fileList?.announced ?? 0} changed files and lists ${fileList?.found ?? 0}`;
  const name = set.localManifest ?? set.manifest ?? 'The manifest';
  return new IntegrityError('DAMAGED', `${name} is damaged or cut off: it ${what}.`, {
    hint: 'Restore from an earlier set with --time, or rescue what this one names with --ignore-errors.',
  });
}

/** Names of the files a plan reads, in reading order. */
export function volumeNames(plan: SetPlan): readonly string[] {
  return plan.records.flatMap(({ number }) => plan.set.volumes.get(number)?.slice(0, 1) ?? []);
}

/** The entries of one set, fetched volume by volume as they are read. */
export function openSet(plan: SetPlan, options: SetReaderOptions): DifftarStream {
  const { startsInside, endsInside } = plan;
  return new DifftarStream(openVolumes(plan, options), { onWarning: options.onWarning, startsInside, endsInside });
}

async function* openVolumes({ set, records }: SetPlan, options: SetReaderOptions): AsyncGenerator<OpenVolume> {
  for (const record of records) {
    let found: { readonly name: string; readonly file: FetchedFile };
    try {
      found = await fetchVolume(set, record, options);
    } catch (error) {
      if (!options.ignoreErrors || !(error instanceof IntegrityError || error instanceof BackendError)) throw error;
      options.onSkipped(error);
      continue;
    }
    const { name, file } = found;
    try {
      const { signer, signal } = options;
      const codec = options.codecOf(name);
      if (signer !== undefined && codec.suffix !== '.gpg') throw notSigned(name, signer);
      const bytes = codec.open(file.path, { name, signal, reuses: true, ...(signer !== undefined && { signer }) });
      yield { name, bytes };
    } finally {
      file.release();
    }
    options.onVolume();
  }
}

/** Of several files that claim the number, the one with the right hash. */
async function fetchVolume(
  set: BackupSet,
  record: VolumeRecord,
  options: SetReaderOptions,
): Promise<{ readonly name: string; readonly file: FetchedFile }> {
  const candidates = set.volumes.get(record.number) ?? [];
  if (candidates.length === 0) throw missingVolume(set, record, options.prefixes);
  const algorithm = record.hashes.has('SHA1') || !record.hashes.has('MD5') ? 'SHA1' : 'MD5';
  const expected = record.hashes.get(algorithm)?.toLowerCase();
  let seen = '';
  for (let attempt = 0; attempt < options.tries; attempt++) {
    for (const name of candidates) {
      const file = await options.remote.fetch(name);
      if (expected === undefined) {
        options.emit({ kind: 'warning', text: `The manifest holds no hash for ${name}: it is taken as it is.` });
        return { name, file };
      }
      seen = file.hash(algorithm);
      if (seen === expected) return { name, file };
      file.release();
    }
    // A file read in place does not change by reading it again.
    if (options.remote.isLocal) break;
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
    { hint: 'The volume is damaged. What the other volumes hold can be rescued with --ignore-errors.' },
  );
}

function notSigned(name: string, signer: string): CryptoError {
  return new CryptoError('UNSIGNED_VOLUME', `Volume was signed by key None, not ${signer}: ${name} is not encrypted.`, {
    hint: 'Leave --sign-key away to read a backup that is not signed.',
  });
}

function missingVolume(set: BackupSet, record: VolumeRecord, prefixes: Prefixes): BackendError {
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
      hint: 'Bring the file back, or rescue what the other volumes hold with --ignore-errors.',
    },
  );
}
