import type { Codec, EncodedFile } from '../codec.ts';

export const never = new AbortController().signal;

async function collect(blocks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const block of blocks) all.push(block);
  return Buffer.concat(all);
}

export async function writeAll(file: EncodedFile, blocks: Iterable<Buffer>): Promise<number> {
  for (const block of blocks) {
    // The file takes the block over; tests want to compare it afterwards.
    const wait = file.write(Buffer.from(block));
    if (wait instanceof Promise) await wait;
  }
  return await file.finish();
}

/** Encodes `blocks` into a new file at `path`; the size `finish` gave. */
export async function encode(codec: Codec, path: string, blocks: Iterable<Buffer>): Promise<number> {
  return await writeAll(await codec.create(path, never), blocks);
}

export function decode(codec: Codec, path: string, options: { name?: string; signer?: string } = {}): Promise<Buffer> {
  return collect(codec.open(path, { name: 'the file', signal: never, ...options }));
}

/** Bytes that never repeat in a way zlib notices, the same on every run. */
export function randomBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Compressible lines, the same on every run. */
export function textBytes(length: number): Buffer {
  const lines: string[] = [];
  for (let n = 0, size = 0; size < length; n++) {
    const line = `${n} ${(n * 7919) % 1013} the quick brown fox jumps over ${n % 17} lazy dogs\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join(''), 'latin1').subarray(0, length);
}

export function slices(bytes: Buffer, size: number): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size));
  return out;
}
