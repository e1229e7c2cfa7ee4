import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FileStamp, stampOf } from '../../file-stamp.ts';
import { askVersion } from '../../gpg/run/version.ts';
import { never, randomBytes } from '../../testing/files.ts';
import { literalPacket, symmetricMessage, WITHOUT_GPG } from '../../testing/openpgp.ts';
import { tempDir } from '../../testing/temp-dir.ts';
import { openPgpReader } from '../decrypt.ts';

/** Messages that are too large to be kept, whose hash was found to be right before they are read. */

const CONTENT = randomBytes(5_000_000);
const SOUND = symmetricMessage('golden', literalPacket(CONTENT), true);

function fileWith(message: Buffer): { readonly path: string; readonly stamp: FileStamp } {
  const path = join(tempDir(), 'f');
  writeFileSync(path, message);
  return { path, stamp: stampOf(statSync(path)) };
}

async function read(path: string, proven: FileStamp): Promise<{ released: Buffer; error: unknown }> {
  const open = openPgpReader(WITHOUT_GPG, {
    version: () => askVersion(WITHOUT_GPG),
    fallback: () => {
      throw new Error('left to gpg');
    },
    warn: () => undefined,
  });
  const parts: Buffer[] = [];
  try {
    for await (const block of open(path, { name: 'vol3', signal: never, proven })) parts.push(Buffer.from(block));
    return { released: Buffer.concat(parts), error: undefined };
  } catch (error) {
    return { released: Buffer.concat(parts), error };
  }
}

test('a proven message comes back', async () => {
  const { path, stamp } = fileWith(SOUND);
  const { released, error } = await read(path, stamp);
  expect(error).toBeUndefined();
  expect(released.equals(CONTENT)).toBe(true);
});

test.each([
  ['with a wrong code', SOUND.length - 10, SOUND.length, /its integrity check fails/],
  ['that is cut off', SOUND.length - 10, SOUND.length - 10, /file ends before the encrypted data do/],
  ['with bytes behind it', SOUND.length, SOUND.length + 50, /invalid packet/],
])('a proven message %s is damaged, which its last block is held back for', async (_, changedAt, length, says) => {
  const message = Buffer.alloc(length, 0x15);
  SOUND.copy(message);
  if (changedAt < length && length === SOUND.length) message[changedAt] = (message[changedAt] ?? 0) ^ 1;
  const { path, stamp } = fileWith(message);
  const { released, error } = await read(path, stamp);
  expect(error).toMatchObject({ name: 'IntegrityError', exitCode: 31 });
  expect((error as Error).message).toMatch(says);
  expect(released.length).toBeGreaterThan(0);
  expect(released.length).toBeLessThan(CONTENT.length);
});

test('nothing is released before its own check of a message that has been written to since it was proven', async () => {
  const message = Buffer.from(SOUND);
  message[message.length - 10] = (message[message.length - 10] ?? 0) ^ 1;
  const { path } = fileWith(message);
  utimesSync(path, 1, 1);
  const proven = stampOf(statSync(path));
  utimesSync(path, 2, 2);
  const { released, error } = await read(path, proven);
  expect((error as Error).message).toMatch(/its integrity check fails/);
  expect(released).toHaveLength(0);
});
