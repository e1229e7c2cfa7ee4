import { constants, deflateRaw } from 'node:zlib';
import { looksRandom } from './looks-random.ts';

/** How far back deflate looks. */
export const WINDOW_BYTES = 32 * 1024;

/** The most a stored block holds, and what stands before it. Source: RFC 1951, 3.2.4. */
const STORED_BYTES = 65_535;
const STORED_HEAD_BYTES = 5;

export interface DeflatePiece {
  readonly piece: Buffer;
  /** The bytes before the piece in the stream; the last 32 KiB of them serve as dictionary. */
  readonly before: Buffer | undefined;
  readonly level: number;
  /** Ends the stream; every other piece ends on a byte boundary after a sync flush. */
  readonly isLast: boolean;
}

/**
 * One piece of a raw deflate stream, compressed on libuv's pool. Pieces of one stream may be worked on at the same
 * time; their outputs in order are a valid stream, within 0.2 % of the size one call would give. What looks random is
 * stored: deflating it costs as much as text does and gains nothing.
 */
export async function deflatePiece({ piece, before, level, isLast }: DeflatePiece): Promise<Buffer> {
  if (piece.length > 0 && (level === 0 || looksRandom(piece))) return stored(piece, isLast);
  return await deflated(piece, {
    level,
    memLevel: 9,
    chunkSize: piece.length + 1024,
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(before === undefined ? {} : { dictionary: before.subarray(-WINDOW_BYTES) }),
  });
}

/** zlib would take ten times as long for it. */
function stored(piece: Buffer, isLast: boolean): Buffer {
  const blocks = Math.ceil(piece.length / STORED_BYTES);
  const output = Buffer.allocUnsafeSlow(piece.length + blocks * STORED_HEAD_BYTES);
  let at = 0;
  for (let from = 0; from < piece.length; from += STORED_BYTES) {
    const length = Math.min(STORED_BYTES, piece.length - from);
    output[at] = isLast && from + length === piece.length ? 1 : 0;
    output.writeUInt16LE(length, at + 1);
    output.writeUInt16LE(length ^ 0xffff, at + 3);
    at += STORED_HEAD_BYTES;
    at += piece.copy(output, at, from, from + length);
  }
  return output;
}

function deflated(input: Buffer, options: Parameters<typeof deflateRaw>[1] & object): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(input, options, (error, output) => (error ? reject(error) : resolve(output)));
  });
}
