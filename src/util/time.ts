import { type WallClock, wallClock } from './local-time.ts';

/** Whole or fractional seconds since 1970-01-01T00:00:00Z. */
export type EpochSeconds = number;

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The last second that a stamp can tell: its year has four digits. */
export const LATEST_STAMP: EpochSeconds = Date.UTC(10_000, 0, 1) / 1000 - 1;

/** `YYYYMMDDTHHMMSSZ`, the form of file names and machine records. */
export function formatStamp(time: EpochSeconds): string {
  return new Date(Math.trunc(time) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Reads the 16-character form of `formatStamp`; undefined for anything else or an impossible date. */
export function parseStamp(text: string): EpochSeconds | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  if (year <= 1900 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 23 || minute > 59 || second > 61) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** 0 to 60 in two digits: a list of files asks for millions of them. */
const TWO = Array.from({ length: 61 }, (_, n) => String(n).padStart(2, '0'));

/** `Sun Nov  1 09:01:01 2026`, local time: C's asctime, the form people and front ends read. */
export function asctime(time: EpochSeconds): string {
  const { year, month, day, weekday, hour, minute, second } = wallClock(time);
  const clock = `${TWO[hour]}:${TWO[minute]}:${TWO[second]}`;
  return `${DAYS[weekday]} ${MONTHS[month - 1]} ${day < 10 ? ' ' : ''}${day} ${clock} ${year}`;
}

/** Reads the form of `asctime`; undefined for anything else. */
export function parseAsctime(text: string): WallClock | undefined {
  const match = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]?\d) (\d\d):(\d\d):(\d\d) (\d{4})$/.exec(text);
  const month = MONTHS.indexOf(match?.[1] ?? '') + 1;
  if (!match || month === 0) return undefined;
  const [day = 0, hour = 0, minute = 0, second = 0, year = 0] = match.slice(2).map(Number);
  return { year, month, day, hour, minute, second };
}
