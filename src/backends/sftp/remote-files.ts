import type { Body, Bytes, RemoteFile } from '../backend.ts';

/**
 * What can be done with the files of a server, by paths. Failures are those of the protocol, for `sshFailure`; those of
 * a body or a taker are their own.
 */
export interface RemoteFiles {
  /** Makes `path` anew with these bytes; whatever fails, nothing stays there. */
  write(path: string, body: Body, signal: AbortSignal): Promise<void>;
  /** Makes `to` anew with what `from` holds; whatever fails, nothing stays there. */
  copy(from: string, to: string, signal: AbortSignal): Promise<void>;
  /** `take` gets the bytes from `start` up to `end`, or up to the end of the file. */
  read<T>(path: string, range: Range, take: (bytes: Bytes) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Bytes of a regular file; undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Regular files, and links to them. */
  list(directory: string): Promise<readonly RemoteFile[]>;
  /** Replaces `to`. */
  rename(from: string, to: string): Promise<void>;
  /** A file that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Parents too. */
  makeDirectory(path: string): Promise<void>;
}

export interface Range {
  readonly start: number;
  readonly end?: number;
}
