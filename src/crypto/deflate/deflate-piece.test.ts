import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { randomBytes, textBytes } from '../testing/files.ts';
import { deflateStream } from './deflate-stream.ts';

/** A stream of these pieces. */
async function deflated(pieces: readonly Buffer[], level = 5): Promise<Buffer> {
  const outputs: Buffer[] = [];
  const stream = deflateStream({ level, store: (output) => void outputs.push(Buffer.from(output)) });
  // A stream takes its pieces over.
  for (const piece of pieces.slice(0, -1)) await stream.write(Buffer.from(piece));
  await stream.finish(Buffer.from(pieces.at(-1) ?? []));
  return Buffer.concat(outputs);
}

test.each([16_384, 65_535, 65_536, 131_070, 262_144])('%i random bytes are stored', async (length) => {
  const piece = randomBytes(length);
  const output = await deflated([piece]);
  expect(output.length).toBe(length + 5 * Math.ceil(length / 65_535));
  expect(inflateRawSync(output).equals(piece)).toBe(true);
});

test('stored and deflated pieces follow each other, with the bytes before as dictionary', async () => {
  const pieces = [randomBytes(70_000), textBytes(70_000), randomBytes(70_000, 2), textBytes(20_000)];
  expect(inflateRawSync(await deflated(pieces)).equals(Buffer.concat(pieces))).toBe(true);
});

test('an empty last piece ends the stream, also at level 0', async () => {
  for (const level of [0, 5]) {
    const end = await deflated([Buffer.alloc(0)], level);
    expect(inflateRawSync(end)).toHaveLength(0);
  }
});

test('level 0 stores text', async () => {
  const piece = textBytes(100_000);
  const output = await deflated([piece], 0);
  expect(output).toHaveLength(100_010);
  expect(inflateRawSync(output).equals(piece)).toBe(true);
});

test.each([1, 100, 4096, 8191, 8192])('random bytes that repeat after %i are deflated', async (distance) => {
  const unit = randomBytes(distance);
  const piece = Buffer.concat(Array.from({ length: Math.ceil(65_536 / distance) }, () => unit));
  expect((await deflated([piece])).length).toBeLessThan(piece.length / 2);
});

test('random bytes in a code of 64 characters are deflated', async () => {
  const piece = Buffer.from(randomBytes(60_000).toString('base64'));
  expect((await deflated([piece])).length).toBeLessThan(piece.length * 0.8);
});
