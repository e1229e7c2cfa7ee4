import type { EpochSeconds } from '../util/time.ts';
import type { BackupSet } from './sets.ts';

/** Which set of an archive. */
export interface SetId {
  readonly type: 'full' | 'inc';
  readonly time: EpochSeconds;
  /** Time of the set that an increment builds on. */
  readonly base?: EpochSeconds;
}

export function setId({ type, start, end }: Pick<BackupSet, 'type' | 'start' | 'end'>): SetId {
  return type === 'full' ? { type, time: end } : { type, time: end, base: start };
}
