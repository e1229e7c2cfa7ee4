import type { Soon } from '../../../util/soon.ts';
import { pieceBytes } from '../../deflate/deflate-stream.ts';
import { lengthBytes, partialLengthByte, TAG, tagByte } from './packet.ts';

/** Binary, no file name, no time: nothing is told that the archive does not tell itself. */
const LITERAL_HEADER = Buffer.from(['b'.charCodeAt(0), 0, 0, 0, 0, 0]);

/** One part of a literal packet. */
export interface LiteralPiece {
  /** Belongs to the receiver. */
  readonly bytes: Buffer;
  /** The part of `bytes` that is content. */
  readonly content: Buffer;
}

/** Cuts content into the parts of a literal packet, each of the size that suits the deflater. */
export interface LiteralPieces {
  /** Copies the block, and gives each part that it completes to `take`, waiting for its answers. */
  write(block: Buffer, take: (piece: LiteralPiece) => Soon<void>): Soon<void>;
  /** The last part; with a definite length when it is the only one. */
  last(): LiteralPiece;
}

export function literalPieces(): LiteralPieces {
  let taken = 0;
  let exponent = 0;
  let piece = Buffer.alloc(0);
  let contentAt = 0;
  let used = 0;

  function begin(): void {
    // Parts are powers of two: the largest that is not larger than the piece wanted.
    exponent = 31 - Math.clz32(pieceBytes(taken));
    const head = taken === 0 ? [tagByte(TAG.literal), partialLengthByte(exponent)] : [partialLengthByte(exponent)];
    piece = Buffer.allocUnsafeSlow(head.length + 2 ** exponent);
    piece.set(head);
    used = head.length;
    if (taken === 0) used += LITERAL_HEADER.copy(piece, used);
    contentAt = used;
  }

  function fill(block: Buffer, at: number): number {
    const count = block.copy(piece, used, at);
    used += count;
    return at + count;
  }

  function complete(): LiteralPiece {
    const done = { bytes: piece, content: piece.subarray(contentAt) };
    taken += piece.length;
    begin();
    return done;
  }

  function write(block: Buffer, take: (piece: LiteralPiece) => Soon<void>, from = 0): Soon<void> {
    for (let at = from; at < block.length;) {
      at = fill(block, at);
      if (used < piece.length) return undefined;
      const wait = take(complete());
      if (wait instanceof Promise) return wait.then(() => write(block, take, at));
    }
    return undefined;
  }

  begin();
  return {
    write: (block, take) => write(block, take),
    last() {
      const isOnly = taken === 0;
      const headBytes = isOnly ? 2 : 1;
      const body = piece.subarray(headBytes, used);
      const head = Buffer.concat([Buffer.from(isOnly ? [tagByte(TAG.literal)] : []), lengthBytes(body.length)]);
      const bytes = Buffer.concat([head, body]);
      return { bytes, content: bytes.subarray(head.length + contentAt - headBytes) };
    },
  };
}
