import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs';
import { golden } from './paths.ts';

/** One path of a tree, with the fields and in the form that test/golden/tools/listing.py prints. */
export interface Listed {
  readonly path: string;
  /** Only where the bytes are not UTF-8. */
  readonly path_b64?: string;
  readonly type: 'file' | 'dir' | 'symlink' | 'fifo' | 'chr' | 'blk' | 'socket';
  /** Four octal digits or more; not for symlinks. */
  readonly mode?: string;
  readonly uid: number;
  readonly gid: number;
  /** Seconds; not for symlinks. */
  readonly mtime?: number;
  readonly size?: number;
  readonly sha256?: string;
  readonly link?: string;
  readonly link_b64?: string;
  /** Major and minor number. */
  readonly dev?: readonly [number, number];
}

/** Everything in and below a directory, in index order (per component, byte-wise). */
export function listing(dir: string): Listed[] {
  return [...walk(Buffer.from(dir).toString('latin1'), '')];
}

/** What a fixture's tree holds at point k; see test/golden/data/README.md. */
export function expectedListing(tree: string, k: number): Listed[] {
  return parseListing(readFileSync(golden(`expected/${tree}/${k}.jsonl`), 'utf8'));
}

export function parseListing(jsonl: string): Listed[] {
  return jsonl
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);
}

/** What a tree holds at and below a path, as seen from there. */
export function partOf(tree: readonly Listed[], path: string): Listed[] {
  if (path === '') return [...tree];
  return tree
    .filter((entry) => entry.path === path || entry.path.startsWith(`${path}/`))
    .map((entry) => ({ ...entry, path: entry.path === path ? '.' : entry.path.slice(path.length + 1) }));
}

/** Paths are latin1 here: one character per byte. */
function* walk(top: string, relative: string): Generator<Listed> {
  const full = Buffer.from(relative === '' ? top : `${top}/${relative}`, 'latin1');
  const entry = describePath(full, relative === '' ? '.' : relative);
  yield entry;
  if (entry.type !== 'dir') return;
  for (const name of readdirSync(full, { encoding: 'latin1' }).toSorted()) {
    yield* walk(top, relative === '' ? name : `${relative}/${name}`);
  }
}

function describePath(full: Buffer, name: string): Listed {
  const stat = lstatSync(full, { bigint: true });
  const type = typeOf(stat);
  return {
    ...text('path', Buffer.from(name, 'latin1')),
    type,
    ...(type === 'symlink' ? {} : { mode: (stat.mode & 0o7777n).toString(8).padStart(4, '0') }),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    ...(type === 'symlink'
      ? text('link', readlinkSync(full, { encoding: 'buffer' }))
      : { mtime: seconds(stat.mtimeNs) }),
    ...(type === 'file' ? { size: Number(stat.size), sha256: sha256(full) } : {}),
    ...(type === 'chr' || type === 'blk' ? { dev: deviceNumbers(stat.rdev) } : {}),
  };
}

function text<K extends 'path' | 'link'>(key: K, bytes: Buffer): { [P in K]: string } & { [P in `${K}_b64`]?: string } {
  const exact = isUtf8(bytes) ? {} : { [`${key}_b64`]: bytes.toString('base64') };
  return { [key]: bytes.toString('utf8'), ...exact } as { [P in K]: string } & { [P in `${K}_b64`]?: string };
}

function typeOf(stat: BigIntStats): Listed['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'dir';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'chr';
  return stat.isBlockDevice() ? 'blk' : 'socket';
}

/** The double nearest to the exact value: nanoseconds since the epoch have more digits than a double. */
function seconds(ns: bigint): number {
  const digits = (ns < 0n ? -ns : ns).toString().padStart(10, '0');
  const value = Number(`${digits.slice(0, -9)}.${digits.slice(-9)}`);
  return ns < 0n ? -value : value;
}

/** The encoding of Linux (glibc's makedev). */
function deviceNumbers(rdev: bigint): [number, number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

function sha256(path: Buffer): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
