import { UsageError } from '../../errors/errors.ts';
import { timeOfWallClock, type WallClock } from '../../util/local-time.ts';
import { asctime, parseAsctime, type EpochSeconds } from '../../util/time.ts';

export interface TimeContext {
  readonly now: EpochSeconds;
  /** Stands between hours, minutes and seconds; `:` unless `--time-separator` says otherwise. */
  readonly timeSeparator: string;
  /** Which of two local times is meant in the hour that comes twice in autumn; the first unless said otherwise. */
  readonly twice?: 'first' | 'second';
  /** Told when the text can hardly mean what it says. */
  readonly warn?: (text: string) => void;
}

/** Numbers of seconds outside these years are a typing error: 30 for 30D, 20261130 for a date. */
const PLAUSIBLE = { first: Date.UTC(1980, 0, 1) / 1000, last: Date.UTC(2100, 0, 1) / 1000 };

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
 * The time a user means: `now`, epoch seconds, `YYYY-MM-DDThh:mm:ss` with an optional zone, `YYYYMMDDThhmmssZ`, a time as
 * collection-status shows it, an interval before now, or a date. Without a zone times are local, in summer those of
 * summer. `UsageError` for anything else.
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
  if (/^\d+$/.test(text)) return readSeconds(text, context);
  // As in the reference, the very start of the epoch counts as unreadable.
  const moment = readMoment(text, context);
  if (moment) return moment;
  const interval = parseInterval(text);
  if (interval !== undefined) return context.now - interval;
  return local(readDate(text) ?? parseAsctime(text), context) || undefined;
}

function readSeconds(text: string, { now, warn }: TimeContext): EpochSeconds | undefined {
  const time = Number(text);
  // Later than that `Date` knows no time.
  if (time > 8.64e12) return undefined;
  // 0 is what programs write for "from the beginning".
  if (time !== 0 && time !== now && (time < PLAUSIBLE.first || time > PLAUSIBLE.last)) {
    const date = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
    const meant = date ? `${date.slice(1).join('-')} (a date) or ` : '';
    warn?.(
      `The time "${text}" is taken for seconds since 1970: ${asctime(time)}. If that is not meant, write ${meant}${text}D (days).`,
    );
  }
  return time;
}

function readMoment(text: string, context: TimeContext): EpochSeconds | undefined {
  const { timeSeparator } = context;
  // The last of the 16 characters is not looked at, as in the reference.
  const compact = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d).$/.exec(text);
  if (compact) return utc(clockOf(compact.slice(1)));
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)(.)(\d\d)(.)(\d\d)(?:Z|([+-]\d\d)(.)(\d\d))?$/u.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, first, minute, second, seconds, zoneHours, third, zoneMinutes] = parts;
  if (first !== timeSeparator || second !== timeSeparator) return undefined;
  const shown = clockOf([year, month, day, hour, minute, seconds]);
  if (text.endsWith('Z')) return utc(shown);
  if (zoneHours === undefined) return local(shown, context);
  const time = utc(shown);
  const hours = Number(zoneHours.slice(1));
  const minutes = Number(zoneMinutes);
  if (time === undefined || third !== timeSeparator || hours > 23 || minutes > 59) return undefined;
  const offset = hours * 3600 + minutes * 60;
  return zoneHours.startsWith('-') ? time + offset : time - offset;
}

/** Midnight of a date. */
function readDate(text: string): WallClock | undefined {
  const bigEndian = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text) ?? /^(\d{4})(\d\d)(\d\d)Z$/.exec(text);
  if (bigEndian) return clockOf(bigEndian.slice(1));
  const american = /^(\d{1,2})[-/](\d{1,2})[-/](\d{4})$/.exec(text);
  return american ? clockOf([american[3], american[1], american[2]]) : undefined;
}

function clockOf(digits: readonly (string | undefined)[]): WallClock {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits.map(Number);
  return { year, month, day, hour, minute, second };
}

function local(shown: WallClock | undefined, { twice = 'first' }: TimeContext): EpochSeconds | undefined {
  return shown !== undefined && exists(shown) ? timeOfWallClock(shown, twice) : undefined;
}

function utc(shown: WallClock): EpochSeconds | undefined {
  const { year, month, day, hour, minute, second } = shown;
  return exists(shown) ? Date.UTC(year, month - 1, day, hour, minute, second) / 1000 : undefined;
}

/** A typing error in a date must not restore or delete something else: there is no February 30. */
function exists({ year, month, day, hour, minute, second }: WallClock): boolean {
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return (
    year > 1900 && month >= 1 && month <= 12 && day >= 1 && day <= days && hour <= 23 && minute <= 59 && second <= 61
  );
}

function badTime(text: string): string {
  return [
    `Bad time string "'${text}'"${unitHint(text)}`,
    '',
    'A time is "now", a number of seconds since 1970 (1272219681), an interval',
    'before now such as "1h78m" or "3D" (units s m h D W M Y), a moment such as',
    '"2002-04-26T04:22:01-07:00" ("Z" for UTC, without a zone local time), or a',
    'date: 2002-04-26, 2002/4/26, 4/26/2002 (the month comes before the day).',
  ].join('\n');
}

/** `1d` and `3w`: the case of a unit counts, because `m` and `M` are two. */
export function unitHint(text: string): string {
  const upper = text.replace(/[dwy]/g, (unit) => unit.toUpperCase()).replace(/[SH]/g, (unit) => unit.toLowerCase());
  return upper !== text && parseInterval(upper) !== undefined ? `: units of time have a case, "${upper}" is meant` : '';
}
