import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatHolder } from '../cache/lock/lock-holder.ts';
import { thisProcess } from '../cache/lock/this-process.ts';
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

test('what killed runs of this user have left is removed, and nothing else', () => {
  const root = tempDir();
  const here = thisProcess();
  const dead = { ...here, pid: spawnSync(process.execPath, ['-e', '0']).pid };
  const left = (name: string, owner: string | undefined, mode = 0o700): void => {
    mkdirSync(join(root, name));
    if (owner !== undefined) writeFileSync(join(root, name, 'owner'), owner);
    writeFileSync(join(root, name, '1-vol1'), 'left');
    chmodSync(join(root, name), mode);
  };
  left('duplicity-killed', formatHolder(dead));
  left('duplicity-boot00', formatHolder({ ...here, boot: 'before' }));
  left('duplicity-start0', formatHolder({ ...here, start: '1' }));
  mkdirSync(join(root, 'duplicity-empty0'));
  chmodSync(join(root, 'duplicity-empty0'), 0o700);
  utimesSync(join(root, 'duplicity-empty0'), 9, 9);
  left('duplicity-torn00', '');
  utimesSync(join(root, 'duplicity-torn00'), 9, 9);

  left('duplicity-backup', undefined);
  writeFileSync(join(root, 'duplicity-backup', 'letter'), 'of somebody');
  utimesSync(join(root, 'duplicity-backup'), 9, 9);

  left('duplicity-itself', formatHolder(here));
  left('duplicity-parent', formatHolder({ ...here, pid: process.ppid, start: undefined }));
  left('duplicity-afar00', formatHolder({ ...dead, host: 'far', boot: 'other' }));
  left('duplicity-nobody', undefined);
  left('duplicity-shared', formatHolder(dead), 0o750);
  left('duplicity-abcdefgh-tempdir', formatHolder(dead));
  left('elsewhere', formatHolder(dead));
  symlinkSync(join(root, 'elsewhere'), join(root, 'duplicity-symlnk'));
  mkdirSync(join(root, 'duplicity-newone'));
  chmodSync(join(root, 'duplicity-newone'), 0o700);

  {
    using spool = openSpool([root]);
    expect(existsSync(spool.directory)).toBe(true);
  }
  expect(readdirSync(root).toSorted()).toEqual(
    ['abcdefgh-tempdir', 'afar00', 'backup', 'itself', 'newone', 'nobody', 'parent', 'shared', 'symlnk']
      .map((name) => `duplicity-${name}`)
      .concat('elsewhere'),
  );
});
