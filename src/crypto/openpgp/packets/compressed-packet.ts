import { release } from '../../../util/release.ts';
import type { Soon } from '../../../util/soon.ts';
import { deflateStream } from '../../deflate/deflate-stream.ts';
import { adler32 } from './adler32.ts';
import { COMPRESSION, type Compression, TAG } from './packet.ts';

/** Old form, length until the end of what it is in: the only form gpg writes, and older programs read. */
const INDETERMINATE = 0x80 | (TAG.compressed << 2) | 3;
/** 32 KiB window, and the flags of zlib's default level: readers only check that they add up. */
const ZLIB_HEADER = [0x78, 0x9c];

/** The packets inside the encrypted data, on their way to `store`. */
export interface CompressedPacket {
  /** Takes over the bytes. Answers a promise when the producer has to wait. */
  write(bytes: Buffer): Soon<void>;
  finish(bytes: Buffer): Promise<void>;
  /** Answers when nothing is at work any more. Never throws. */
  settled(): Promise<void>;
}

/** A compressed packet with the packets in it, or for `none` just those. Everything stored is used before `store` returns. */
export function compressedPacket(options: {
  readonly compression: Compression;
  /** zlib's, 1 to 9. */
  readonly level: number;
  readonly store: (bytes: Buffer) => void;
}): CompressedPacket {
  const { compression, level, store } = options;
  if (compression === COMPRESSION.none) return uncompressed(store);

  const isZlib = compression === COMPRESSION.zlib;
  const deflate = deflateStream({ level, store });
  let sum = 1;
  store(Buffer.from([INDETERMINATE, compression, ...(isZlib ? ZLIB_HEADER : [])]));

  function summed(bytes: Buffer): Buffer {
    if (isZlib) sum = adler32(bytes, sum);
    return bytes;
  }

  return {
    write: (bytes) => deflate.write(summed(bytes)),
    async finish(bytes) {
      await deflate.finish(summed(bytes));
      if (!isZlib) return;
      const trailer = Buffer.alloc(4);
      trailer.writeUInt32BE(sum);
      store(trailer);
    },
    settled: () => deflate.settled(),
  };
}

function uncompressed(store: (bytes: Buffer) => void): CompressedPacket {
  return {
    write(bytes) {
      store(bytes);
      release(bytes);
    },
    finish: async (bytes) => store(bytes),
    settled: async () => {},
  };
}
