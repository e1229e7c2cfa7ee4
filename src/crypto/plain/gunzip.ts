import { DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { readAhead, withoutFirst } from '../ahead/read-ahead.ts';
import type { OpenOptions } from '../codec.ts';
import { stampAt } from '../file-stamp.ts';
import { type BlockOptions, fileBlocks } from '../read-file.ts';
import { errorCode } from '../../util/errno.ts';
import { turnTaker } from '../turn.ts';
import { type ZlibStep, zlibStep } from '../zlib-step.ts';
import { gunzipStream } from './gunzip-stream.ts';
import { expectZeros } from './trailing.ts';

/** Memory that is filled again stays in the processor's second cache. */
const REUSED_BYTES = 128 * 1024;
/** The largest that comes from malloc's heap rather than as fresh pages. */
const OWN_BYTES = 96 * 1024;

const NOTHING = Buffer.alloc(0);

type GunzipOptions = BlockOptions & OpenOptions;

/**
 * The decompressed content of a file in blocks of 64-256 KiB, only the last of which may be shorter. Several members in a
 * row and zero bytes after the last are accepted.
 */
export async function* gunzipFile(
  path: string,
  options: GunzipOptions,
  step: ZlibStep | undefined = zlibStep('gzip'),
): AsyncGenerator<Buffer> {
  const { signal, thread } = options;
  try {
    const stamp = thread && stampAt(path);
    if (stamp !== undefined) {
      const { bytes, isWhole } = yield* readAhead({ path, stamp }, options);
      const { thread: _, ...alone } = options;
      if (!isWhole) yield* withoutFirst(gunzipFile(path, alone), bytes);
      return;
    }
    if (step === undefined) yield* gunzipStream(fileBlocks(path, { signal }));
    else yield* inflated(fileBlocks(path, { signal, reuses: true }), step, options);
  } catch (error) {
    throw asDamage(error, options.name);
  } finally {
    step?.close();
  }
}

async function* inflated(
  source: AsyncIterable<Buffer>,
  step: ZlibStep,
  { reuses = false, signal }: GunzipOptions,
): AsyncGenerator<Buffer> {
  const turn = turnTaker();
  const fresh = (): Buffer => Buffer.allocUnsafeSlow(reuses ? REUSED_BYTES : OWN_BYTES);
  let output = fresh();
  let length = 0;
  let isOver = false;

  /** Inflates until the input is used up or a block is full; answers where in the input that is. */
  function fill(input: Buffer, at: number, isLast: boolean): number {
    step.run(input, { from: at, output, at: length, isLast });
    length = output.length - step.outputLeft;
    return input.length - step.inputLeft;
  }

  for await (const input of source) {
    let at = 0;
    while (!isOver && at < input.length) {
      at = fill(input, at, false);
      if (length === output.length) {
        yield output;
        await turn(length);
        signal.throwIfAborted();
        if (!reuses) output = fresh();
        length = 0;
      } else {
        // zlib leaves input although there is room only behind the last member.
        isOver = at < input.length;
      }
    }
    if (isOver) expectZeros(input.subarray(at));
  }
  if (!isOver) fill(NOTHING, 0, true);
  while (length === output.length) {
    yield output;
    if (!reuses) output = fresh();
    length = 0;
    fill(NOTHING, 0, true);
  }
  if (length > 0) yield output.subarray(0, length);
}

function asDamage(error: unknown, name: string): unknown {
  if (error instanceof DuplicityError || errorCode(error)?.startsWith('Z_') !== true) return error;
  return new IntegrityError('DAMAGED', `${name} is damaged: gzip reports "${(error as Error).message}".`, {
    hint: 'Fetch the file again or restore from an earlier backup; "verify" tells which other files are damaged.',
    cause: error,
  });
}
