import { describe, expect, test } from 'vitest';
import { signatureOf } from '../../rsync/signature.ts';
import { SourceContent } from '../pack/source-content.ts';
import { hasSignature, readSignature } from './stored-signature.ts';

const MIB = 1_048_576;

/** Bytes in which no block is like another. */
function numbers(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

function fileOf(content: Buffer) {
  let at = 0;
  let reads = 0;
  const read = (into: Buffer): number => {
    reads++;
    const length = content.copy(into, 0, at);
    at += length;
    return length;
  };
  return { content: new SourceContent({ read, close: () => undefined }, content.length, 2048), reads: () => reads };
}

async function check(content: Buffer, signature: Buffer) {
  const file = fileOf(content);
  let pauses = 0;
  const pause = async (): Promise<void> => void pauses++;
  return { isIts: await hasSignature(file.content, signature, pause), reads: file.reads(), pauses };
}

describe('a stored signature', () => {
  test.each([0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 300_000])(
    'is that of the same %i bytes, whatever the length of its blocks',
    async (length) => {
      const content = numbers(length);
      for (const block of [1, 512, 1000, 2048, 2 * MIB]) {
        expect((await check(content, signatureOf(content, block))).isIts).toBe(true);
      }
    },
  );

  test('is not that of a content with one byte changed, more or less', async () => {
    const content = numbers(200_000);
    const signature = signatureOf(content, 512);
    for (const at of [0, 100_000, 199_999]) {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect((await check(changed, signature)).isIts).toBe(false);
    }
    const longer = Buffer.concat([content, Buffer.alloc(1)]);
    for (const other of [longer, content.subarray(1), content.subarray(0, -1), content.subarray(0, 199_680)]) {
      expect((await check(other, signature)).isIts).toBe(false);
    }
  });

  test('is compared while the content is read: not far beyond a difference, and with pauses', async () => {
    const content = numbers(12 * MIB);
    const signature = signatureOf(content, 512);
    const whole = await check(content, signature);
    expect(whole).toMatchObject({ isIts: true, pauses: 3 });
    content[0] = 1;
    expect((await check(content, signature)).reads).toBeLessThan(whole.reads / 3);
  });

  test.each([
    ['cut off in its header', (bytes: Buffer) => bytes.subarray(0, 11)],
    ['with another magic', (bytes: Buffer) => Buffer.concat([Buffer.alloc(1), bytes.subarray(1)])],
    [
      'with blocks of no length',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(4), bytes.subarray(8)]),
    ],
    [
      'with longer sums',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 11), Buffer.from([16]), bytes.subarray(12)]),
    ],
  ])('%s is none of any content', async (_what, damage) => {
    const content = numbers(1000);
    expect(await check(content, damage(signatureOf(content, 512)))).toMatchObject({ isIts: false, reads: 0 });
  });

  test('is read into memory of its own', async () => {
    const memory = Buffer.alloc(2);
    const texts = ['ab', 'cd', 'ef'];
    const next = (): Buffer | undefined => {
      const text = texts.shift();
      if (text === undefined) return undefined;
      memory.write(text);
      return memory;
    };
    expect(String(await readSignature(next))).toBe('abcdef');
    expect(await readSignature(async () => undefined)).toEqual(Buffer.alloc(0));
  });
});
