import type { BackupResult } from '../../actions/backup/result.ts';
import { formatJsonStatistics } from '../../archive/jsonstat.ts';
import type { ReuseReport } from '../../actions/backup/reuse/report.ts';
import type { Emit } from '../../events/events.ts';
import { counted } from '../../util/counted.ts';
import { asctime } from '../../util/time.ts';

interface Wanted {
  /** The block of statistics. */
  readonly statistics: boolean;
  /** Before it the same as JSON. */
  readonly json: boolean;
}

/** What is said at the end of a backup. */
export function sayBackup(emit: Emit, { kind, statistics, reuse, meta }: BackupResult, wanted: Wanted): void {
  if (kind === 'skipped') emit({ kind: 'notice', text: 'Skipped volume upload, as effectivly nothing has changed' });
  if (reuse !== undefined && kind === 'planned') emit({ kind: 'notice', text: planned(reuse) });
  else if (reuse !== undefined && reuse.volumes > 0) emit({ kind: 'notice', text: saved(reuse) });
  if (!wanted.statistics) return;
  if (wanted.json) emit({ kind: 'forced', text: formatJsonStatistics(statistics, meta) });
  emit({ kind: 'statistics', statistics });
}

function saved({ from, volumes, bytes, bytesRead, bytesSent }: ReuseReport): string {
  const what = `${counted(volumes, 'volume')} (${bytes} bytes) of the full backup of ${asctime(from)} reused`;
  return `${what}; ${bytesRead} bytes of the source read, ${bytesSent} bytes sent.`;
}

function planned({ from, volumes, bytes, bytesRead, bytesSent, plan }: ReuseReport): string {
  const others = REASONS.flatMap(([fate, words]) => (plan[fate] === 0 ? [] : [`${plan[fate]} ${words}`]));
  const rest = others.length === 0 ? 'No other is stored anew.' : `Stored anew: ${others.join(', ')}.`;
  const clean = `${counted(volumes, 'volume')} (${bytes} bytes) of the full backup of ${asctime(from)} can be reused.`;
  return `${clean}\n${rest}\nAbout ${bytesRead} bytes of the source to read, ${bytesSent} bytes to send.`;
}

const REASONS = [
  ['changed', 'with changes'],
  ['joined', 'too small beside changes'],
  ['old', 'too old'],
  ['missing', 'missing or of another kind'],
  ['locked', 'for other keys'],
] as const;
