import type { Bytes } from '../backend.ts';

/**
 * Cuts into parts of `size` bytes; the last one may be shorter. Of nothing there is no part. One buffer serves all parts:
 * each is valid until the next one is asked for.
 */
export async function* inParts(bytes: Bytes, size: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size);
  let held = 0;
  for await (const block of bytes) {
    for (let at = 0; at < block.length;) {
      const taken = block.copy(buffer, held, at);
      held += taken;
      at += taken;
      if (held < size) continue;
      yield buffer;
      held = 0;
    }
  }
  if (held > 0) yield buffer.subarray(0, held);
}
