import { wallClock } from '../../util/local-time.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** Rules that take the newest set of each period, and how long the shortest of these is. */
export const PERIODS = {
  hourly: 3600,
  daily: 86_400,
  weekly: 7 * 86_400,
  monthly: 28 * 86_400,
  yearly: 365 * 86_400,
} as const;

export type Period = keyof typeof PERIODS;

/** Which sets are wanted: those that any of the rules takes. 0 takes none. */
export interface Policy extends Readonly<Partial<Record<Period, number | undefined>>> {
  /** So many of the newest. */
  readonly last?: number | undefined;
  /** Seconds: those that are no older than the newest set and so much. */
  readonly within?: number | undefined;
}

export type PruneRule = 'last' | 'within' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

/** Why a set is wanted. */
export interface Reason {
  readonly rule: PruneRule;
  /** Which one of this rule, the newest being 1. */
  readonly number: number;
  /** Not the newest of its period, but of all sets the oldest: there are fewer periods than the rule would keep. */
  readonly isOldest: boolean;
}

/** Whether some rule takes a set when there is one. */
export function keepsSomething(policy: Policy): boolean {
  return Object.values(policy).some((amount: number | undefined) => amount !== undefined && amount > 0);
}

/**
 * Why each of these sets is wanted; not at all when there is no reason. `times` are theirs, ascending. Each rule counts
 * for itself, and only periods that have a set. While there are fewer of these than the rule keeps, the oldest set stays
 * for it: else the first year would have none but the newest (restic and borg came to the same).
 */
export function reasonsFor(policy: Policy, times: readonly EpochSeconds[]): readonly (readonly Reason[])[] {
  const reasons = times.map((): Reason[] => []);
  const newest = times.at(-1) ?? 0;
  for (const [i, time] of times.entries()) {
    const number = times.length - i;
    if (number <= (policy.last ?? 0)) reasons[i]?.push({ rule: 'last', number, isOldest: false });
    const isWithin = policy.within !== undefined && policy.within > 0 && time >= newest - policy.within;
    if (isWithin) reasons[i]?.push({ rule: 'within', number, isOldest: false });
  }
  for (const rule of periods()) {
    const most = policy[rule] ?? 0;
    let number = 0;
    let last: number | undefined;
    for (let i = times.length - 1; i >= 0 && number < most; i--) {
      const period = periodOf(rule, times[i] ?? 0);
      if (period === last && i > 0) continue;
      number++;
      reasons[i]?.push({ rule, number, isOldest: period === last });
      last = period;
    }
  }
  return reasons;
}

export function periods(): readonly Period[] {
  return ['hourly', 'daily', 'weekly', 'monthly', 'yearly'];
}

/**
 * The same number for all times of one period, a larger one later: of an hour, day, week from Monday (as ISO 8601 has it),
 * month or year as a clock on the wall here shows it. The hour that comes twice in autumn is two.
 */
export function periodOf(rule: Period, time: EpochSeconds): number {
  const { year, month, day, minute, second } = wallClock(time);
  if (rule === 'hourly') return Math.trunc(time) - minute * 60 - second;
  if (rule === 'yearly') return year;
  if (rule === 'monthly') return year * 12 + month;
  const days = Date.UTC(year, month - 1, day) / 86_400_000;
  // The first of January 1970 was a Thursday.
  return rule === 'daily' ? days : Math.floor((days + 3) / 7);
}
