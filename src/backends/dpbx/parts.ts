import type { Bytes } from '../backend.ts';

/** Bytes that are sent in one request and can be sent again. */
export interface Part {
  readonly size: number;
  readonly blocks: readonly Buffer[];
}

/** Cuts into parts of `size` bytes; the last one may be shorter. Of nothing there is no part. */
export async function* inParts(bytes: Bytes, size: number): AsyncGenerator<Part> {
  let blocks: Buffer[] = [];
  let held = 0;
  for await (const block of bytes) {
    for (let at = 0; at < block.length;) {
      const piece = block.subarray(at, at + size - held);
      blocks.push(piece);
      held += piece.length;
      at += piece.length;
      if (held < size) continue;
      yield { size: held, blocks };
      blocks = [];
      held = 0;
    }
  }
  if (held > 0) yield { size: held, blocks };
}

/** What follows the first `skipped` bytes. */
export function tailOf({ size, blocks }: Part, skipped: number): Part {
  const rest: Buffer[] = [];
  let at = 0;
  for (const block of blocks) {
    const from = Math.max(0, skipped - at);
    if (from < block.length) rest.push(block.subarray(from));
    at += block.length;
  }
  return { size: size - skipped, blocks: rest };
}
