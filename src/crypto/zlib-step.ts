import {
  constants,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
  type Inflate,
  type InflateRaw,
} from 'node:zlib';

/** What stands around the deflated data. */
export type Format = 'gzip' | 'raw' | 'zlib';

export interface ZlibStep {
  /**
   * Inflates `input` from `from` on into `output` from `at` on, until one of them is used up or the data have ended.
   * Throws zlib's error; with `isLast` also when the input is used up and the data have not ended.
   */
  run(
    input: Buffer,
    options: { readonly from: number; readonly output: Buffer; readonly at: number; readonly isLast: boolean },
  ): void;
  /** Bytes that the last `run` left over in `input` and in `output`. */
  readonly inputLeft: number;
  readonly outputLeft: number;
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

/**
 * The call behind `zlib.gunzipSync`, `inflateRawSync` and `inflateSync`, which Node has but does not publish: on this
 * thread and into memory that stays in the processor's cache. 64 MB of half text, half random data cost 90 ms this way;
 * through a zlib stream, whose every block goes to a thread and back and is fresh memory, 170 to 200. undefined where
 * this Node has it no more.
 */
export function zlibStep(format: Format): ZlibStep | undefined {
  const stream = streamOf(format);
  const handle: unknown = Reflect.get(stream, '_handle');
  const state: unknown = Reflect.get(stream, '_writeState');
  if (!isHandle(handle) || !(state instanceof Uint32Array) || state.length !== 2) {
    stream.close();
    return undefined;
  }
  // Thrown from `run`; the stream tells it once more.
  stream.on('error', () => undefined);

  return {
    run(input, { from, output, at, isLast }) {
      const flush = isLast ? constants.Z_FINISH : constants.Z_NO_FLUSH;
      handle.writeSync(flush, input, from, input.length - from, output, at, output.length - at);
      if (stream.errored) throw stream.errored;
    },
    get outputLeft() {
      return state[0] ?? 0;
    },
    get inputLeft() {
      return state[1] ?? 0;
    },
    close: () => void stream.destroy(),
  };
}

function streamOf(format: Format): Gunzip | Inflate | InflateRaw {
  if (format === 'gzip') return createGunzip();
  return format === 'raw' ? createInflateRaw() : createInflate();
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'writeSync') === 'function';
}
