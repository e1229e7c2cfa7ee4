import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decode, encode, never, randomBytes, slices } from '../testing/files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { plainCodec } from './plain.ts';

const codec = plainCodec();

test.each([0, 1, 511, 65_536, 262_144, 700_001])('%i bytes come back as they were', async (length) => {
  const path = join(tempDir(), 'f');
  const bytes = randomBytes(length);
  expect(await encode(codec, path, slices(bytes, 5000))).toBe(length);
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect((await decode(codec, path)).equals(bytes)).toBe(true);
});

test('a new file is readable by its owner only', async () => {
  const path = join(tempDir(), 'f');
  await encode(codec, path, []);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('an existing file or a link is never written through', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'there'), 'kept');
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'link'));
  for (const name of ['there', 'link']) {
    await expect(codec.create(join(dir, name), never)).rejects.toMatchObject({ code: 'EXCEPTION' });
  }
  expect(readFileSync(join(dir, 'there'), 'utf8')).toBe('kept');
  expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
});

test('size tells the bytes that have reached the file', async () => {
  const path = join(tempDir(), 'f');
  const file = await codec.create(path, never);
  await file.write(Buffer.alloc(512));
  expect(file.size()).toBe(0);
  await file.write(Buffer.alloc(65_536));
  expect(file.size()).toBe(66_048);
  expect(statSync(path).size).toBe(66_048);
  await file.abort();
});

test('abort removes the file, also twice', async () => {
  const path = join(tempDir(), 'f');
  const file = await codec.create(path, never);
  await file.write(Buffer.alloc(100_000));
  await file.abort();
  await file.abort();
  expect(existsSync(path)).toBe(false);
});

test('an aborted run stops the next write and leaves no file behind finish', async () => {
  const path = join(tempDir(), 'f');
  const control = new AbortController();
  const file = await codec.create(path, control.signal);
  control.abort(new Error('stop'));
  expect(() => file.write(Buffer.alloc(100_000))).toThrow('stop');
  await expect(file.finish()).rejects.toThrow('stop');
  expect(existsSync(path)).toBe(false);
});

test('a full disk is told with the number and the words front ends look for', async () => {
  const { createSpoolFile } = await import('../spool-file.ts');
  const { localFailure } = await import('../local-failure.ts');
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', errno: -28 });
  expect(localFailure('write', '/tmp/x', full)).toMatchObject({
    message: 'Cannot write /tmp/x: [Errno 28] No space left on device',
    exception: 'OSError',
    exitCode: 30,
  });
  expect(() => createSpoolFile(join(tempDir(), 'absent', 'f'))).toThrow(
    /^Cannot create .*\/absent\/f: \[Errno 2\] No such file or directory$/,
  );
});

test('a file that is not there is named', async () => {
  const path = join(tempDir(), 'absent');
  await expect(decode(codec, path)).rejects.toMatchObject({ exception: 'FileNotFoundError' });
});
