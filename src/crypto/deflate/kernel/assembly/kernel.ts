import { WINDOW_BYTES } from '../layout';
import { buildTables } from './tables';
import { deflatePiece } from './match';

let isBuilt = false;

/**
 * Deflates the `length` bytes at PIECE, with the `before` bytes in front of them as dictionary, to OUTPUT, and answers how
 * many bytes that makes. The last piece ends the stream; any other ends on a byte boundary, after an empty stored block.
 */
export function deflate(before: u32, length: u32, isLast: bool): u32 {
  if (!isBuilt) buildTables();
  isBuilt = true;
  return deflatePiece(min(before, WINDOW_BYTES), length, isLast);
}
