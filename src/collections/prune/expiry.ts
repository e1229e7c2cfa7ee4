import type { EpochSeconds } from '../../util/time.ts';
import type { BackupChain } from '../chains.ts';
import type { BackupSet } from '../sets.ts';
import type { Line } from './candidates.ts';
import { type Period, periodOf, PERIODS, periods, type Policy } from './policy.ts';

/** No date is worth more backups than these. */
const MOST_BACKUPS = 20_000;
/** The pace is that of so many backups. */
const LATELY = 20;

/**
 * When each set of the lines would be removed, were `prune` to run after every backup and these to go on at the pace of
 * late: one after the usual time, a full one after the usual time between fulls. A set goes when nothing that builds on
 * it is wanted any more. Left out is what no such date is known of.
 */
export function expiries(
  lines: readonly Line[],
  policy: Policy,
  now: EpochSeconds,
  isHeld: (set: BackupSet) => boolean,
): ReadonlyMap<BackupSet, EpochSeconds> {
  const until = new Map<BackupSet, EpochSeconds>();
  for (const line of lines) addExpiries(until, line, { policy, now, isHeld });
  return until;
}

interface Outlook {
  readonly policy: Policy;
  readonly now: EpochSeconds;
  readonly isHeld: (set: BackupSet) => boolean;
}

function addExpiries(until: Map<BackupSet, EpochSeconds>, line: Line, { policy, now, isHeld }: Outlook): void {
  const times = line.sets.map(({ end }) => end);
  const pace = median(gaps(times).slice(-LATELY));
  if (pace === undefined) return;
  const newest = times.at(-1) ?? 0;
  const betweenFulls = median(gaps(line.chains.map(({ start }) => start)).slice(-LATELY));
  const first = Number.isFinite(now) ? Math.max(newest + pace, Math.trunc(now)) : newest + pace;
  const backups = Math.min(MOST_BACKUPS, Math.ceil((reach(policy, pace) + (betweenFulls ?? 0)) / pace) + 2);
  const future = Array.from({ length: backups }, (_, i) => first + i * pace);
  const lossOf = losses(policy, [...times, ...future]);
  let from = 0;
  for (const chain of line.chains) {
    const own = line.sets.filter((set) => chain.sets.includes(set) || chain.discarded === set);
    let last = latestOf(chain === line.chains.at(-1) ? grown(chain) : [0]);
    if (chain.beside.length > 0 || chain.sets.some(isHeld)) last = undefined;
    for (let i = own.length - 1; i >= 0 && last !== undefined; i--) {
      last = later(last, lossOf(from + i));
      const set = own[i];
      if (set !== undefined && last !== undefined) until.set(set, last);
    }
    from += own.length;
  }

  /** What the backups until the next full add to the newest chain. */
  function grown({ start }: BackupChain): readonly (EpochSeconds | undefined)[] {
    if (betweenFulls === undefined) return [undefined];
    const members = future.filter((time) => time < start + betweenFulls);
    return [0, ...members.map((_, i) => lossOf(times.length + i))];
  }
}

/** For how long the rules can want a set. */
function reach(policy: Policy, pace: number): number {
  const spans = periods().map((rule) => ((policy[rule] ?? 0) + 1) * Math.max(2 * PERIODS[rule], pace));
  return Math.max(
    (policy.last ?? 0) * pace,
    policy.within ?? 0,
    ...spans.filter((_, i) => policy[periods()[i] ?? 'daily']),
  );
}

/** Tells when the last rule lets go of the set of an index. `times` go on with backups to come. */
function losses(policy: Policy, times: readonly EpochSeconds[]): (index: number) => EpochSeconds | undefined {
  const counted = periods()
    .filter((rule) => (policy[rule] ?? 0) > 0)
    .map((rule) => ({ most: policy[rule] ?? 0, rank: ranks(rule, times) }));
  return (index) => {
    const time = times[index] ?? 0;
    const lost: (number | undefined)[] = [index + 1];
    if (policy.last) lost.push(index + policy.last);
    if (policy.within) lost.push(firstAfter(times, time + policy.within));
    for (const { most, rank } of counted) {
      const own = rank[index] ?? 0;
      const isOvertaken = rank[index + 1] === own;
      if (!isOvertaken) lost.push(firstAfter(rank, own + most - 1));
      // The oldest of all stays while there are fewer periods than the rule keeps.
      else if (index === 0) lost.push(firstAfter(rank, own + most - 2));
    }
    let last = 0;
    for (const at of lost) {
      if (at === undefined || at >= times.length) return undefined;
      last = Math.max(last, at);
    }
    return times[last];
  };
}

/** In which of all periods that have a set each time lies. */
function ranks(rule: Period, times: readonly EpochSeconds[]): readonly number[] {
  const found: number[] = [];
  let rank = 0;
  let last: number | undefined;
  for (const time of times) {
    const period = periodOf(rule, time);
    if (last !== undefined && period !== last) rank++;
    last = period;
    found.push(rank);
  }
  return found;
}

/** Index of the first of ascending numbers that is above a limit. */
function firstAfter(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

function gaps(times: readonly EpochSeconds[]): readonly number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? 0));
}

function median(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function latestOf(times: readonly (EpochSeconds | undefined)[]): EpochSeconds | undefined {
  return times.reduce<EpochSeconds | undefined>((last, time) => later(last, time), 0);
}

/** undefined is never. */
function later(a: EpochSeconds | undefined, b: EpochSeconds | undefined): EpochSeconds | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}
