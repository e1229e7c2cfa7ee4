import { type EpochSeconds, LATEST_STAMP, parseStamp } from '../../util/time.ts';

/**
 * A time in a long file name: the 16-character stamp (in either case), whole epoch seconds, or the old local form
 * `2002-08-17T16:17:01-07:00` with `separator` in place of `:` and an offset, `Z` or nothing (UTC) at its end.
 * Intervals and bare dates, which the reference would take too, never occur in names that were written. Time 0 is no time.
 */
export function parseNameTime(text: string, separator: string): EpochSeconds | undefined {
  const upper = text.toUpperCase();
  const time = parseStamp(upper) ?? (/^\d+$/.test(upper) ? Number(upper) : oldForm(upper, separator.toUpperCase()));
  return valid(time);
}

/** A time in a short file name: epoch seconds in base 36. */
export function parseShortTime(text: string): EpochSeconds | undefined {
  return valid(Number.parseInt(text, 36));
}

function oldForm(text: string, separator: string): EpochSeconds | undefined {
  const colon = separator.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
  const shape = `^(\\d{4}-\\d\\d-\\d\\d)T(\\d\\d)${colon}(\\d\\d)${colon}(\\d\\d)(?:Z|([+-])(\\d\\d)${colon}(\\d\\d))?$`;
  const match = new RegExp(shape).exec(text);
  if (match === null) return undefined;
  const [, date = '', hour = '', minute = '', second = '', sign = '+', hours = '0', minutes = '0'] = match;
  const local = parseStamp(`${date.replaceAll('-', '')}T${hour}${minute}${second}Z`);
  if (local === undefined) return undefined;
  const east = (Number(hours) * 60 + Number(minutes)) * 60;
  return sign === '+' ? local - east : local + east;
}

function valid(time: number | undefined): EpochSeconds | undefined {
  return time === undefined || !isNameTime(time) ? undefined : time;
}

/**
 * Whether a name can tell this time. What is written under another would not be found again. (The reference writes years
 * from 2100 on and does not read them.)
 */
export function isNameTime(time: EpochSeconds): boolean {
  return time !== 0 && time <= LATEST_STAMP;
}
