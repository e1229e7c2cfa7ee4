import type { BackupResult } from '../../actions/backup/result.ts';
import { formatJsonStatistics } from '../../archive/jsonstat.ts';
import type { Emit } from '../../events/events.ts';

interface Wanted {
  /** The block of statistics. */
  readonly statistics: boolean;
  /** Before it the same as JSON. */
  readonly json: boolean;
}

/** What is said at the end of a backup. */
export function sayBackup(emit: Emit, { kind, statistics, meta }: BackupResult, wanted: Wanted): void {
  if (kind === 'skipped') emit({ kind: 'notice', text: 'Skipped volume upload, as effectivly nothing has changed' });
  if (!wanted.statistics) return;
  if (wanted.json) emit({ kind: 'forced', text: formatJsonStatistics(statistics, meta) });
  emit({ kind: 'statistics', statistics });
}
