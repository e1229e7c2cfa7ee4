import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { slices, textBytes } from '../testing/files.ts';
import { DEFAULT_LEVEL, deflateStream, OWN_FROM, pieceBytes } from './deflate-stream.ts';
import { drawn, mixedBytes } from './kernel/testing.ts';

/** Its output, and how many bytes of it were there after each write. */
async function streamed(pieces: readonly Buffer[], level: number): Promise<{ output: Buffer; sizes: number[] }> {
  const outputs: Buffer[] = [];
  const sizes: number[] = [];
  let size = 0;
  const stream = deflateStream({
    level,
    store(output) {
      outputs.push(Buffer.from(output));
      size += output.length;
    },
  });
  for (const piece of pieces) {
    await stream.write(Buffer.from(piece));
    sizes.push(size);
  }
  await stream.finish(Buffer.alloc(0));
  return { output: Buffer.concat(outputs), sizes };
}

const bytes = Buffer.concat([textBytes(OWN_FROM), mixedBytes(3_000_000, drawn(7)), textBytes(1_000_000)]);
const pieces = slices(bytes, pieceBytes(bytes.length));

test('a long stream is begun by zlib and goes on with our own encoder, and comes back', async () => {
  const { output } = await streamed(pieces, DEFAULT_LEVEL);
  const other = await streamed(pieces, DEFAULT_LEVEL + 1);
  expect(inflateRawSync(output).equals(bytes)).toBe(true);
  expect(output.equals(other.output)).toBe(false);
  expect(inflateRawSync(other.output).equals(bytes)).toBe(true);
});

test('the same pieces give the same bytes at the same time, whatever else is at work', async () => {
  const first = await streamed(pieces, DEFAULT_LEVEL);
  const [again, besides] = await Promise.all([streamed(pieces, DEFAULT_LEVEL), streamed(pieces, DEFAULT_LEVEL)]);
  expect(again.output.equals(first.output)).toBe(true);
  expect(besides.output.equals(first.output)).toBe(true);
  expect(again.sizes).toEqual(first.sizes);
  expect(besides.sizes).toEqual(first.sizes);
});

test('a piece that is longer than the encoder takes at once comes back', async () => {
  const long = [textBytes(OWN_FROM), mixedBytes(1_200_000, drawn(8))];
  const { output } = await streamed(long, DEFAULT_LEVEL);
  expect(inflateRawSync(output).equals(Buffer.concat(long))).toBe(true);
});

test('settled answers while pieces wait', async () => {
  const stream = deflateStream({ level: DEFAULT_LEVEL, store: () => undefined });
  for (const piece of pieces.slice(0, 12)) await stream.write(Buffer.from(piece));
  expect(await stream.settled()).toBeUndefined();
});
