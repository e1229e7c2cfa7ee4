import type { Stats } from 'node:fs';

/** Equal as long as nobody has written to the file or put another in its place. Times in milliseconds. */
export interface FileIdentity {
  readonly inode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** Without the number of the device, which can change when the machine starts again. */
export function identityOf({ ino, size, mtimeMs, ctimeMs }: Stats): FileIdentity {
  return { inode: ino, size, mtimeMs, ctimeMs };
}

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.inode === b.inode && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}
