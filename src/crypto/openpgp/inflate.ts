import { constants, createInflate, createInflateRaw } from 'node:zlib';
import { Unreadable } from './unreadable.ts';

/** `raw` is OpenPGP's ZIP. */
export type Format = 'raw' | 'zlib';

export interface InflateOptions {
  /** A block is done with when the next one is asked for. Otherwise it belongs to the receiver. */
  readonly reuses: boolean;
  /** Told the first byte behind the compressed data, if there is one. */
  readonly onTrailing: (byte: number) => void;
}

/** Memory that is filled again stays in the processor's second cache. */
const REUSED_BYTES = 128 * 1024;
/** The largest that comes from malloc's heap rather than as fresh pages. */
const OWN_BYTES = 96 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Full blocks of decompressed bytes; only the last may be shorter. Works on this thread, with the call behind
 * `zlib.inflateRawSync`: a zlib stream takes twice the processor time, because every block goes to a thread and back
 * and is fresh memory.
 */
export function* inflated(
  source: Iterable<Buffer>,
  format: Format,
  { reuses, onTrailing }: InflateOptions,
): Generator<Buffer, void> {
  const step = inflateStep(format);
  const fresh = (): Buffer => Buffer.allocUnsafeSlow(reuses ? REUSED_BYTES : OWN_BYTES);
  let output = fresh();
  let length = 0;
  let isOver = false;
  try {
    for (const input of source) {
      let at = 0;
      while (!isOver && at < input.length) {
        const left = step.run(input, at, { output, length, isLast: false });
        at = input.length - left.input;
        length = output.length - left.output;
        // zlib leaves input although there is room only behind the end.
        isOver = left.output > 0 && left.input > 0;
        if (left.output > 0) continue;
        yield output;
        if (!reuses) output = fresh();
        length = 0;
      }
      const trailing = input[at];
      if (isOver && trailing !== undefined) {
        onTrailing(trailing);
        break;
      }
    }
    for (let isFull = !isOver; isFull;) {
      const left = step.run(NOTHING, 0, { output, length, isLast: true });
      length = output.length - left.output;
      isFull = left.output === 0;
      if (!isFull) break;
      yield output;
      if (!reuses) output = fresh();
      length = 0;
    }
    if (length > 0) yield output.subarray(0, length);
  } finally {
    step.close();
  }
}

interface Step {
  /** Inflates what fits; what is left of both sides. With `isLast` data that have not ended are an error. */
  run(
    input: Buffer,
    from: number,
    to: { readonly output: Buffer; readonly length: number; readonly isLast: boolean },
  ): { readonly input: number; readonly output: number };
  close(): void;
}

interface Handle {
  writeSync(
    flush: number,
    input: Buffer,
    from: number,
    length: number,
    output: Buffer,
    at: number,
    outputLength: number,
  ): void;
}

/** Node has this call, but does not publish it. Where it should be gone one day, gpg reads compressed files. */
function inflateStep(format: Format): Step {
  const stream = format === 'raw' ? createInflateRaw() : createInflate();
  const handle: unknown = Reflect.get(stream, '_handle');
  const state: unknown = Reflect.get(stream, '_writeState');
  // Thrown from `run`; the stream tells it once more.
  stream.on('error', () => undefined);
  if (!isHandle(handle) || !(state instanceof Uint32Array)) throw new Unreadable('this Node cannot decompress it');
  return {
    run(input, from, { output, length, isLast }) {
      const flush = isLast ? constants.Z_FINISH : constants.Z_NO_FLUSH;
      handle.writeSync(flush, input, from, input.length - from, output, length, output.length - length);
      if (stream.errored) throw new Unreadable(`its compressed data are damaged (${stream.errored.message})`);
      return { output: state[0] ?? 0, input: state[1] ?? 0 };
    },
    close: () => void stream.destroy(),
  };
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'writeSync') === 'function';
}
