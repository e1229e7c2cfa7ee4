import { type BytePath, bytePath, fromText, isAscii } from '../util/bytepath.ts';

/** A path as text, or as the bytes of a name that is not UTF-8. */
export type PathInput = string | Uint8Array;

/** A path, both ways. */
export interface StoredPath {
  /** Relative to the root of the backup, whose own path is empty. Bytes that are not UTF-8 are U+FFFD. */
  readonly path: string;
  /** The same as bytes, exactly as stored. */
  readonly pathBytes: Uint8Array;
}

export function bytesOf(path: PathInput): BytePath {
  return typeof path === 'string' ? fromText(path) : bytePath(Buffer.from(path).toString('latin1'));
}

/** A path within a backup: without `.` and slashes around it; the root is empty. */
export function withinBackup(path: PathInput = ''): BytePath {
  const parts = bytesOf(path).split('/');
  return bytePath(parts.filter((part) => part !== '' && part !== '.').join('/'));
}

export function storedPath(path: BytePath): StoredPath {
  const pathBytes = Buffer.from(path, 'latin1');
  return { path: isAscii(path) ? path : pathBytes.toString('utf8'), pathBytes };
}
