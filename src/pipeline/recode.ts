import { rmSync, statSync } from 'node:fs';
import type { Codec } from '../crypto/codec.ts';
import { hashFile, type FetchedFile } from './remote.ts';
import type { Spool } from './spool.ts';

/** A stored file that was encoded anew, or taken as it is. */
export interface Recoded {
  readonly path: string;
  readonly size: number;
  /** SHA-1 in lower-case hex. */
  readonly hash: string;
  /** Nobody else reads the file at `path`. */
  readonly isSpare: boolean;
  /** To be called when done with it. */
  readonly release: () => void;
}

/** An encoder that returns blocks is done with those of this size at once. */
const RETURNED_BYTES = 64 * 1024;

interface RecodeOptions {
  readonly name: string;
  readonly from: Codec;
  readonly to: Codec;
  /** Takes a file over as it is when it is encoded in this way already. */
  readonly mayKeep: boolean;
  /** The file is known to be sound. */
  readonly isChecked: boolean;
  /** The key it must be signed with. */
  readonly signer: string | undefined;
  readonly spool: Spool;
  readonly signal: AbortSignal;
}

/**
 * Decodes a stored file and encodes it in another way, block by block. Gives `file` back as soon as it is not needed any
 * more.
 */
export async function recode(file: FetchedFile, options: RecodeOptions): Promise<Recoded> {
  const { name, from, to, mayKeep, isChecked, signer, spool, signal } = options;
  const isKept = mayKeep && from.suffix === to.suffix;
  const reader = { name, signal, ...(signer !== undefined && from.suffix === '.gpg' && { signer }) };
  try {
    if (isKept) {
      if (!isChecked) for await (const block of from.open(file.path, { ...reader, reuses: true })) void block;
      const { path, release } = file;
      return { path, size: statSync(path).size, hash: file.hash('SHA1'), isSpare: false, release };
    }
    const path = spool.newPath('recoded');
    const output = await to.create(path, signal, { wantsDigest: true });
    try {
      for await (const block of from.open(file.path, { ...reader, reuses: true })) {
        // Two blocks may share memory, which an encoder that takes it over would give away together with the first.
        const isReturned = output.returnsBlocks === true && block.length >= RETURNED_BYTES;
        const wait = output.write(isReturned ? block : ownCopy(block));
        if (wait instanceof Promise) await wait;
      }
    } catch (error) {
      await output.abort();
      throw error;
    }
    const size = await output.finish();
    file.release();
    const hash = output.digest?.() ?? hashFile(path, 'SHA1');
    return { path, size, hash, isSpare: true, release: () => rmSync(path, { force: true }) };
  } catch (error) {
    file.release();
    throw error;
  }
}

function ownCopy(block: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(block.length);
  block.copy(copy);
  return copy;
}
