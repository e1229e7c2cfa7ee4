import type { BackupMeta } from '../../archive/jsonstat.ts';
import { redact } from '../../backends/url/url.ts';
import type { FullReason } from '../../collections/full-due.ts';
import { idOf, type SetId } from '../../collections/sets.ts';
import type { BackupStatistics } from '../../events/statistics.ts';
import type { Repository } from '../../repository/repository.ts';
import { toScreen } from '../../util/bytepath.ts';
import type { BackupOptions } from './options.ts';
import type { SetPlan } from './plan-set.ts';
import type { ReuseReport } from './reuse/report.ts';

/** What a backup has done. */
export interface BackupResult {
  /** `skipped`: nothing had changed. `planned`: a dry run. */
  readonly kind: 'stored' | 'skipped' | 'planned';
  /** The set that was written, or would be; undefined when none was. */
  readonly set: SetId | undefined;
  readonly statistics: Readonly<BackupStatistics>;
  /** The rules that made it a full one, such as `fullIfOlderThan`; none where that was asked for. */
  readonly fullBecause: readonly FullReason[];
  /** Entries of the source that could not be read. */
  readonly errors: number;
  /** Of the set that was written. */
  readonly volumes: number;
  /** What a full backup has taken over of the one before; undefined where it could not. */
  readonly reuse: ReuseReport | undefined;
  /** What its statistics as JSON tell besides. */
  readonly meta: BackupMeta;
}

/** What became of a set. */
export interface Outcome extends Pick<BackupResult, 'kind' | 'statistics' | 'volumes' | 'reuse'> {
  readonly set: SetId;
}

export function resultOf(
  { url }: Repository,
  { source, concurrency }: BackupOptions,
  { kind, set, statistics, volumes, reuse, base, fullBecause }: Outcome & Pick<SetPlan, 'base' | 'fullBecause'>,
): BackupResult {
  const meta: BackupMeta = {
    type: set.type,
    skipped: kind === 'skipped',
    fullTime: base?.chain.start ?? set.end,
    increments: base?.chain.incs.length ?? 0,
    concurrency: concurrency ?? 0,
    // The reference stores the password as well.
    target: redact(url),
    source: toScreen(source.path),
    reuse,
    earlier: base?.chain.sets.flatMap(({ statistics }) => statistics.local) ?? [],
  };
  const id = kind === 'skipped' ? undefined : idOf(set);
  return { kind, set: id, fullBecause, statistics, errors: statistics.errors, volumes, reuse, meta };
}
