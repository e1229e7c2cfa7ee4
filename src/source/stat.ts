import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import type { FileType } from '../archive/entry.ts';
import { type BytePath, bytePath, toFs } from '../util/bytepath.ts';

const QUIET = { throwIfNoEntry: false } as const;
const EXACT = { bigint: true } as const;

const TYPES = new Map<number, FileType | 'socket'>([
  [0o100000, 'reg'],
  [0o040000, 'dir'],
  [0o120000, 'sym'],
  [0o010000, 'fifo'],
  [0o020000, 'chr'],
  [0o060000, 'blk'],
  [0o140000, 'socket'],
]);

/** Whether a symbolic link is looked at itself or for what it leads to. */
export type Links = 'keep' | 'follow';

/** The numbers of `path`; undefined when it is not there. */
export function statPath(path: string, links: Links): Stats | undefined {
  return statSystemPath(toFs(path), links);
}

/** The same for what `toFs` gives. */
export function statSystemPath(path: string | Buffer, links: Links): Stats | undefined {
  return links === 'follow' ? statSync(path, QUIET) : lstatSync(path, QUIET);
}

export function readLink(path: string): BytePath {
  return bytePath(readlinkSync(toFs(path), 'latin1'));
}

/** undefined for what no archive can name, such as a door. */
export function typeOf(stats: Stats): FileType | 'socket' | undefined {
  return TYPES.get(stats.mode & 0o170000);
}

/**
 * The modification time an archive stores: whole seconds. (What is before 1970 becomes 0 there: archive/tar/tar-writer.) The reference takes the integer part of
 * `seconds + nanoseconds * 1e-9` in floating point, so the last 119 ns of a second (in 2004 to 2038) belong to the
 * next one. Source: docs/format/volumes.md, mtime; fixture gz, `time/ns9`.
 *
 * `mtimeMs` is rounded in the same way but to other steps, so close to the next second the exact numbers are asked
 * for. A whole number of seconds is believed: three values in 10^9 (…878 to …880 ns) are then a second late.
 */
export function modificationTime(stats: Stats, path: string, links: Links): number {
  const seconds = Math.floor(stats.mtimeMs / 1000);
  if (stats.mtimeMs - seconds * 1000 < 999.99 && seconds < 2 ** 33) return seconds;
  const exact = links === 'follow' ? statSync(toFs(path), EXACT) : lstatSync(toFs(path), EXACT);
  return wholeSeconds(exact.mtimeNs);
}

/** The reference's arithmetic on a time in nanoseconds. */
export function wholeSeconds(nanoseconds: bigint): number {
  // BigInt division rounds towards zero, the kernel's pair of numbers has a fraction that is never negative.
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (nanoseconds - rest) / 1_000_000_000n;
  return Math.floor(Number(seconds) + 1e-9 * Number(rest));
}

/** Device numbers of a special file, as Linux packs them. */
export function deviceNumbers(rdev: number): { readonly major: number; readonly minor: number } {
  const high = Math.floor(rdev / 2 ** 32);
  const minor = ((rdev & 0xff) | (Math.floor(rdev / 2 ** 12) & 0xffffff00)) >>> 0;
  return { major: (((rdev >>> 8) & 0xfff) | (high & 0xfffff000)) >>> 0, minor };
}
