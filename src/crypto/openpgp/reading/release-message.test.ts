import { expect, test } from 'vitest';
import { encode, never, randomBytes } from '../../testing/files.ts';
import { gpgHome } from '../../testing/gpg-home.ts';
import { tempDir } from '../../testing/temp-dir.ts';
import { openPgpCodec } from '../openpgp.ts';

const home = gpgHome();

test('blocks that belong to the receiver share no memory: an encoder gives all of it away with the first', async () => {
  const codec = openPgpCodec(home.settings(), () => {});
  const path = `${tempDir()}/file.gpg`;
  const content = randomBytes(1_000_000);
  await encode(codec, path, [Buffer.from(content)]);
  const blocks: Buffer[] = [];
  for await (const block of codec.open(path, { name: 'file', signal: never })) {
    expect(block.length).toBe(block.buffer.byteLength);
    blocks.push(block);
  }
  expect(Buffer.concat(blocks).equals(content)).toBe(true);
});
