import { type Stats, statSync } from 'node:fs';

/** What tells that a file has been written to, or that another one has taken its place. */
export type FileStamp = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

export function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): FileStamp {
  return { dev, ino, size, mtimeMs, ctimeMs };
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  const isSameFile = a.dev === b.dev && a.ino === b.ino;
  return isSameFile && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

/** undefined when it cannot be looked at: whoever opens the file will say why. */
export function stampAt(path: string): FileStamp | undefined {
  try {
    return stampOf(statSync(path));
  } catch {
    return undefined;
  }
}
