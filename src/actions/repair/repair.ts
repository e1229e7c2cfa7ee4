import { setKey } from '../../collections/listing.ts';
import { CryptoError } from '../../errors/errors.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { check } from '../check/check.ts';
import { nameOfMetadata } from '../check/find/names.ts';
import { type FoundSet, survey, type Survey } from '../check/find/survey.ts';
import type { Damage } from '../check/report.ts';
import { mendSet } from './mend-set.ts';
import type { OtherPlace } from './other-place.ts';
import { isSpare, spareName } from './publish.ts';
import type { Mended, RepairReport, Unmended } from './report.ts';

export interface RepairOptions {
  /** The directory that was backed up. */
  readonly source?: BytePath | undefined;
  /** A place that holds the same backup. */
  readonly other?: OtherPlace | undefined;
}

/** What is mended can be what something else waits for. */
const ROUNDS = 12;

interface Look {
  readonly sets: number;
  readonly damage: readonly Damage[];
}

/**
 * Finds what is damaged or missing in the store, as `check --deep` does, and makes it again: of what lies at another place,
 * of the source, of the volumes. What cannot be made again is told, and stays as it is. A run that is killed leaves nothing
 * worse than before, and the next one goes on.
 */
export async function repair(repository: Repository, options: RepairOptions): Promise<RepairReport> {
  const { dryRun } = repository;
  const mended: Mended[] = [];
  let unmended: readonly Unmended[] = [];
  let look = await lookAt(repository, options);
  for (let round = 0; round < ROUNDS && look.damage.length > 0; round++) {
    const outcome = await mendAll(repository, look.damage, options);
    mended.push(...outcome.mended);
    ({ unmended } = outcome);
    if (outcome.mended.length === 0 || dryRun) break;
    look = await lookAt(repository, options);
    unmended = unmended.filter(({ file, place }) =>
      look.damage.some((one) => one.file === file && one.place === place),
    );
  }
  if (!dryRun) {
    unmended = [...unmended, ...leftOver(look.damage, unmended)];
    await dropSpares(repository, unmended);
  }
  return { sets: look.sets, mended, unmended, isProven: !dryRun && mended.length > 0, isPlanned: dryRun };
}

/** What an earlier run that was killed has left, as far as it is of no use any more. */
async function dropSpares(repository: Repository, unmended: readonly Unmended[]): Promise<void> {
  const { backend, call } = repository;
  const needed = new Set(unmended.map(({ file }) => spareName(file)));
  const spares: string[] = [];
  for await (const { name } of backend.list(call))
    if (isSpare(name, repository) && !needed.has(name)) spares.push(name);
  for (const name of spares) await backend.delete(name, call);
}

/** What was found at last, and is not told yet. */
function leftOver(damage: readonly Damage[], told: readonly Unmended[]): readonly Unmended[] {
  const isTold = (one: Damage): boolean => told.some(({ file, place }) => file === one.file && place === one.place);
  return damage
    .filter((one) => !isTold(one))
    .map(({ file, set, part, place, reason }) => ({ file, set, part, place, reason: reason.replace(/\.$/, '') }));
}

/** What is damaged: with the key, if it is at hand. */
async function lookAt(repository: Repository, { other }: RepairOptions): Promise<Look> {
  // Nothing but what was proven is written down.
  const looking = { ...repository, dryRun: false };
  const isKeyless = other !== undefined && (await needsAsking(repository));
  try {
    return withUnfinished(await check(looking, { deep: !isKeyless }), await quietSurvey(repository), repository);
  } catch (error) {
    if (!(error instanceof CryptoError) || other === undefined) throw error;
    return check(looking, { deep: false });
  }
}

/** Whether somebody would have to be asked for a passphrase. */
async function needsAsking({ backend, keys, call }: Repository): Promise<boolean> {
  for await (const { name } of backend.list(call)) if (keys.wouldAsk(name)) return true;
  return false;
}

/** Sets that have all but the manifest: signatures come behind the last volume. */
function withUnfinished(report: Look, { collection }: Survey, { prefixes }: Repository): Look {
  const signed = new Set(
    collection.remote
      .filter(({ kind, ...file }) => kind === 'signatures' && !('partial' in file && file.partial))
      .map(setKey),
  );
  const told = new Set(report.damage.filter(({ part }) => part === 'manifest').map(({ set }) => setKey(set)));
  const more = collection.incomplete
    .filter((set) => !set.isPartial && set.manifest === undefined && signed.has(setKey(set)) && !told.has(setKey(set)))
    .map(({ type, start, end, ...set }): Damage => {
      const file = nameOfMetadata('manifest', { type, start, end, ...set }, prefixes);
      const about = { kind: 'missing', part: 'manifest', place: 'remote', set: { type, start, end } } as const;
      return { ...about, file, reason: 'It is not there.', lost: undefined, remedy: '' };
    });
  return { sets: report.sets, damage: [...report.damage, ...more] };
}

function quietSurvey(repository: Repository): Promise<Survey> {
  return survey({ ...repository, emit: () => undefined }, { mayAsk: true, forgetsMissing: false });
}

async function mendAll(
  repository: Repository,
  damage: readonly Damage[],
  options: RepairOptions,
): Promise<{ readonly mended: readonly Mended[]; readonly unmended: readonly Unmended[] }> {
  const mended: Mended[] = [];
  const unmended: Unmended[] = [];
  const bySet = new Map<string, Damage[]>();
  for (const one of damage.toSorted((a, b) => a.set.end - b.set.end)) {
    const key = setKey(one.set);
    bySet.set(key, [...(bySet.get(key) ?? []), one]);
  }
  for (const [key, own] of bySet) {
    const known = await quietSurvey(repository);
    const found = known.sets.find(({ set }) => setKey(set) === key) ?? unfinished(known, key);
    if (found === undefined) {
      const reason = 'nothing of the set is there';
      unmended.push(...own.map(({ file, set, part, place }) => ({ file, set, part, place, reason })));
      continue;
    }
    using lock = await lockArchive(repository);
    void lock;
    const outcome = await mendSet(
      repository,
      { survey: known, found, damage: unique(own) },
      {
        source: options.source,
        other: options.other,
      },
    );
    mended.push(...outcome.mended);
    unmended.push(...outcome.unmended);
  }
  return { mended, unmended };
}

/** Of one file the first, unless another one is about a copy. */
function unique(damage: readonly Damage[]): readonly Damage[] {
  return damage.filter(
    (one, i) => damage.findIndex(({ file, place }) => file === one.file && place === one.place) === i,
  );
}

function unfinished({ collection }: Survey, key: string): FoundSet | undefined {
  const set = collection.incomplete.find((one) => setKey(one) === key);
  if (set === undefined) return undefined;
  const named = (files: Survey['collection']['remote']): readonly string[] =>
    files.filter((file) => file.kind === 'signatures' && !file.partial && setKey(file) === key).map(({ name }) => name);
  return {
    set,
    manifest: undefined,
    source: undefined,
    lock: undefined,
    other: undefined,
    signatures: named(collection.remote),
    localSignatures: named(collection.local)[0],
  };
}
