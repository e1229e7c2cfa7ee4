import type { Soon } from '../../util/soon.ts';
import type { EncodedFile } from '../codec.ts';
import { createSpoolFile, type SpoolFile } from '../spool-file.ts';
import { compressedPacket } from './packets/compressed-packet.ts';
import type { Lock } from './packets/key-packets.ts';
import { type LiteralPiece, literalPieces } from './packets/literal-pieces.ts';
import type { Compression } from './packets/packet.ts';
import { sealedPacket } from './packets/sealed-packet.ts';
import type { Signing } from './keys/signing.ts';

/** How the files of a run are encrypted. */
export interface Encryption {
  readonly lock: Lock;
  readonly compression: Compression;
  /** zlib's, 1 to 9. */
  readonly level: number;
  readonly signing: Signing | undefined;
}

const NOTHING = Buffer.alloc(0);

/**
 * Starts an encrypted file: key packets, then literal data, signed if asked for, compressed on other threads and encrypted
 * here on the way to the disk. Sizes depend only on what was written (see `deflateStream`).
 */
export function createOpenPgpFile(
  encryption: Encryption,
  { path, signal, wantsDigest }: { readonly path: string; readonly signal: AbortSignal; readonly wantsDigest: boolean },
): EncodedFile {
  signal.throwIfAborted();
  const spool = createSpoolFile(path, { wantsDigest });
  try {
    return fileInto(spool, encryption, signal);
  } catch (error) {
    spool.remove();
    throw error;
  }
}

function fileInto(spool: SpoolFile, encryption: Encryption, signal: AbortSignal): EncodedFile {
  const { lock, signing } = encryption;
  let size = 0;

  function store(blocks: readonly Buffer[]): void {
    signal.throwIfAborted();
    spool.write(blocks);
    for (const block of blocks) size += block.length;
  }

  store([lock.keyPackets]);
  const sealed = sealedPacket(lock.session, store);
  const inside = compressedPacket({ ...encryption, store: (bytes) => sealed.write(bytes) });
  const literal = literalPieces();
  const signer = signing?.start(signal);
  let opening = signing?.onePass ?? NOTHING;

  /** What stands before the first piece goes with it. */
  function opened(bytes: Buffer): Buffer {
    if (opening.length === 0) return bytes;
    const all = Buffer.concat([opening, bytes]);
    opening = NOTHING;
    return all;
  }

  function take({ bytes, content }: LiteralPiece): Soon<void> {
    const signed = signer?.write(content);
    // The line below may throw, and nobody would look at this one any more.
    if (signed instanceof Promise) signed.catch(ignore);
    const kept = inside.write(opened(bytes));
    return signed instanceof Promise ? Promise.all([signed, kept]).then(ignore) : kept;
  }

  async function finish(): Promise<number> {
    const { bytes, content } = literal.last();
    await signer?.write(content);
    const signature = (await signer?.finish()) ?? NOTHING;
    await inside.finish(Buffer.concat([opened(bytes), signature]));
    sealed.finish();
    spool.close();
    return size;
  }

  async function stop(): Promise<void> {
    await signer?.abort();
    await inside.settled();
    spool.remove();
  }

  return {
    // Content is copied between the headers of the literal packet.
    returnsBlocks: true,
    write: (block) => literal.write(block, take),
    size: () => size,
    digest: () => spool.digest(),
    async finish() {
      try {
        return await finish();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    abort: stop,
  };
}

function ignore(): void {
  // Told to whoever waits for both.
}
