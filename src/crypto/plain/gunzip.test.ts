import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { never, randomBytes, textBytes } from '../testing/files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { zlibStep } from '../zlib-step.ts';
import { gunzipFile } from './gunzip.ts';

const name = 'f.gz';

function fileOf(content: Buffer): string {
  const path = join(tempDir(), name);
  writeFileSync(path, content);
  return path;
}

test('this Node lends the call that inflates at once', () => {
  const step = zlibStep('gzip');
  expect(step).toBeDefined();
  step?.close();
});

const ways = [
  ['at once', () => zlibStep('gzip')],
  ['through the pool', () => undefined],
] as const;

for (const [way, step] of ways) {
  const blocksOf = (path: string, reuses = false): AsyncIterable<Buffer> =>
    gunzipFile(path, { name, signal: never, reuses }, step());

  async function contentOf(path: string, reuses = false): Promise<Buffer> {
    const copies: Buffer[] = [];
    for await (const block of blocksOf(path, reuses)) copies.push(Buffer.from(block));
    return Buffer.concat(copies);
  }

  // Sizes around the two block sizes, and data that inflate to a thousand times their size.
  test.each([0, 1, 98_303, 98_304, 98_305, 131_071, 131_072, 131_073, 262_144, 3_000_000])(
    `%i bytes inflated ${way} come back, in memory of their own and in memory filled again`,
    async (length) => {
      for (const bytes of [textBytes(length), randomBytes(length), Buffer.alloc(length)]) {
        const path = fileOf(gzipSync(bytes));
        expect((await contentOf(path)).equals(bytes)).toBe(true);
        expect((await contentOf(path, true)).equals(bytes)).toBe(true);
      }
    },
  );

  test(`blocks inflated ${way} are long and stay what they were`, async () => {
    const bytes = textBytes(1_000_000);
    const blocks: Buffer[] = [];
    for await (const block of blocksOf(fileOf(gzipSync(bytes)))) blocks.push(block);
    expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
    expect(blocks.slice(0, -1).every(({ length }) => length >= 65_536)).toBe(true);
  });

  test.each([
    ['cut off', (gz: Buffer) => gz.subarray(0, -9)],
    ['cut off in the check sum', (gz: Buffer) => gz.subarray(0, -3)],
    ['cut off in its second member', (gz: Buffer) => Buffer.concat([gz, gz.subarray(0, 20)])],
    ['empty', () => Buffer.alloc(0)],
    ['followed by other data', (gz: Buffer) => Buffer.concat([gz, Buffer.from('garbage')])],
    ['followed by zeros and other data', (gz: Buffer) => Buffer.concat([gz, Buffer.alloc(300_000), Buffer.from('x')])],
  ])(`a file that is %s is DAMAGED when it is inflated ${way}`, async (_what, damage) => {
    const path = fileOf(damage(gzipSync(textBytes(400_000))));
    await expect(contentOf(path)).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringContaining(name) as string,
    });
  });
}

test('work that never waits lets other things have their turn', async () => {
  let hadTurn = false;
  setImmediate(() => (hadTurn = true));
  for await (const block of gunzipFile(fileOf(gzipSync(Buffer.alloc(4_000_000))), { name, signal: never })) void block;
  expect(hadTurn).toBe(true);
});

test('a run aborted in the middle of a file ends with its reason', async () => {
  const control = new AbortController();
  const path = fileOf(gzipSync(Buffer.alloc(8_000_000)));
  const blocks = gunzipFile(path, { name, signal: control.signal, reuses: true })[Symbol.asyncIterator]();
  await blocks.next();
  control.abort(new Error('stop'));
  await expect(blocks.next()).rejects.toThrow('stop');
});
