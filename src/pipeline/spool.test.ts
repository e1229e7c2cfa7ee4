import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSpool } from './spool.ts';
import { tempDir } from './testing/temp-dir.ts';

test('a spool is a private directory in the first root that exists, and is gone afterwards', () => {
  const root = tempDir();
  {
    using spool = openSpool([join(root, 'absent'), root, '/']);
    expect(readdirSync(root)).toEqual([]);
    const { directory } = spool;
    expect(readdirSync(root)).toEqual([directory.slice(root.length + 1)]);
    expect(statSync(spool.directory).mode & 0o777).toBe(0o700);
    writeFileSync(spool.newPath('x'), 'left');
    mkdirSync(spool.newPath('d'));
    expect(spool.freeBytes()).toBeGreaterThan(0);
  }
  expect(readdirSync(root)).toEqual([]);
});

test('a root that is there and cannot be written is passed over', () => {
  const root = tempDir();
  writeFileSync(join(root, 'file'), '');
  using spool = openSpool(['/proc', join(root, 'file'), root]);
  expect(spool.directory.startsWith(`${root}/`)).toBe(true);
});

test('names are never given twice and nothing is created for them', () => {
  using spool = openSpool([tempDir()]);
  const names = [spool.newPath('vol1'), spool.newPath('vol1'), spool.newPath('vol2')];
  expect(new Set(names).size).toBe(3);
  expect(names.every((name) => !existsSync(name))).toBe(true);
});

test('a root that does not exist is one clear sentence', () => {
  const absent = join(tempDir(), 'absent');
  using spool = openSpool([absent]);
  expect(() => spool.freeBytes()).toThrow(
    expect.objectContaining({
      code: 'USER_ERROR',
      message: expect.stringContaining(`The temporary directory ${absent} cannot be used`),
      hint: expect.stringContaining('--tempdir'),
    }),
  );
});
