import type { Prefixes } from '../archive/names/names.ts';
import type { Backend, Call } from '../backends/backend.ts';
import type { UploadMeter } from '../backends/wrap/meter.ts';
import type { ArchiveDir } from '../cache/archive-dir.ts';
import type { Lock } from '../cache/lock/lock.ts';
import type { Emit } from '../events/events.ts';
import type { Remote } from '../pipeline/remote.ts';
import type { Traffic } from '../pipeline/traffic.ts';
import type { Spool } from '../pipeline/spool.ts';
import type { Accounts } from '../source/accounts.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { Ledger } from './ledger/state.ts';
import type { Keys } from './keys.ts';

/** What store and archive dir of one place are to a run. Whoever opens it closes it. */
export interface Repository {
  /** Time of the run: the time of the set a backup writes, and what "now" means. */
  readonly now: EpochSeconds;
  readonly backend: Backend;
  /** The reference's word for the driver, for collection-status. */
  readonly backendName: string;
  /** Of the remote, as typed: may hold a password. */
  readonly url: string;
  /** False when nothing is stored there: a place that is not there was not made, and counts as an empty one. */
  readonly makesPlace: boolean;
  readonly remote: Remote;
  /** What comes and goes is timed, for estimates. */
  readonly traffic?: Traffic;
  /** With `--progress`. */
  readonly uploads?: UploadMeter;
  readonly spool: Spool;
  readonly archiveDir: ArchiveDir;
  /** Lets runs that only read work on one archive dir at once; without it each run has it for itself. */
  readonly shareLock?: (take: () => Promise<Lock>) => Promise<Lock>;
  /** What was done at the place; without it nothing of that is written down or compared. */
  readonly ledger?: Ledger | undefined;
  readonly keys: Keys;
  readonly prefixes: Prefixes;
  /** In times of old file names, in place of `:`. */
  readonly timeSeparator: string;
  readonly accounts: Accounts;
  readonly hostname: string;
  /** Nothing is written or deleted, neither here nor there. */
  readonly dryRun: boolean;
  /** Of each storage operation, and of fetching a file that turns out damaged. */
  readonly tries: number;
  /** `full`: all metadata are brought to the archive dir, not only what the action needs. */
  readonly metadataSync: 'full' | 'partial';
  readonly emit: Emit;
  readonly call: Call;
}
