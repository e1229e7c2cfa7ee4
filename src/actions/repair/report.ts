import type { SetId } from '../../collections/sets.ts';
import type { Damage } from '../check/report.ts';

/**
 * Of what a file is made again: `copy`, its bytes at another place; `source`, files that are as they were; `volumes`, those
 * of the set and of the sets before; `archiveDir`, the copy there. `dropped`: a wrong copy in the archive dir is gone.
 */
export type Means = 'copy' | 'source' | 'volumes' | 'archiveDir' | 'dropped';

/** A file that was made again. */
export interface Mended {
  readonly file: string;
  readonly set: SetId;
  readonly part: Damage['part'];
  readonly place: Damage['place'];
  readonly by: Means;
}

/** A file that cannot be. */
export interface Unmended {
  readonly file: string;
  readonly set: SetId;
  readonly part: Damage['part'];
  readonly place: Damage['place'];
  readonly reason: string;
}

/** What a repair has done; of a dry run: what it would. */
export interface RepairReport {
  /** Finished sets that were looked at. */
  readonly sets: number;
  readonly mended: readonly Mended[];
  readonly unmended: readonly Unmended[];
  /** The store was looked at again, and what was made fits. False where nothing was. */
  readonly isProven: boolean;
  readonly isPlanned: boolean;
}
