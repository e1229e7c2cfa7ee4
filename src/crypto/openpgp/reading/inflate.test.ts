import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { randomBytes } from '../../testing/files.ts';
import { inflated } from './inflate.ts';
import { TAG } from '../packets/packet.ts';
import { PacketReader } from '../packets/packet-reader.ts';

const PIECE = 65_536;

/** Blocks in memory of their own, as decryption makes them. */
function ownBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) {
    const part = bytes.subarray(at, at + PIECE);
    const block = Buffer.allocUnsafeSlow(part.length);
    part.copy(block);
    blocks.push(block);
  }
  return blocks;
}

test('the memory of what has been decompressed is given back at once, through packets as well', () => {
  const content = randomBytes(500_000);
  const packed = deflateRawSync(content);
  // A packet that goes on to the end, as gpg writes compressed data.
  const packet = Buffer.concat([Buffer.from([0x80 | (TAG.compressed << 2) | 3]), packed]);
  const blocks = ownBlocks(packet);
  const reader = new PacketReader(blocks);
  const header = reader.header();
  if (header === undefined) throw new Error('no packet');
  const options = { reuses: false, onTrailing: () => expect.fail('nothing follows') };
  expect(Buffer.concat([...inflated(reader.body(header), 'raw', options)]).equals(content)).toBe(true);
  // Of the first and the last less is known: a header stands before the one, the other is small.
  expect(blocks.slice(1, -1).map(({ length }) => length)).toEqual(blocks.slice(1, -1).map(() => 0));
  expect(blocks.length).toBeGreaterThan(5);
});
