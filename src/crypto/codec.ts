import type { Soon } from '../util/soon.ts';
import type { DecodeThread } from './ahead/decode-thread.ts';
import type { FileStamp } from './file-stamp.ts';

/**
 * How a stored file is encoded, told by its name: plain, `.gz` or `.gpg`. One codec per suffix; a chain may mix them.
 */
export interface Codec {
  readonly suffix: '' | '.gz' | '.gpg';
  /**
   * Starts an encoded file at `path` (created with mode 0600, must not exist).
   */
  create(path: string, signal: AbortSignal, options?: { readonly wantsDigest?: boolean }): Promise<EncodedFile>;
  /** Finds out, before there is anything to write, whether keys and passphrase let it be written. Throws what `create` would. */
  prepare?(signal: AbortSignal): Promise<void>;
  /** Bytes per block that suit it best; what it writes does not depend on them. Default: whatever comes. */
  readonly blockBytes?: number;
  /**
   * Decoded blocks of the local file at `path`. Trailing bytes are consumed, so that integrity checks run.
   * `IntegrityError` for damage, `CryptoError` for keys and passphrases; with `signer`, a volume not signed by that key
   * is `UNSIGNED_VOLUME`.
   */
  open(path: string, options: OpenOptions): AsyncIterable<Buffer>;
}

export interface OpenOptions {
  /** What messages call the file. */
  readonly name: string;
  readonly signer?: string;
  /**
   * What the file was when a hash that an authentic record has of it was found to be right. As long as it is still that,
   * its own check may come with its last block instead of before the first.
   */
  readonly proven?: Soon<FileStamp | undefined> | undefined;
  /** May decode a proven file, and begin with it before `proven` is known. */
  readonly thread?: DecodeThread;
  /**
   * Blocks are done with when the next one is asked for, so that their memory may be filled again. Otherwise they belong
   * to the receiver.
   */
  readonly reuses?: boolean;
  readonly signal: AbortSignal;
}

/** An encoded file being written. */
export interface EncodedFile {
  /** Takes over the block and the whole buffer it is part of. Answers a promise when the producer has to wait before the next one. */
  write(block: Buffer): Soon<void>;
  /** Blocks of 64 KiB or more are done with when `write` has answered, and may be filled again. */
  readonly returnsBlocks?: true;
  /** Bytes that have reached the file; lags behind what was written. */
  size(): number;
  /** SHA-1 of the finished file in lower-case hex, where it was wanted and taken while writing. */
  digest?(): string | undefined;
  /** Completes the file and gives its size. Throws what went wrong on the way. */
  finish(): Promise<number>;
  /** Stops and removes the file. Never throws. */
  abort(): Promise<void>;
}
