import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { EncodedFile } from '../codec.ts';
import { decode, encode, never, randomBytes, slices, textBytes } from '../testing/files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { gzipCodec } from './gzip.ts';

const codec = gzipCodec();

test.each([0, 1, 511, 65_536, 65_537, 1_500_000])('%i bytes come back, and zlib reads them', async (length) => {
  const path = join(tempDir(), 'f.gz');
  const bytes = textBytes(length);
  expect(await encode(codec, path, slices(bytes, 5000))).toBe(statSync(path).size);
  expect(gunzipSync(readFileSync(path)).equals(bytes)).toBe(true);
  expect((await decode(codec, path)).equals(bytes)).toBe(true);
});

test('random data, and text with random data in the middle, come back', async () => {
  const path = join(tempDir(), 'f.gz');
  const bytes = Buffer.concat([textBytes(300_000), randomBytes(600_000), textBytes(300_000)]);
  await encode(gzipCodec({ level: 6 }), path, slices(bytes, 65_536));
  expect((await decode(codec, path)).equals(bytes)).toBe(true);
  expect(statSync(path).size).toBeLessThan(gzipSync(bytes).length * 1.01);
});

test('a random block that repeats is still compressed', async () => {
  const path = join(tempDir(), 'f.gz');
  const block = randomBytes(8192);
  const size = await encode(
    codec,
    path,
    Array.from({ length: 40 }, () => block),
  );
  expect(size).toBeLessThan(40 * 8192 * 0.2);
});

test('cutting the stream into pieces costs less than half a percent', async () => {
  const path = join(tempDir(), 'f.gz');
  const bytes = textBytes(3_000_000);
  const size = await encode(gzipCodec({ level: 6 }), path, slices(bytes, 65_536));
  expect(size).toBeLessThan(gzipSync(bytes, { level: 6, memLevel: 9 }).length * 1.005);
});

test('the level is honoured', async () => {
  const dir = tempDir();
  const bytes = slices(textBytes(500_000), 65_536);
  const fast = await encode(gzipCodec({ level: 1 }), join(dir, 'fast'), bytes);
  expect(await encode(gzipCodec({ level: 9 }), join(dir, 'small'), bytes)).toBeLessThan(fast);
});

test('level 0 stores', async () => {
  const path = join(tempDir(), 'f.gz');
  const bytes = textBytes(500_000);
  expect(await encode(gzipCodec({ level: 0 }), path, slices(bytes, 65_536))).toBeGreaterThan(500_000);
  expect(gunzipSync(readFileSync(path)).equals(bytes)).toBe(true);
});

test('equal data give equal bytes with the header of the format', async () => {
  const dir = tempDir();
  await encode(codec, join(dir, 'a'), slices(textBytes(400_000), 512));
  await encode(codec, join(dir, 'b'), slices(textBytes(400_000), 512));
  const bytes = readFileSync(join(dir, 'a'));
  expect(bytes.equals(readFileSync(join(dir, 'b')))).toBe(true);
  expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
});

async function sizes(file: EncodedFile, blocks: readonly Buffer[], pause: () => Promise<void>): Promise<number[]> {
  const seen: number[] = [];
  for (const block of blocks) {
    await file.write(block);
    seen.push(file.size());
    await pause();
  }
  await file.abort();
  return seen;
}

test('size depends on what was written only, not on how fast the pool was', async () => {
  const dir = tempDir();
  const blocks = slices(textBytes(2_000_000), 30_000);
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
  const fast = await sizes(await codec.create(join(dir, 'a'), never), blocks, async () => {});
  const slow = await sizes(await codec.create(join(dir, 'b'), never), blocks, later);
  expect(slow).toEqual(fast);
  expect(fast.at(-1)).toBeGreaterThan(100_000);
});

test('at most 200 KiB of a small volume are on the way to the file', async () => {
  const path = join(tempDir(), 'f.gz');
  const file = await codec.create(path, never);
  for (const block of slices(randomBytes(1_000_000), 10_000)) await file.write(block);
  expect(file.size()).toBeGreaterThan(1_000_000 - 200 * 1024);
  await file.abort();
  expect(existsSync(path)).toBe(false);
});

test.each([
  ['truncated in its data', (gz: Buffer) => gz.subarray(0, gz.length - 5000)],
  ['truncated in its trailer', (gz: Buffer) => gz.subarray(0, gz.length - 3)],
  ['empty', () => Buffer.alloc(0)],
  ['changed in the middle', (gz: Buffer) => flip(gz, gz.length >> 1)],
  ['changed in its check sum', (gz: Buffer) => flip(gz, gz.length - 6)],
  ['not gzip at all', () => Buffer.from('manifest of something else\n')],
  ['followed by other data', (gz: Buffer) => Buffer.concat([gz, Buffer.from('garbage')])],
])('a file that is %s is DAMAGED and named', async (_what, damage) => {
  const path = join(tempDir(), 'f.gz');
  writeFileSync(path, damage(gzipSync(textBytes(300_000))));
  await expect(decode(codec, path, { name: 'vol7.difftar.gz' })).rejects.toMatchObject({
    name: 'IntegrityError',
    code: 'DAMAGED',
    message: expect.stringContaining('vol7.difftar.gz') as string,
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

test.each([1, 512, 262_144 - 100, 262_144, 262_144 + 1, 1_000_000])(
  '%i zero bytes at the end do no harm',
  async (n) => {
    const path = join(tempDir(), 'f.gz');
    writeFileSync(path, Buffer.concat([gzipSync(textBytes(50_000)), Buffer.alloc(n)]));
    expect((await decode(codec, path)).equals(textBytes(50_000))).toBe(true);
  },
);

test('members in a row are one stream, wherever a read ends', async () => {
  const dir = tempDir();
  const second = gzipSync('second');
  for (const cut of [262_142, 262_143, 262_144, 262_145]) {
    const path = join(dir, `${cut}.gz`);
    const first = memberOfSize(cut);
    writeFileSync(path, Buffer.concat([first, second]));
    const out = await decode(codec, path);
    expect(out.equals(Buffer.concat([gunzipSync(first), Buffer.from('second')]))).toBe(true);
  }
});

/** A gzip member of exactly this many bytes: stored data, its length found by trying. */
function memberOfSize(size: number): Buffer {
  for (let length = size - 23; ; length--) {
    const member = gzipSync(Buffer.alloc(length, 'x'), { level: 0 });
    if (member.length === size) return member;
  }
}

test('a reader may stop early', async () => {
  const path = join(tempDir(), 'f.gz');
  writeFileSync(path, gzipSync(textBytes(2_000_000)));
  for await (const block of codec.open(path, { name: 'f', signal: never })) {
    expect(block.length).toBeGreaterThanOrEqual(65_536);
    break;
  }
});

test('an aborted run ends reading and writing with its reason', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'f.gz'), gzipSync(textBytes(2_000_000)));
  const control = new AbortController();
  const file = await codec.create(join(dir, 'new'), control.signal);
  control.abort(new Error('stop'));
  const blocks = codec.open(join(dir, 'f.gz'), { name: 'f', signal: control.signal });
  await expect(blocks[Symbol.asyncIterator]().next()).rejects.toThrow('stop');
  await expect(file.finish()).rejects.toThrow('stop');
  expect(existsSync(join(dir, 'new'))).toBe(false);
});
