import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { gunzipStream } from '../crypto/plain/gunzip-stream.ts';
import { IntegrityError } from '../errors/errors.ts';
import { toFs, toScreen } from '../util/bytepath.ts';
import { errorCode } from '../util/errno.ts';
import type { ArchivePath } from './command-line.ts';

const BLOCK_BYTES = 256 * 1024;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** The bytes of an archive, decompressed when they are gzipped, which their beginning tells. `-` is standard input. */
export async function* archiveBytes(path: ArchivePath, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stream =
    path === '-'
      ? addAbortSignal(signal, process.stdin)
      : createReadStream(toFs(path), { highWaterMark: BLOCK_BYTES, signal });
  const blocks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    const head = await firstBytes(blocks, GZIP_MAGIC.length);
    const bytes = joined(head, blocks);
    if (head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) yield* gunzipStream(bytes);
    else yield* bytes;
  } catch (error) {
    if (errorCode(error)?.startsWith('Z_') !== true) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new IntegrityError('DAMAGED', `${toScreen(path)} is damaged: ${reason}.`, { cause: error });
  } finally {
    await blocks.return?.();
  }
}

/** The beginning, with all that came along; shorter than asked for only when there is no more. */
async function firstBytes(blocks: AsyncIterator<Buffer>, least: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let length = 0; length < least;) {
    const { done, value } = await blocks.next();
    if (done === true) break;
    parts.push(value);
    length += value.length;
  }
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* { [Symbol.asyncIterator]: () => rest };
}
