import { formatJsonStatistics } from '../../archive/jsonstat.ts';
import { redact } from '../../backends/url/url.ts';
import type { ActiveChain } from '../../collections/collection.ts';
import type { Codec } from '../../crypto/codec.ts';
import type { BackupStatistics } from '../../events/statistics.ts';
import { toScreen, type BytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { storeJsonStatistics } from '../../repository/metadata/json-statistics.ts';
import type { Session } from '../session.ts';
import { refuseErrors } from '../../events/strict.ts';

export interface BackupReport {
  readonly statistics: Readonly<BackupStatistics>;
  /** What an increment was based on; undefined after a full backup. */
  readonly active: ActiveChain | undefined;
  readonly source: BytePath;
  /** Time of the set. */
  readonly end: EpochSeconds;
  /** `stored` with the codec of the volumes; nothing is written after the others. */
  readonly outcome: { readonly kind: 'stored'; readonly codec: Codec } | { readonly kind: 'skipped' | 'dry' };
}

/** Shows what a backup counted, and with `--jsonstat` keeps it; throws for errors with `--strict`. */
export async function reportBackup(session: Session, report: BackupReport): Promise<void> {
  const { settings, emit } = session;
  const { statistics, outcome } = report;
  if (settings.jsonstat) {
    const text = asJson(session, report);
    const { active, end } = report;
    if (outcome.kind === 'stored') {
      const times =
        active === undefined
          ? ({ type: 'full', start: end } as const)
          : ({ type: 'inc', start: active.signatures.end } as const);
      await storeJsonStatistics(session, { ...times, end, codec: outcome.codec }, text);
    }
    if (!settings.noPrintStatistics) emit({ kind: 'forced', text });
  }
  if (!settings.noPrintStatistics) emit({ kind: 'statistics', statistics });
  refuseErrors(statistics.errors, settings);
}

function asJson({ settings, url }: Session, { statistics, active, source, end, outcome }: BackupReport): string {
  const chain = active?.chain;
  return formatJsonStatistics(statistics, {
    type: chain === undefined ? 'full' : 'inc',
    skipped: outcome.kind === 'skipped',
    fullTime: chain?.start ?? end,
    increments: chain?.incs.length ?? 0,
    concurrency: settings.concurrency ?? 0,
    // The reference stores the password as well.
    target: redact(url),
    source: toScreen(source),
    earlier: chain?.sets.flatMap((set) => set.statistics.local) ?? [],
  });
}
