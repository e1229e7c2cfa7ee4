import { formatJsonStatistics } from '../../archive/jsonstat.ts';
import { ChangedMeanwhile } from '../../pipeline/pack/resume-point.ts';
import { preflight } from '../../repository/preflight/preflight.ts';
import { checkResources } from '../../repository/preflight/resources.ts';
import { lockArchive } from '../../repository/lock.ts';
import { storeJsonStatistics } from '../../repository/metadata/json-statistics.ts';
import { keepRates } from '../../repository/rates.ts';
import type { Repository } from '../../repository/repository.ts';
import { ownPlaces, warnOfOwnRoot } from '../../repository/source/own-places.ts';
import { openSource } from '../../repository/source/source-tree.ts';
import { warnOfLink } from './base/check-source.ts';
import { dryRun } from './dry-run.ts';
import type { BackupOptions } from './options.ts';
import { type Attempt, planSet } from './plan-set.ts';
import { type BackupResult, resultOf } from './result.ts';
import { LeftoversStay } from './resume/leftovers.ts';
import { storeSet } from './store-set.ts';

/** Writes one backup set of the source; in a dry run finds out what it would hold. */
export async function backup(repository: Repository, options: BackupOptions): Promise<BackupResult> {
  let attempt: Attempt | undefined = { mayResume: true, mayGoOnInFile: true, mayReuse: true };
  for (;;) {
    try {
      return await makeSet(repository, options, attempt);
    } catch (error) {
      attempt = lesser(attempt, error);
      if (attempt === undefined) throw error;
      if (error instanceof Error) repository.emit({ kind: 'info', text: error.message });
    }
  }
}

/** What another attempt may rely on when this one has failed so; undefined: it would fail the same way. */
function lesser(attempt: Attempt, error: unknown): Attempt | undefined {
  const { mayResume, mayGoOnInFile, mayReuse } = attempt;
  if (error instanceof LeftoversStay && mayResume) return { ...attempt, mayResume: false };
  if (!(error instanceof ChangedMeanwhile)) return undefined;
  if (mayGoOnInFile) return { ...attempt, mayGoOnInFile: false };
  return mayReuse ? { ...attempt, mayReuse: false } : undefined;
}

async function makeSet(repository: Repository, options: BackupOptions, attempt: Attempt): Promise<BackupResult> {
  const leavesOut = ownPlaces(repository, 'warning');
  const source = openSource(repository, options.source, { ...options, code: 'BACKUP_DIR_MISSING', leavesOut });
  warnOfLink(repository, options);
  warnOfOwnRoot(repository, options.source.path);
  using lock = await lockArchive(repository);
  void lock;
  checkResources(repository, options);
  const plan = await planSet(repository, options, attempt);
  await preflight(repository, { ...plan, isResumed: plan.resumption !== undefined });
  const write = repository.dryRun ? dryRun : storeSet;
  const outcome = await write(repository, options, { source, plan });
  await keepRates(repository);
  const result = resultOf(repository, options, { ...outcome, base: plan.base, fullBecause: plan.fullBecause });
  if (outcome.kind === 'stored' && options.keepsStatistics) {
    const text = formatJsonStatistics(result.statistics, result.meta);
    await storeJsonStatistics(repository, { ...outcome.set, codec: plan.codecs.volume }, text);
  }
  return result;
}
