import { release } from '../../../util/release.ts';
import { type Format, type ZlibStep, zlibStep } from '../../zlib-step.ts';
import { Unreadable } from './unreadable.ts';

/** `raw` is OpenPGP's ZIP. */
export type PacketFormat = Exclude<Format, 'gzip'>;

export interface InflateOptions {
  /** A block is done with when the next one is asked for. Otherwise it belongs to the receiver. */
  readonly reuses: boolean;
  /** Gives memory for the next block, where it is not to be any. */
  readonly room?: (() => Buffer) | undefined;
  /** Told the first byte behind the compressed data, if there is one. */
  readonly onTrailing: (byte: number) => void;
}

/** Memory that is filled again stays in the processor's second cache. */
const REUSED_BYTES = 128 * 1024;
/** The largest that comes from malloc's heap rather than as fresh pages. */
const OWN_BYTES = 96 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Full blocks of decompressed bytes; only the last may be shorter. Works on this thread. Takes over the blocks of `source`.
 * Damaged data are `Unreadable`.
 */
export function* inflated(
  source: Iterable<Buffer>,
  format: Format,
  { reuses, room, onTrailing }: InflateOptions,
): Generator<Buffer, void> {
  const step = stepOf(format);
  const fresh = room ?? ((): Buffer => Buffer.allocUnsafeSlow(reuses ? REUSED_BYTES : OWN_BYTES));
  let output = fresh();
  let length = 0;
  let isOver = false;

  /** Inflates until the input is used up or a block is full; answers where in the input that is. */
  function fill(input: Buffer, at: number, isLast: boolean): number {
    try {
      step.run(input, { from: at, output, at: length, isLast });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Unreadable(`its compressed data are damaged (${reason})`, { cause: error });
    }
    length = output.length - step.outputLeft;
    return input.length - step.inputLeft;
  }

  try {
    for (const input of source) {
      let at = 0;
      while (!isOver && at < input.length) {
        at = fill(input, at, false);
        if (length < output.length) {
          // zlib leaves input although there is room only behind the end.
          isOver = at < input.length;
          continue;
        }
        yield output;
        if (!reuses) output = fresh();
        length = 0;
      }
      const trailing = input[at];
      if (isOver && trailing !== undefined) {
        onTrailing(trailing);
        break;
      }
      release(input);
    }
    if (!isOver) fill(NOTHING, 0, true);
    while (length === output.length) {
      yield output;
      if (!reuses) output = fresh();
      length = 0;
      fill(NOTHING, 0, true);
    }
    if (length > 0) yield output.subarray(0, length);
  } finally {
    step.close();
  }
}

/** Where Node should lack the call one day, gpg reads compressed files. */
function stepOf(format: Format): ZlibStep {
  const step = zlibStep(format);
  if (!step) throw new Unreadable('this Node cannot decompress it');
  return step;
}
