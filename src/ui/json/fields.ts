import { isUtf8 } from 'node:buffer';
import { type BytePath, isAscii } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import type { PathFields } from './shapes/common.ts';

/** The first second of the year 10000, which RFC 3339 cannot tell, and of the year 0. */
const TOO_LATE = Date.UTC(10_000, 0, 1) / 1000;
const FIRST = new Date('0000-01-01T00:00:00Z').getTime() / 1000;

type TimeFields<Name extends string> = { [field in `${Name}Epoch`]: EpochSeconds } & { [field in Name]?: string };

/** A time in both forms: `time` and `timeEpoch`. */
export function timeFields<Name extends string>(name: Name, time: EpochSeconds): TimeFields<Name> {
  const text = time >= FIRST && time < TOO_LATE ? { [name]: rfc3339(time) } : {};
  return { ...text, [`${name}Epoch`]: time } as TimeFields<Name>;
}

/** `2026-11-30T13:05:00Z`, with milliseconds where there are any. */
function rfc3339(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().replace('.000Z', 'Z');
}

/** A path of a tree as text, and as bytes where the text does not tell them. */
export function pathFields(path: BytePath): PathFields {
  return path === '' ? { path: '.' } : textFields('path', path);
}

type TextFields<Name extends string> = { [field in Name]: string } & { [field in `${Name}Bytes`]?: string };

/** The same for other names: `linkTarget` and `linkTargetBytes`. */
export function textFields<Name extends string>(name: Name, bytes: BytePath): TextFields<Name> {
  if (isAscii(bytes)) return { [name]: bytes } as TextFields<Name>;
  const buffer = Buffer.from(bytes, 'latin1');
  const exact = isUtf8(buffer) ? {} : { [`${name}Bytes`]: buffer.toString('base64') };
  return { [name]: buffer.toString(), ...exact } as TextFields<Name>;
}
