import { expect, test } from 'vitest';
import { difftarMember } from '../../archive/difftar-writer.ts';
import { paddingLength } from '../../archive/tar/tar-header.ts';
import { headerLength, writeHeader } from '../../archive/tar/tar-writer.ts';
import { bytePath, ROOT } from '../../util/bytepath.ts';
import { entry, readAll } from '../testing/entries.ts';
import { memoryVolumes, readVolumes } from '../testing/volumes.ts';
import type { VolumePacker } from './volume-packer.ts';

const PIECE = 65_536;

/** One member with `size` bytes of body; `block` as the producer gives it. */
async function add(packer: VolumePacker, name: string, size: number, block?: number): Promise<void> {
  const member = difftarMember(entry('snapshot', name), size, block);
  const header = headerLength(member);
  const length = header + size + paddingLength(size);
  await packer.room(length);
  writeHeader(packer.block, packer.used, member);
  packer.block.fill(name.charCodeAt(0), packer.used + header, packer.used + header + size);
  packer.block.fill(0, packer.used + header + size, packer.used + length);
  const path = bytePath(name);
  packer.commit(length, block === undefined ? { path } : { path, block });
}

test('a set without members is one empty volume that stands at the root', async () => {
  const { packer, sealed } = memoryVolumes(1_000_000);
  expect(await packer.finish()).toBe(1);
  expect(sealed).toEqual([
    { number: 1, bytes: Buffer.alloc(0), range: { start: { path: ROOT }, end: { path: ROOT } } },
  ]);
});

test('the last volume may be smaller than the limit and no empty one follows it', async () => {
  const { packer, sealed } = memoryVolumes(1_000_000);
  await add(packer, 'a', 10);
  expect(await packer.finish()).toBe(1);
  expect(sealed.map(({ bytes }) => bytes.length)).toEqual([1024]);
});

test('a member goes into the next volume when less than a piece is left', async () => {
  const { packer, sealed } = memoryVolumes(200_000);
  for (const name of ['a', 'b', 'c', 'd', 'e']) await add(packer, name, 65_000);
  expect(await packer.finish()).toBe(2);
  // Each takes 65,536 bytes with header and padding: before the third 68,928 were left, before the fourth 3,392.
  expect(sealed.map(({ bytes }) => bytes.length)).toEqual([3 * PIECE, 2 * PIECE]);
  expect(sealed.map(({ range }) => [range.start.path, range.end.path])).toEqual([
    ['a', 'c'],
    ['d', 'e'],
  ]);
});

test('exactly a piece left is enough for another member', async () => {
  const two = memoryVolumes(1024 + PIECE);
  await add(two.packer, 'a', 512);
  await add(two.packer, 'b', 512);
  expect(await two.packer.finish()).toBe(1);
  const one = memoryVolumes(1023 + PIECE);
  await add(one.packer, 'a', 512);
  await add(one.packer, 'b', 512);
  expect(await one.packer.finish()).toBe(2);
});

test('every volume holds at least one member, however small the limit', async () => {
  const { packer, sealed } = memoryVolumes(PIECE);
  for (const name of ['a', 'b', 'c']) await add(packer, name, 10);
  expect(await packer.finish()).toBe(3);
  expect(sealed.map(({ number }) => number)).toEqual([1, 2, 3]);
});

test('what the encoder holds back does not make volumes larger than the limit', async () => {
  const { packer, sealed } = memoryVolumes(400_000, { lag: 300_000 });
  for (let i = 0; i < 20; i++) await add(packer, String.fromCharCode(97 + i), 60_000);
  await packer.finish();
  for (const { bytes } of sealed.slice(0, -1)) expect(bytes.length).toBeLessThanOrEqual(400_000 + 300_000);
  const entries = await readAll(readVolumes(sealed));
  expect(entries.map(({ entry }) => entry.path).join('')).toBe('abcdefghijklmnopqrst');
});

test('the range of a volume keeps the numbers of the pieces at its ends', async () => {
  const { packer, sealed } = memoryVolumes(2 * PIECE);
  await add(packer, 'a', 10);
  await add(packer, 'b', PIECE, 1);
  await add(packer, 'b', PIECE, 2);
  await add(packer, 'b', 7);
  await packer.finish();
  expect(sealed.map(({ range }) => range)).toEqual([
    { start: { path: 'a' }, end: { path: 'b', block: 1 } },
    { start: { path: 'b', block: 2 }, end: { path: 'b', block: 2 } },
    { start: { path: 'b' }, end: { path: 'b' } },
  ]);
});

test('every volume ends with the trailer that is asked for', async () => {
  const { packer, sealed } = memoryVolumes(PIECE, { trailer: 1024 });
  await add(packer, 'a', 10);
  await add(packer, 'b', 10);
  await packer.finish();
  expect(sealed.map(({ bytes }) => bytes.length)).toEqual([2048, 2048]);
  for (const { bytes } of sealed) expect(bytes.subarray(1024)).toEqual(Buffer.alloc(1024));
});

test('a member larger than the block gets a block of its own', async () => {
  const { packer, sealed } = memoryVolumes(1_000_000);
  await add(packer, 'a', 10);
  const before = packer.block.length;
  await add(packer, 'b', before);
  await add(packer, 'c', 10);
  await packer.finish();
  const entries = await readAll(readVolumes(sealed));
  expect(entries.map(({ body }) => body.length)).toEqual([10, before, 10]);
  expect(entries[1]?.body.every((byte) => byte === 98)).toBe(true);
});

test('the packer is ready for the next member before the encoder is done with the last block', async () => {
  const { packer, sealed } = memoryVolumes(10 * PIECE);
  await add(packer, 'a', 60_000);
  const first = packer.block;
  await add(packer, 'b', 60_000);
  await add(packer, 'c', 60_000);
  expect(packer.block).not.toBe(first);
  await packer.finish();
  const entries = await readAll(readVolumes(sealed));
  expect(entries.map(({ body }) => body[0])).toEqual([97, 98, 99]);
});

test('giving up stops the volume at hand and nothing else', async () => {
  const { packer, sealed, opened, aborted } = memoryVolumes(PIECE);
  await add(packer, 'a', 10);
  await add(packer, 'b', 10);
  await packer.abort();
  await packer.abort();
  expect(opened).toEqual([1, 2]);
  expect(sealed.map(({ number }) => number)).toEqual([1]);
  expect(aborted).toEqual([2]);
});
