import type { EpochSeconds } from './time.ts';

/** Seconds east of UTC at a time. */
export type ZoneOffset = (time: EpochSeconds) => number;

const DAY = 86_400;
/** What the C library takes where the text names a summer time and no days for it. */
const USUAL_DAYS = ',M3.2.0,M11.1.0';

const NAME = String.raw`(?:<[A-Za-z0-9+-]{3,}>|[A-Za-z]{3,})`;
const CLOCK = String.raw`[+-]?\d{1,3}(?::\d{1,2}){0,2}`;
const RULE = String.raw`(?:J\d{1,3}|\d{1,3}|M\d{1,2}\.\d\.\d)(?:/${CLOCK})?`;
const SHAPE = new RegExp(`^${NAME}(${CLOCK})(?:${NAME}(${CLOCK})?(?:,(${RULE}),(${RULE}))?)?$`);
const SUMMER = new RegExp(`^${NAME}${CLOCK}${NAME}`);

/**
 * The zone that a text such as `CET-1CEST,M3.5.0,M10.5.0/3` or `<+03>-3` describes (POSIX.1-2024, section 8.3, `TZ`);
 * undefined when it has another form.
 */
export function parsePosixZone(text: string): ZoneOffset | undefined {
  const match = SHAPE.exec(text);
  const west = readClock(match?.[1], 24);
  if (!match || west === undefined) return undefined;
  const standard = 0 - west;
  if (!SUMMER.test(text)) return () => standard;
  const [, , summerWest, from, to] = match;
  if (from === undefined) return parsePosixZone(text + USUAL_DAYS);
  const summer = summerWest === undefined ? standard + 3600 : 0 - (readClock(summerWest, 24) ?? NaN);
  const begin = readRule(from);
  const end = readRule(to);
  if (begin === undefined || end === undefined || Number.isNaN(summer)) return undefined;
  return (time) => {
    const year = new Date((time + standard) * 1000).getUTCFullYear();
    const first = begin(year) - standard;
    const last = end(year) - summer;
    const isSummer = first < last ? time >= first && time < last : time >= first || time < last;
    return isSummer ? summer : standard;
  };
}

/** Seconds of `[+-]hh[:mm[:ss]]`. */
function readClock(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  if (hours > most || minutes > 59 || seconds > 59) return undefined;
  const all = hours * 3600 + minutes * 60 + seconds;
  return text.startsWith('-') ? -all : all;
}

/** The second of a year, on the wall clock before the change, at which a rule strikes; as if that clock showed UTC. */
function readRule(text = ''): ((year: number) => number) | undefined {
  const [day = '', clock] = text.split('/');
  const seconds = clock === undefined ? 2 * 3600 : readClock(clock, 167);
  if (seconds === undefined) return undefined;
  const [month = 0, week = 0, weekday = 0] = day.slice(1).split('.').map(Number);
  if (day.startsWith('M')) {
    if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6) return undefined;
    return (year) => nthWeekday(year, { month, week, weekday }) + seconds;
  }
  const isJulian = day.startsWith('J');
  const number = Number(isJulian ? day.slice(1) : day);
  if (number > 365 || (isJulian && number < 1)) return undefined;
  return (year) => {
    // `J` counts from 1 and never counts February 29.
    const leap = isJulian && number > 59 && isLeap(year) ? 1 : 0;
    return startOfYear(year) + (number - (isJulian ? 1 : 0) + leap) * DAY + seconds;
  };
}

interface NthWeekday {
  readonly month: number;
  /** 5 is the last one. */
  readonly week: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

function nthWeekday(year: number, { month, week, weekday }: NthWeekday): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  let date = 1 + ((weekday - first + 7) % 7) + (week - 1) * 7;
  if (date > days) date -= 7;
  return Date.UTC(year, month - 1, date) / 1000;
}

function startOfYear(year: number): number {
  return Date.UTC(year, 0, 1) / 1000;
}

function isLeap(year: number): boolean {
  return new Date(Date.UTC(year, 1, 29)).getUTCDate() === 29;
}
