import { ROOT } from '../util/bytepath.ts';
import { PIECE_SIZE } from './difftar.ts';
import type { Entry } from './entry.ts';
import { type Member, NO_METADATA } from './tar/tar-writer.ts';

// What goes into a volume for one entry. A body is read in units of PIECE_SIZE, the last of which is short or empty:
//
//     for (let read = 1, more = true; more; read++) {
//       const length = readUpTo(PIECE_SIZE);
//       const member = difftarMember(entry, length, pieceOf(read, length));
//       header(member); body(length); padding(length);
//       more = !isLastPiece(length);
//     }
//
// The header goes where the caller wants it (`writeHeader`) or into a buffer of its own (`encodeHeader`).

/**
 * The number that the `read`-th unit of a body (from 1) gets as a piece; 0: `length` bytes are the whole body, which is
 * not split.
 */
export function pieceOf(read: number, length: number): number {
  return read === 1 && length < PIECE_SIZE ? 0 : read;
}

export function isLastPiece(length: number): boolean {
  return length < PIECE_SIZE;
}

/** The member for `size` bytes of the entry's body: piece `piece`, or all of it when that is 0. */
export function difftarMember(entry: Entry, size: number, piece = 0): Member {
  const name = difftarName(entry, piece);
  return entry.kind === 'deleted' ? { name, meta: NO_METADATA, size: 0 } : { name, meta: entry.meta, size };
}

function difftarName({ kind, path, meta }: Entry, piece: number): string {
  const gone = kind === 'deleted';
  const shown = path === ROOT && !gone && (piece > 0 || meta.type === 'dir') ? '.' : path;
  if (piece > 0) return `multivol_${kind}/${shown}/${piece}`;
  return meta.type === 'dir' && !gone ? `${kind}/${shown}/` : `${kind}/${shown}`;
}
