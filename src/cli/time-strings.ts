import { UsageError } from '../errors/errors.ts';
import type { EpochSeconds } from '../util/time.ts';

export interface TimeContext {
  readonly now: EpochSeconds;
  /** Stands between hours, minutes and seconds; `:` unless `--time-separator` says otherwise. */
  readonly timeSeparator: string;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  D: 86_400,
  W: 7 * 86_400,
  M: 30 * 86_400,
  Y: 365 * 86_400,
};

/**
 * The time a user means: `now`, epoch seconds, `YYYY-MM-DDThh:mm:ss` with an optional zone, `YYYYMMDDThhmmssZ`, an
 * interval before now, or a date. `UsageError` for anything else.
 */
export function parseTime(text: string, context: TimeContext): EpochSeconds {
  const time = readTime(text, context);
  if (time === undefined) throw new UsageError('COMMAND_LINE', badTime(text));
  return time;
}

/** Seconds of `1h78m`, `3D`, `2W`; undefined when the text is no interval. */
export function parseInterval(text: string): number | undefined {
  if (!/^(?:\d+[smhDWMY])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(\D)/g)) {
    seconds += Number(count) * (UNIT_SECONDS[unit] ?? 0);
  }
  return seconds;
}

function readTime(text: string, context: TimeContext): EpochSeconds | undefined {
  if (text === 'now') return context.now;
  if (/^\d+$/.test(text)) return Number(text);
  // As in the reference, the very start of the epoch counts as unreadable.
  const moment = readMoment(text, context);
  if (moment) return moment;
  const interval = parseInterval(text);
  if (interval !== undefined) return context.now - interval;
  return readDate(text, context.now) || undefined;
}

function readMoment(text: string, { now, timeSeparator }: TimeContext): EpochSeconds | undefined {
  // The last of the 16 characters is not looked at, as in the reference.
  const compact = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d).$/.exec(text);
  if (compact) return utc(compact.slice(1).map(Number));
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)(.)(\d\d)(.)(\d\d)(?:Z|([+-]\d\d)(.)(\d\d))?$/u.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, first, minute, second, seconds, zoneHours, third, zoneMinutes] = parts;
  if (first !== timeSeparator || second !== timeSeparator) return undefined;
  const time = utc([year, month, day, hour, minute, seconds].map(Number));
  if (time === undefined || text.endsWith('Z')) return time;
  if (zoneHours === undefined) return time + secondsWest(now);
  const hours = Number(zoneHours.slice(1));
  const minutes = Number(zoneMinutes);
  if (third !== timeSeparator || hours > 23 || minutes > 59) return undefined;
  const offset = hours * 3600 + minutes * 60;
  return zoneHours.startsWith('-') ? time + offset : time - offset;
}

function readDate(text: string, now: EpochSeconds): EpochSeconds | undefined {
  const bigEndian = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text) ?? /^(\d{4})(\d\d)(\d\d)Z$/.exec(text);
  const american = /^(\d{1,2})[-/](\d{1,2})[-/](\d{4})$/.exec(text);
  const date = bigEndian
    ? [bigEndian[1], bigEndian[2], bigEndian[3]]
    : american
      ? [american[3], american[1], american[2]]
      : undefined;
  if (!date) return undefined;
  const midnight = utc([...date.map(Number), 0, 0, 0]);
  return midnight === undefined ? undefined : midnight + secondsWest(now);
}

/** February 30 rolls over into March, as in the reference. */
function utc([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: readonly number[]): number | undefined {
  if (year <= 1900 || year >= 2100 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 23 || minute > 59 || second > 61) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** The zone's standard offset, in summer too: so the reference reads times without a zone. */
function secondsWest(now: EpochSeconds): number {
  const year = new Date(now * 1000).getFullYear();
  const january = new Date(year, 0, 1).getTimezoneOffset();
  const july = new Date(year, 6, 1).getTimezoneOffset();
  return Math.max(january, july) * 60;
}

function badTime(text: string): string {
  return [
    `Bad time string "'${text}'"`,
    '',
    'A time is "now", a number of seconds since 1970 (1272219681), an interval',
    'before now such as "1h78m" or "3D" (units s m h D W M Y), a moment such as',
    '"2002-04-26T04:22:01-07:00" ("Z" for UTC, without a zone local time), or a',
    'date: 2002-04-26, 2002/4/26, 4/26/2002 (the month comes before the day).',
  ].join('\n');
}
