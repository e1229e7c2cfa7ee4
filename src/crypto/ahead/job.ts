import type { FileStamp } from '../file-stamp.ts';
import type { SessionKey } from '../openpgp/reading/decrypted-pieces.ts';
import type { MessageHead } from '../openpgp/reading/message-head.ts';

/** A file to be decoded by another thread. */
export interface Job {
  readonly number: number;
  readonly path: string;
  /** Another file than this one is not read. */
  readonly stamp: FileStamp;
  /** Without it the file is a gzip file. */
  readonly sealed?: { readonly data: MessageHead['data']; readonly session: SessionKey };
}

/** What a thread is given to start with. */
export interface ThreadData {
  readonly memory: SharedArrayBuffer;
}
