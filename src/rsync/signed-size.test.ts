import { expect, test } from 'vitest';
import { signatureOf } from './signature.ts';
import { signedSize } from './signed-size.ts';

test.each([
  [0, 512, { least: 0, most: 0 }],
  [1, 512, { least: 1, most: 512 }],
  [512, 512, { least: 1, most: 512 }],
  [513, 512, { least: 513, most: 1024 }],
  [700_000, 2048, { least: 698_369, most: 700_416 }],
])('the signature of %i bytes in blocks of %i tells the size to a block', (size, blockLength, range) => {
  const signature = signatureOf(Buffer.alloc(size), blockLength);
  expect(signedSize(signature, signature.length)).toEqual(range);
  expect(signedSize(signature.subarray(0, 12), signature.length)).toEqual(range);
});

test.each([
  ['a beginning without its header', Buffer.alloc(11), 24],
  ['blocks of nothing', Buffer.alloc(12), 12],
  ['half a block sum', signatureOf(Buffer.alloc(600), 512), 30],
])('%s tells no size', (_what, beginning, length) => {
  expect(signedSize(beginning, length)).toBeUndefined();
});
