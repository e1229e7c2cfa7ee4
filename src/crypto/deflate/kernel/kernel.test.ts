import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { randomBytes, textBytes } from '../../testing/files.ts';
import { createKernel, type DeflateKernel } from './kernel.ts';
import { MOST_BYTES, WINDOW_BYTES } from './layout.ts';
import { drawn, mixedBytes } from './testing.ts';

/** `DEFLATE=all` draws for ten minutes instead of a second. */
const isLong = process.env['DEFLATE'] === 'all';
const ROUNDS = isLong ? 30_000 : 60;
/** Pieces of a few bytes take their time: one length in so many. */
const STEP = isLong ? 1 : 30;
const LONG_MS = 1_800_000;

afterEach(() => {
  vi.unstubAllGlobals();
});

const kernel = theKernel();

function theKernel(): DeflateKernel {
  const made = createKernel();
  if (made === undefined) throw new Error('this Node.js runs no WebAssembly with SIMD');
  return made;
}

/** The outputs for pieces of so many bytes. */
function deflated(bytes: Buffer, pieceBytes: number, by = kernel): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / pieceBytes));
  return Array.from({ length: count }, (_, i) => {
    const at = i * pieceBytes;
    const before = at === 0 ? undefined : bytes.subarray(0, at);
    return Buffer.from(by.deflate(bytes.subarray(at, at + pieceBytes), before, i === count - 1));
  });
}

function comesBack(bytes: Buffer, pieceBytes: number): boolean {
  return inflateRawSync(Buffer.concat(deflated(bytes, pieceBytes))).equals(bytes);
}

test(
  'streams of every length up to 600 come back, in pieces of 1 byte, of 7 and whole',
  () => {
    const draw = drawn(1);
    for (let length = 0; length <= 600; length++) {
      const bytes = mixedBytes(length, draw);
      for (const pieceBytes of length < 30 || length % STEP === 0 ? [1, 7, 262_144] : [262_144]) {
        expect(comesBack(bytes, pieceBytes), `${length} bytes in pieces of ${pieceBytes}`).toBe(true);
      }
    }
  },
  LONG_MS,
);

test(
  'whatever the bytes and the pieces: they come back, the output hardly grows, and another kernel makes the same',
  () => {
    const draw = drawn(2);
    const fresh = theKernel();
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mixedBytes(draw(4) > 0 ? draw(5000) : draw(800_000), draw);
      const pieceBytes = draw(3) > 0 ? 1 + draw(Math.min(MOST_BYTES, Math.max(1, bytes.length))) : 262_144;
      const outputs = deflated(bytes, pieceBytes);
      expect(inflateRawSync(Buffer.concat(outputs)).equals(bytes), `round ${round}`).toBe(true);
      const most = 10 + pieceBytes + 5 * Math.ceil(pieceBytes / 10_000);
      for (const output of outputs) expect(output.length, `round ${round}`).toBeLessThanOrEqual(most);
      // The last piece by a kernel that has seen none of the others.
      const at = (outputs.length - 1) * pieceBytes;
      const last = fresh.deflate(bytes.subarray(at), at === 0 ? undefined : bytes.subarray(0, at), true);
      expect(last.equals(outputs.at(-1) ?? Buffer.alloc(0)), `round ${round}`).toBe(true);
    }
  },
  LONG_MS,
);

test('only the last 32 KiB before a piece matter', () => {
  const bytes = textBytes(300_000);
  const [piece, before] = [bytes.subarray(100_000), bytes.subarray(0, 100_000)];
  const one = Buffer.from(kernel.deflate(piece, before, false));
  expect(kernel.deflate(piece, before.subarray(-WINDOW_BYTES), false).equals(one)).toBe(true);
});

test('what lies 32,768 bytes back is found, over the whole of the longest piece', () => {
  const unit = randomBytes(WINDOW_BYTES);
  const bytes = Buffer.concat(Array.from({ length: MOST_BYTES / WINDOW_BYTES }, () => unit));
  const [output] = deflated(bytes, MOST_BYTES);
  expect(output?.length).toBeLessThan(WINDOW_BYTES + 8000);
  expect(inflateRawSync(output ?? '').equals(bytes)).toBe(true);
});

test('what cannot be compressed is stored, five bytes for each block of at most 65,535', () => {
  const bytes = randomBytes(MOST_BYTES);
  expect(deflated(bytes, MOST_BYTES)[0]?.length).toBeLessThan(MOST_BYTES + 300);
  expect(comesBack(bytes, MOST_BYTES)).toBe(true);
  // Noise, then text, within a block.
  const mixed = Buffer.concat([randomBytes(5000, 3), textBytes(4000), randomBytes(70_000, 4)]);
  expect(comesBack(mixed, mixed.length)).toBe(true);
});

test('every other piece than the last ends on a byte boundary, after an empty stored block', () => {
  for (const output of deflated(textBytes(50_000), 10_007).slice(0, -1)) {
    expect(output.subarray(-4)).toEqual(Buffer.from([0, 0, 0xff, 0xff]));
  }
});

test('codes that would be longer than 15 bits are shortened', () => {
  // Fibonacci's numbers as frequencies make the deepest tree there is.
  const parts: Buffer[] = [];
  for (let [symbol, count, next] = [0, 1, 1]; symbol < 23; symbol++, [count, next] = [next, count + next]) {
    parts.push(Buffer.alloc(count, symbol));
  }
  const bytes = Buffer.concat(parts);
  // In an order without repeats.
  const draw = drawn(3);
  for (let i = bytes.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    const byte = bytes[i] ?? 0;
    bytes[i] = bytes[j] ?? 0;
    bytes[j] = byte;
  }
  expect(comesBack(bytes, 262_144)).toBe(true);
});

test('log lines and mixed text become as small as by zlib at level 4', () => {
  const bytes = textBytes(1_000_000);
  const own = deflated(bytes, 262_144).reduce((sum, { length }) => sum + length, 0);
  expect(own).toBeLessThan(1.015 * deflateRawSync(bytes, { level: 4, memLevel: 9 }).length);
});

test('a piece that is too long is refused', () => {
  expect(() => kernel.deflate(Buffer.alloc(MOST_BYTES + 1), undefined, true)).toThrow(RangeError);
});

test('there is no kernel where WebAssembly is missing or does not take the module', () => {
  const wasm = Reflect.get(globalThis, 'WebAssembly') as object;
  vi.stubGlobal('WebAssembly', undefined);
  expect(createKernel()).toBeUndefined();
  vi.stubGlobal('WebAssembly', { ...wasm, validate: () => false });
  expect(createKernel()).toBeUndefined();
});
