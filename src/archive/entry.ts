import type { BytePath } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import type { EpochSeconds } from '../util/time.ts';

/** The reference's words for the kinds of file an archive holds. Hard links and sockets do not exist in it. */
export type FileType = 'reg' | 'dir' | 'sym' | 'fifo' | 'chr' | 'blk';

/** What a tar header says about an object. All texts are bytes in latin1. */
export interface Metadata {
  readonly type: FileType;
  /** Permission bits, `st_mode & 0o7777`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Account names, empty when unknown. */
  readonly uname: string;
  readonly gname: string;
  /** Whole seconds. */
  readonly mtime: number;
  /** Bytes of the source file when it comes from a tree; 0 when it comes from an archive, where a body tells. */
  readonly size: number;
  /** Target of a symbolic link, else empty. */
  readonly link: BytePath;
  readonly major: number;
  readonly minor: number;
}

/**
 * `snapshot`: the whole object; `diff`: a delta against its previous state; `deleted`: it is gone; `signature`: block
 * sums of a regular file (signature archives only).
 */
export type EntryKind = 'snapshot' | 'diff' | 'deleted' | 'signature';

export interface Entry {
  readonly kind: EntryKind;
  readonly path: BytePath;
  readonly meta: Metadata;
  /**
   * Of a signature whose mtime does not tell of every change since the file was read: the time of the set that read it,
   * and no byte before that time.
   */
  readonly storedAt?: EpochSeconds;
}

/**
 * Entries in index order, pulled one at a time. `read` gives the next block of the current entry's body (pieces of a
 * multi-volume file already joined), undefined at its end; what is not read is skipped by `next`. A block belongs to
 * the receiver unless the stream is fed from memory that is filled again: then it is done with at the next call. After an
 * error the stream is dead.
 */
export interface EntryStream {
  next(): Soon<Entry | undefined>;
  read(): Soon<Buffer | undefined>;
  close(): Promise<void>;
}
