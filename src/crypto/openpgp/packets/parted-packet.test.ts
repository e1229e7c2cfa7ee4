import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TAG } from './packet.ts';
import { partedPacket } from './parted-packet.ts';
import { splitPackets } from './split-packets.ts';

function parted(blocks: readonly Buffer[]): Buffer {
  const out: Buffer[] = [];
  const packet = partedPacket(TAG.sealed, (parts) => out.push(...parts.map((part) => Buffer.from(part))));
  for (const block of blocks) {
    const copy = Buffer.from(block);
    packet.write(copy);
    copy.fill(0xff);
  }
  packet.finish();
  return Buffer.concat(out);
}

test('a packet read back is what was written, whatever the blocks', () => {
  const block = fc.integer({ min: 0, max: 3000 }).map((length) => Buffer.alloc(length, `${length}`));
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), (blocks) => {
      const packets = splitPackets(parted(blocks)) ?? [];
      expect(packets).toHaveLength(1);
      expect(packets[0]?.tag).toBe(TAG.sealed);
      expect(packets[0]?.body.equals(Buffer.concat(blocks))).toBe(true);
    }),
  );
});

test('the first part has 512 bytes at least, every part but the last is a power of two', () => {
  const bytes = parted([Buffer.alloc(1), Buffer.alloc(511), Buffer.alloc(1024 + 512 + 3)]);
  expect(bytes[0]).toBe(0xd2);
  const lengths: number[] = [];
  let at = 1;
  for (; (bytes[at] ?? 0) >= 224; at += 1 + (lengths.at(-1) ?? 0)) lengths.push(2 ** ((bytes[at] ?? 0) & 31));
  expect([...lengths, bytes[at]]).toEqual([512, 1024, 512, 3]);
});

test.each([0, 191, 192, 511])('a short packet of %i bytes has a definite length', (length) => {
  expect(parted([Buffer.alloc(length)])).toHaveLength(length + (length < 192 ? 2 : 3));
});

test.each([
  ['no packet', Buffer.from('hello')],
  ['cut off in its length', Buffer.from([0xd2])],
  ['cut off in a long length', Buffer.from([0xd2, 0xff, 0, 0])],
  ['cut off in an old length', Buffer.from([0x99, 1])],
  ['cut off in its body', Buffer.from([0xd2, 5, 1, 2])],
  ['cut off behind a part', Buffer.from([0xd2, 0xe1, 1, 2])],
])('a message that is %s is none', (_what, bytes) => expect(splitPackets(bytes)).toBeUndefined());

test('lengths of the old form are read', () => {
  const message = Buffer.concat([Buffer.from([0x88, 1, 7, 0x89, 0, 2, 8, 9, 0x8a, 0, 0, 0, 1, 5, 0xa3, 1, 2, 3])]);
  const found = (splitPackets(message) ?? []).map(({ tag, body }) => [tag, ...body]);
  expect(found).toEqual([
    [2, 7],
    [2, 8, 9],
    [2, 5],
    [8, 1, 2, 3],
  ]);
});
