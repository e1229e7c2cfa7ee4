import { BackendError } from '../../errors/errors.ts';
import type { Body, Bytes } from '../backend.ts';

/** The bytes of `body`; throws before the last one is given when there are more or fewer of them than announced. */
export async function* exactBytes(body: Body, signal: AbortSignal): Bytes {
  let left = body.size;
  let held: Buffer | undefined;
  for await (const block of body.open()) {
    signal.throwIfAborted();
    if (block.length === 0) continue;
    left -= block.length;
    if (left < 0) throw otherSize(body.size, 'more');
    // Held back: a receiver that has all it was promised would take the object for complete.
    if (held !== undefined) yield held;
    held = block;
  }
  if (left > 0) throw otherSize(body.size, 'fewer');
  if (held !== undefined) yield held;
}

/** `body` for a reader that sends it nowhere. */
export function unsent(body: Body): Body {
  return { size: body.size, open: () => body.look?.() ?? body.open() };
}

function otherSize(size: number, what: string): BackendError {
  return new BackendError('BACKEND_ERROR', `There are ${what} bytes to send than the ${size} announced`, {
    retryable: false,
  });
}

/** `bytes` as they come; throws at the end when they are fewer than `size`, which is what a lost connection may look like. */
export async function* wholeBytes(bytes: AsyncIterable<Buffer>, size: number | undefined, name: string): Bytes {
  let received = 0;
  for await (const block of bytes) {
    received += block.length;
    yield block;
  }
  if (size !== undefined && received !== size) {
    throw new BackendError('BACKEND_ERROR', `${name} came with ${received} of ${size} bytes`, { retryable: true });
  }
}
