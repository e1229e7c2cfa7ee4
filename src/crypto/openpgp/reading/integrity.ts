import { createHash } from 'node:crypto';
import { turnTaker } from '../../turn.ts';
import { CODE_BYTES, type Piece, PREFIX_BYTES } from './decrypted-pieces.ts';

const DIGEST_BYTES = 20;
/** Header of the packet with the code. */
const CODE_HEADER = 0xd314;
/** Hashing them takes 4 ms or so. */
const TURN_BYTES = 4 * 1024 * 1024;

export interface Verdict {
  readonly isGood: boolean;
  /** The file ended before the packet did. */
  readonly isCut: boolean;
  readonly trailing: number | undefined;
}

export interface Checked extends Verdict {
  /** All pieces, when they were to be kept. */
  readonly pieces: Piece[];
}

const CUT: Verdict = { isGood: false, isCut: true, trailing: undefined };

/** Hashes a whole message and compares with its modification detection code. Source: RFC 4880, 5.14. */
export async function checkIntegrity(
  pieces: Iterable<Piece>,
  { signal, keep }: { readonly signal: AbortSignal; readonly keep: boolean },
): Promise<Checked> {
  const take = integrityCheck();
  const kept: Piece[] = [];
  const turn = turnTaker(TURN_BYTES);
  for (const piece of pieces) {
    if (keep) kept.push(piece);
    const verdict = take(piece);
    if (verdict !== undefined) return { ...verdict, pieces: kept };
    const hadTurn = turn(piece.bytes.length);
    if (hadTurn === undefined) continue;
    await hadTurn;
    signal.throwIfAborted();
  }
  return { ...CUT, pieces: [] };
}

/** Passes the pieces on, each once it is hashed; the last one, and the end of a file that is cut, after `judge` has heard. */
export function* judgedPieces(pieces: Iterable<Piece>, judge: (verdict: Verdict) => void): Generator<Piece, void> {
  const take = integrityCheck();
  for (const piece of pieces) {
    const verdict = take(piece);
    if (verdict !== undefined) judge(verdict);
    yield piece;
    if (verdict !== undefined) return;
  }
  judge(CUT);
}

/** Answers what it makes of the message when it is given the last piece. */
function integrityCheck(): (piece: Piece) => Verdict | undefined {
  const hash = createHash('sha1');
  let length = 0;
  return ({ bytes, isLast, trailing }) => {
    length += bytes.length;
    if (!isLast) {
      hash.update(bytes);
      return undefined;
    }
    const isWhole = length >= PREFIX_BYTES + CODE_BYTES;
    const isGood = isWhole && bytes.readUInt16BE(bytes.length - CODE_BYTES) === CODE_HEADER && matches(hash, bytes);
    return { isGood, isCut: false, trailing };
  };
}

function matches(hash: ReturnType<typeof createHash>, last: Buffer): boolean {
  const end = last.length - DIGEST_BYTES;
  return hash.update(last.subarray(0, end)).digest().equals(last.subarray(end));
}

/** The packets inside: what was decrypted without the prefix and the code. Blocks belong to the receiver. */
export function* packetBlocks(pieces: Iterable<Piece>): Generator<Buffer, void> {
  let prefix = PREFIX_BYTES;
  for (const { bytes, isLast } of pieces) {
    const from = Math.min(prefix, bytes.length);
    prefix -= from;
    const to = isLast ? bytes.length - CODE_BYTES : bytes.length;
    if (to > from) yield bytes.subarray(from, to);
  }
}
