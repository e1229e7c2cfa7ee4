import { notSignedBy } from '../../gpg/check-signer.ts';
import { turnTaker } from '../../turn.ts';
import type { CipherFile } from './cipher-file.ts';
import type { Piece } from './decrypted-pieces.ts';
import { changed, damaged } from './failures.ts';
import { packetBlocks } from './integrity.ts';
import { type Message, openMessage } from './message.ts';
import type { SignatureCheck, StartCheck } from './signature-check.ts';
import { Unreadable } from './unreadable.ts';

export interface Release {
  readonly file: CipherFile;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

interface ReleaseOptions extends Release {
  readonly reuses: boolean;
  readonly signer?: string;
  /** Absent when the signature is known to be good. */
  readonly checkSignature?: StartCheck;
}

/**
 * The data of a message whose integrity is known. Answers false when the message is not understood; nothing was released
 * then. What is wrong with a signature is told behind the last block.
 */
export async function* releaseMessage(
  pieces: Iterable<Piece>,
  options: ReleaseOptions,
): AsyncGenerator<Buffer, boolean> {
  const { file, name, signal, warn, signer, reuses } = options;
  let message: Message | undefined;
  let check: SignatureCheck | undefined;
  let isReleased = false;
  const turn = turnTaker();
  try {
    message = openMessage(packetBlocks(pieces), { reuses, warn: (text) => warn(`${name}: ${text}`) });
    if (signer !== undefined && !message.isSigned) throw notSignedBy(signer);
    if (message.isSigned) check = await options.checkSignature?.(options);
    if (check) message.watch(check.take);
    for (const block of message.literal()) {
      isReleased = true;
      // Whoever gets the block may give its memory away, and it is of no length then.
      const { length } = block;
      await check?.passOn();
      yield reuses ? block : ownBlock(block);
      await turn(length);
      signal.throwIfAborted();
    }
    await check?.passOn();
    await check?.finish();
    // It was read twice, and may lie where others write.
    if (file.isChanged()) throw changed(name);
    return true;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    if (isReleased) throw damaged(name, error.message, 'gpg: WARNING: the packets of the message are damaged');
    return false;
  } finally {
    message?.close();
    await check?.stop();
  }
}

/** Packets cut a block of memory into pieces, and whoever gets the first may give all of it away. */
function ownBlock(block: Buffer): Buffer {
  if (block.length === block.buffer.byteLength) return block;
  const own = Buffer.allocUnsafeSlow(block.length);
  block.copy(own);
  return own;
}
