import { randomInt } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { CheckOptions } from '../actions/check/check.ts';
import type { DrillOptions } from '../actions/drill/drill.ts';
import type { DoctorOptions } from '../actions/doctor/doctor.ts';
import type { BackupOptions } from '../actions/backup/options.ts';
import type { TooOld } from '../actions/remove/remove-old.ts';
import type { Policy } from '../collections/prune/policy.ts';
import type { RepairOptions } from '../actions/repair/repair.ts';
import type { RestoreOptions } from '../actions/restore/restore.ts';
import type { PruneOptions } from '../actions/remove/prune.ts';
import type { SquashOptions, SquashRules } from '../actions/squash/squash.ts';
import type { VerifyOptions } from '../actions/verify/verify.ts';
import { newPassphraseOf } from '../crypto/passphrase.ts';
import { UsageError } from '../errors/errors.ts';
import type { RelockerOptions } from '../repository/keys.ts';
import { type BytePath, bytePath, toScreen } from '../util/bytepath.ts';
import { encodingFor, secondsOf, type StoreOptions } from './options.ts';
import { bytesOf, type PathInput, withinBackup } from './paths.ts';
import type {
  TreeRequest,
  BackupRequest,
  RestoreRequest,
  VerifyRequest,
  RemoveRequest,
  PruneRequest,
  CheckRequest,
  DoctorRequest,
  DrillRequest,
  RepairRequest,
  SquashRequest,
  RekeyRequest,
} from './requests.ts';

const VOLUME_BYTES = 200 * 1024 * 1024;
const BLOCK_BYTES = 2048;
const HALF_A_YEAR = 180 * 86_400;

export function backupOptions(request: BackupRequest): BackupOptions {
  const source = absolute(request.source, 'source');
  return {
    kind: request.kind ?? 'auto',
    source: { path: source },
    absoluteSource: source,
    ...seen(request),
    fullIfOlderThan: secondsOf(request.fullIfOlderThan),
    fullIfChainLongerThan: request.fullIfChainLongerThan,
    fullIfChainLargerThan: request.fullIfChainLargerThan,
    fullIfRestoreLongerThan: request.fullIfRestoreLongerThan,
    checksRemote: true,
    mayChangeSource: request.mayChangeSource ?? false,
    numericOwner: request.numericOwner ?? false,
    volumeSize: request.volumeSize ?? VOLUME_BYTES,
    maxBlockSize: BLOCK_BYTES,
    concurrency: request.concurrency,
    listsFiles: true,
    skipsUnchanged: request.skipUnchanged ?? false,
    keepsStatistics: false,
    announcesFiles: request.announceFiles ?? false,
    progressInterval: undefined,
    reuse: { mode: request.reuseVolumes ?? 'auto', maxAge: request.reuseMaxAge ?? HALF_A_YEAR },
    failOnVolume: undefined,
  };
}

export function restoreOptions(request: RestoreRequest, { keys }: StoreOptions): RestoreOptions {
  const { time, path, overwrite = false, owners = 'names', ignoreErrors = false } = request;
  return {
    target: absolute(request.to, 'to'),
    time: secondsOf(time),
    paths: [withinBackup(path)],
    force: overwrite,
    owners,
    ignoreErrors,
    signer: keys?.signWith,
  };
}

export function verifyOptions(request: VerifyRequest, { keys }: StoreOptions): VerifyOptions {
  const { time, path, compareData = false, ignoreErrors = false, numericOwner = false } = request;
  return {
    against: { path: absolute(request.against, 'against') },
    time: secondsOf(time),
    paths: [withinBackup(path)],
    compareData,
    ignoreErrors,
    numericOwner,
    signer: keys?.signWith,
    ...seen(request),
  };
}

export function squashOptions(request: SquashRequest, options: StoreOptions): SquashOptions {
  return {
    from: secondsOf(request.from),
    to: secondsOf(request.to),
    force: request.dryRun !== true,
    ...squashRules(request, options),
  };
}

export function pruneOptions(request: PruneRequest, options: StoreOptions): PruneOptions {
  const { squash, dryRun } = request;
  const policy = policyOf(request);
  return { policy, force: dryRun !== true, ...(squash !== undefined && { squash: squashRules(squash, options) }) };
}

function squashRules(
  { volumeSize = VOLUME_BYTES, concurrency }: Pick<SquashRequest, 'volumeSize' | 'concurrency'>,
  { keys = {} }: StoreOptions,
): SquashRules {
  return { volumeSize, concurrency, listsFiles: true, signer: keys.signWith };
}

export function drillOptions(request: DrillRequest, { keys }: StoreOptions): DrillOptions {
  const { source, files = 10, bytes = 1024 ** 3, expectAfter, seed = randomInt(2 ** 32) } = request;
  return {
    source: source === undefined ? undefined : { path: absolute(source, 'source') },
    ...seen(request),
    files,
    bytes,
    expectAfter: secondsOf(expectAfter),
    seed,
    signer: keys?.signWith,
  };
}

export function doctorOptions(
  { source, volumeSize = VOLUME_BYTES }: DoctorRequest,
  options: StoreOptions,
): DoctorOptions {
  const path = source === undefined ? undefined : absolute(source, 'source');
  return {
    source: path && { source: { path }, absoluteSource: path, mayChangeSource: false },
    encoding: encodingFor(options),
    packing: { volumeSize },
    env: options.env ?? {},
    tell: () => undefined,
  };
}

export function checkOptions(request: CheckRequest): CheckOptions {
  const { percent, budget, notProvenSince, time, readData = false, deep = false, forgetMissing = false } = request;
  if (deep && (percent !== undefined || budget !== undefined || notProvenSince !== undefined)) {
    throw new UsageError(
      'USER_ERROR',
      '`deep` reads all: it does not go with `percent`, `budget` and `notProvenSince`.',
    );
  }
  return {
    percent,
    budget,
    notSince: secondsOf(notProvenSince),
    time: secondsOf(time),
    readsData: readData,
    deep,
    forgetsMissing: forgetMissing,
  };
}

export function repairOptions({ source }: RepairRequest): RepairOptions {
  return { source: source === undefined ? undefined : absolute(source, 'source') };
}

export function tooOld(request: RemoveRequest): TooOld {
  if ('olderThan' in request) return { kind: 'olderThan', time: secondsOf(request.olderThan) };
  if ('keepFulls' in request) return { kind: 'allButNFull', count: checkedCount(request.keepFulls) };
  return { kind: 'incsOfAllButNFull', count: checkedCount(request.keepIncrementsOf) };
}

function policyOf({ keep: { withinSeconds, ...counts } }: PruneRequest): Policy {
  for (const [rule, count] of Object.entries({ ...counts, withinSeconds })) {
    if (count === undefined || (count >= 0 && Number.isInteger(count))) continue;
    throw new UsageError('USER_ERROR', `${count} is nothing that \`${rule}\` can keep.`, {
      hint: 'Name a whole number, 0 for none.',
    });
  }
  return { ...counts, within: withinSeconds };
}

function checkedCount(count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw new UsageError('USER_ERROR', `${count} is no number of full backups to keep.`, {
    hint: 'Name a whole number, at least 1.',
  });
}

function seen({ select = [], copyLinks = false }: TreeRequest) {
  return { selection: select, copyLinks, nullSeparator: false };
}

/** In the form that manifests record: the library has no directory that a relative one could go from. */
function absolute(path: PathInput, option: string): BytePath {
  const bytes = bytesOf(path);
  if (isAbsolute(bytes))
    return bytePath(
      `/${bytes
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/')}`,
    );
  throw new UsageError('USER_ERROR', `${toScreen(bytes)} is not an absolute path.`, {
    hint: `Give \`${option}\` from the root of the file system on, as path.resolve() makes it.`,
  });
}

export async function rekeyChange({ addKeys = [], newPassphrase, drop = [] }: RekeyRequest): Promise<RelockerOptions> {
  const passphrase = newPassphrase === undefined ? false : newPassphraseOf(await newPassphrase());
  return { keys: addKeys, drop, newPassphrase: passphrase };
}
