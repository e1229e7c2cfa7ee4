import { appendLedger } from '../../cache/ledger.ts';
import { ChainError } from '../../errors/errors.ts';
import { wantedTime } from '../../repository/load-collection.ts';
import type { Repository } from '../../repository/repository.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { chooseProofs, type HowMuch } from './choose-proofs.ts';
import { type DeepProofs, deepCheck } from './deep/deep-check.ts';
import { survey, type Survey } from './find/survey.ts';
import { provableFiles, type Provable } from './prove/provable.ts';
import { proveAll, type Proofs } from './prove/prove-all.ts';
import { oddLocks } from './odd-locks.ts';
import { settleManifests } from './settle-manifests.ts';
import type { Amount, CheckReport, Unproven } from './report.ts';
import { stillThere } from './still-there.ts';

export interface CheckOptions extends HowMuch {
  /** Only the sets that the state of this time is restored from. */
  readonly time?: EpochSeconds | undefined;
  /** Bytes are fetched whatever the store tells of them. */
  readonly readsData?: boolean;
  /** Contents are decoded, and compared with the signatures. */
  readonly deep?: boolean;
  /** Sets that have vanished were removed on purpose, by another machine: they are not asked for any more. */
  readonly forgetsMissing?: boolean;
}

/**
 * Proves what is stored: names and sizes, manifests, and the bytes of volumes and signatures, without any key as far as
 * the archive dir has the manifests. Changes nothing but the ledger of the archive dir.
 */
export async function check(repository: Repository, options: CheckOptions = {}): Promise<CheckReport> {
  const { dryRun, keys, remote } = repository;
  const { time, deep = false, readsData = false, forgetsMissing = false } = options;
  const found = await survey(repository, {
    time: time === undefined ? undefined : wantedTime(repository, time),
    mayAsk: deep,
    forgetsMissing,
  });
  if (found.sets.length === 0 && found.damage.length === 0) throw nothingThere(found);
  const canRead = (name: string): boolean => deep || !keys.wouldAsk(name);
  const files = found.sets.map((one) =>
    provableFiles(one, { memory: found.memory, sizeOf: remote.listedSizeOf, canRead }),
  );
  const provable = files.flatMap((one) => one.provable);
  const chosen = chooseProofs(provable, options);
  if (!dryRun) appendLedger(repository.archiveDir, found.proven);
  const decoded = deep && !dryRun ? await deepCheck(repository, found) : NOT_DECODED;
  const toProve = chosen.filter(({ file }) => !decoded.proven.has(file));
  const proofs = dryRun ? planned(chosen) : await proveAll(repository, toProve, { readsData, canRead });
  const proven = new Set([...proofs.proven, ...chosen.filter(({ file }) => decoded.proven.has(file))]);
  const all = [...settleManifests(found, proofs), ...oddLocks(found, proofs), ...proofs.damage, ...decoded.damage];
  const { damage, removed } = await stillThere(
    repository,
    found.sets.map(({ set }) => set),
    all,
  );
  const rest = provable.filter((one) => !proven.has(one));
  const times = provable.flatMap((one) => (proven.has(one) ? repository.now : (one.remembered?.at ?? [])));
  return {
    sets: found.sets.length,
    damage: damage.toSorted((a, b) => a.set.end - b.set.end || a.set.start - b.set.start),
    now: amountOf(proven),
    byChecksum: amountOf(proofs.byChecksum),
    before: amountOf(rest.filter(({ wasProven }) => wasProven)),
    never: amountOf(rest.filter(({ wasProven }) => !wasProven)),
    // A call takes no more than some ten thousand arguments, and a store may have more files.
    oldest: times.reduce<number | undefined>((a, b) => (a === undefined ? b : Math.min(a, b)), undefined),
    unproven: unprovenOf(found, [...files.flatMap((one) => one.unproven), ...proofs.unproven]),
    removed,
    unfinished: found.unfinished,
    isDeep: deep,
    isPlanned: dryRun,
  };
}

const NOT_DECODED: DeepProofs = { damage: [], proven: new Set() };

function planned(chosen: readonly Provable[]): Proofs {
  return { proven: new Set(chosen), byChecksum: new Set(), damage: [], unproven: [], witnesses: new Map() };
}

function unprovenOf(found: Survey, more: readonly Unproven[]): readonly Unproven[] {
  const byFile = new Map([...found.unproven, ...more].map((one) => [one.file, one]));
  return [...byFile.values()];
}

function amountOf(files: Iterable<Provable>): Amount {
  let [count, bytes] = [0, 0];
  for (const { size } of files) {
    count++;
    bytes += size;
  }
  return { files: count, bytes };
}

/** A place that holds nothing must not pass: perhaps it is not mounted. */
function nothingThere({ unfinished }: Survey): ChainError {
  const some = unfinished.length === 0 ? '' : ' What is there was never finished.';
  return new ChainError('EXCEPTION', `No backup chains found.${some}`, {
    exception: 'CollectionsError',
    hint: 'Check the URL and the --file-prefix options: nothing there is a complete backup.',
  });
}
