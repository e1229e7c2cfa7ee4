import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { SigtarStream } from '../../archive/sigtar.ts';
import { bytePath } from '../../util/bytepath.ts';
import { SigtarFile } from './sigtar-file.ts';
import { entry, metadata, readAll } from '../testing/entries.ts';
import { tempDir } from '../testing/temp-dir.ts';

let dir: string;
beforeEach(() => {
  dir = tempDir();
});

async function read(path: string) {
  async function* bytes(): AsyncGenerator<Buffer> {
    yield readFileSync(path);
  }
  const onWarning = (warning: unknown): void => {
    throw new Error(JSON.stringify(warning));
  };
  const all = await readAll(new SigtarStream(bytes(), { name: 'sigtar', onWarning }));
  return all.map(({ entry, body }) => `${entry.kind} ${entry.path} ${body.length} ${body[0] ?? ''}`.trimEnd());
}

test('an archive without entries is 10,240 zeros', () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  file.finish();
  expect(readFileSync(join(dir, 's'))).toEqual(Buffer.alloc(10_240));
  expect(file.size).toBe(10_240);
});

test('a body may come in parts before its entry, and is not seen before that', async () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  file.add(entry('signature', 'a'), [Buffer.alloc(10, 1)]);
  file.hold([Buffer.alloc(700_000, 2), Buffer.alloc(700_000, 2)]);
  await file.checkpoint(join(dir, 'part'));
  expect(await read(join(dir, 'part'))).toEqual(['signature a 10 1']);
  file.hold([Buffer.alloc(700_000, 2)]);
  file.add(entry('signature', 'b'), [Buffer.alloc(5, 2)]);
  file.hold([Buffer.alloc(3, 4)]);
  file.add(entry('signature', 'c'), []);
  file.finish();
  expect(await read(join(dir, 'part'))).toEqual(['signature a 10 1', 'signature b 2100005 2', 'signature c 3 4']);
  expect(readdirSync(dir)).toEqual(['part']);
});

test('entries of all kinds read back, bodies of any size and in any number of blocks included', async () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  file.add(entry('snapshot', '', metadata('dir')), []);
  file.add(entry('signature', 'a'), [Buffer.alloc(1, 1)]);
  file.add(entry('signature', 'b'), [Buffer.alloc(511, 2), Buffer.alloc(2, 2)]);
  // Larger than the buffer, in one block and in many.
  file.add(entry('signature', 'c'), [Buffer.alloc(1_000_000, 3)]);
  file.add(
    entry('signature', 'd'),
    Array.from({ length: 100 }, () => Buffer.alloc(9999, 4)),
  );
  file.add(entry('deleted', 'e'), []);
  file.add(entry('snapshot', 'f', metadata('sym', { link: bytePath('to') })), []);
  file.add(entry('signature', 'g'), [Buffer.alloc(512, 5)]);
  file.finish();
  expect(await read(join(dir, 's'))).toEqual([
    'snapshot  0',
    'signature a 1 1',
    'signature b 513 2',
    'signature c 1000000 3',
    'signature d 999900 4',
    'deleted e 0',
    'snapshot f 0',
    'signature g 512 5',
  ]);
  expect(statSync(join(dir, 's')).size % 10_240).toBe(0);
  expect(statSync(join(dir, 's')).size).toBe(file.size);
});

test('headers longer than the buffer have room', async () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  const name = 'n/'.repeat(200_000);
  file.add(entry('signature', `${name}a`), [Buffer.alloc(5, 1)]);
  file.add(entry('signature', `${name}b`), [Buffer.alloc(5, 2)]);
  file.finish();
  const lines = await read(join(dir, 's'));
  expect(lines.map((line) => line.slice(-5))).toEqual(['a 5 1', 'b 5 2']);
});

test('a checkpoint gives it another name, with all entries so far, and later ones go on there', async () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  const part = join(dir, 's.part');
  file.add(entry('signature', 'a'), [Buffer.alloc(5, 1)]);
  await file.checkpoint(part);
  expect(file.path).toBe(part);
  expect(existsSync(join(dir, 's'))).toBe(false);
  expect(await read(part)).toEqual(['signature a 5 1']);
  file.add(entry('signature', 'b'), [Buffer.alloc(5, 2)]);
  await file.checkpoint(part);
  expect(await read(part)).toEqual(['signature a 5 1', 'signature b 5 2']);
  file.finish();
  expect(await read(part)).toEqual(['signature a 5 1', 'signature b 5 2']);
});

test('only the owner may read it, and nothing that exists is overwritten', () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  expect(statSync(join(dir, 's')).mode & 0o777).toBe(0o600);
  expect(() => new SigtarFile(join(dir, 's'), dir)).toThrow(
    expect.objectContaining({ code: 'BAD_ARCHIVE_DIR', message: expect.stringContaining(dir) }),
  );
  file.close();
});

test('closing again, also after the end, does nothing', () => {
  const file = new SigtarFile(join(dir, 's'), dir);
  file.finish();
  expect(() => file.close()).not.toThrow();
  expect(() => file.close()).not.toThrow();
});
