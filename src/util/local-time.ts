import type { ZoneOffset } from './posix-zone.ts';
import type { EpochSeconds } from './time.ts';

/** What a wall clock shows; months count from 1. */
export interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

let zone: ZoneOffset | undefined;

/**
 * The zone of the process where `Date` does not understand it: V8 takes names (`Europe/Berlin`) and shows UTC for rules
 * (`CET-1CEST,M3.5.0,M10.5.0/3`). Like the zone of `Date` there is one for the process; undefined is that of `Date`.
 */
export function useLocalZone(offset: ZoneOffset | undefined): void {
  zone = offset;
}

/** What a wall clock here shows at a time. */
export function wallClock(time: EpochSeconds): WallClock & { readonly weekday: number } {
  const whole = Math.trunc(time);
  if (zone !== undefined) {
    const date = new Date((whole + zone(whole)) * 1000);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      weekday: date.getUTCDay(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  }
  const date = new Date(whole * 1000);
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    weekday: date.getDay(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

/**
 * The time at which a wall clock here shows this. In the hour that comes twice in autumn `which` decides; what the clock
 * skips in spring counts from before the change, so that 02:30 is 03:30.
 */
export function timeOfWallClock(shown: WallClock, which: 'first' | 'second'): EpochSeconds {
  const { year, month, day, hour, minute, second } = shown;
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  // No zone is 26 hours off, and none changes twice in two days.
  const before = offsetAt(asUtc - 26 * 3600);
  const after = offsetAt(asUtc + 26 * 3600);
  const candidates = [asUtc - before, asUtc - after].filter((time) => time + offsetAt(time) === asUtc);
  if (candidates.length === 0) return asUtc - before;
  return which === 'first' ? Math.min(...candidates) : Math.max(...candidates);
}

function offsetAt(time: EpochSeconds): number {
  return zone === undefined ? -new Date(time * 1000).getTimezoneOffset() * 60 : zone(time);
}
