import { constants, deflateRaw } from 'node:zlib';
import { release } from '../../util/release.ts';
import { WINDOW_BYTES } from './kernel/layout.ts';
import { looksRandom } from './looks-random.ts';
import type { Piece, PieceJob } from './piece.ts';

/** The most a stored block holds, and what stands before it. Source: RFC 1951, 3.2.4. */
const STORED_BYTES = 65_535;
const STORED_HEAD_BYTES = 5;

/**
 * The piece stored, where that is as good as deflated: what looks random costs as much time as text does and gains
 * nothing.
 */
export function storedJob(piece: Piece, level: number): PieceJob | undefined {
  const { bytes, before, isLast } = piece;
  if (bytes.length === 0 || (level > 0 && !looksRandom(bytes))) return undefined;
  const output = stored(bytes, isLast);
  release(bytes);
  if (before !== undefined) release(before);
  return {
    take(use) {
      use(output);
      release(output);
    },
    settled: () => Promise.resolve(),
  };
}

/**
 * The piece deflated by zlib, on libuv's pool. Pieces of one stream may be worked on at the same time; their outputs in
 * order are a valid stream, within 0.2 % of the size one call would give.
 */
export function zlibJob({ bytes, before, isLast }: Piece, level: number): PieceJob {
  let output: Buffer | undefined;
  const done = run();
  done.catch(ignore);

  async function run(): Promise<void> {
    output = await deflated(bytes, {
      level,
      memLevel: 9,
      chunkSize: bytes.length + 1024,
      finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      ...(before === undefined ? {} : { dictionary: before.subarray(-WINDOW_BYTES) }),
    });
    release(bytes);
    if (before !== undefined) release(before);
  }

  function pass(use: (output: Buffer) => void): void {
    if (output === undefined) return;
    use(output);
    release(output);
  }

  return {
    take: (use) => (output === undefined ? done.then(() => pass(use)) : pass(use)),
    settled: () => done.catch(ignore),
  };
}

/** zlib would take ten times as long for it. */
function stored(piece: Buffer, isLast: boolean): Buffer {
  const blocks = Math.ceil(piece.length / STORED_BYTES);
  const output = Buffer.allocUnsafeSlow(piece.length + blocks * STORED_HEAD_BYTES);
  let at = 0;
  for (let from = 0; from < piece.length; from += STORED_BYTES) {
    const length = Math.min(STORED_BYTES, piece.length - from);
    output[at] = isLast && from + length === piece.length ? 1 : 0;
    output.writeUInt16LE(length, at + 1);
    output.writeUInt16LE(length ^ 0xffff, at + 3);
    at += STORED_HEAD_BYTES;
    at += piece.copy(output, at, from, from + length);
  }
  return output;
}

function deflated(input: Buffer, options: Parameters<typeof deflateRaw>[1] & object): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(input, options, (error, output) => (error ? reject(error) : resolve(output)));
  });
}

function ignore(): void {
  // Told to whoever takes the output.
}
