import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp.ts';
import { makeDirectories } from './make-directories.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('all that is missing is made with the mode, and what is there stays as it is', () => {
  const dir = tempDir();
  mkdirSync(`${dir}/there`, { mode: 0o755 });
  makeDirectories(`${dir}/there/a/b`, 0o700);
  makeDirectories(`${dir}/there/a/b`, 0o755);
  symlinkSync('there', `${dir}/link`);
  makeDirectories(`${dir}/link/a`);
  makeDirectories('/');
  makeDirectories(Buffer.from(`${dir}/bytes-\xff/a/`, 'latin1'));
  expect(statSync(Buffer.from(`${dir}/bytes-\xff/a`, 'latin1')).isDirectory()).toBe(true);
  expect(['there', 'there/a', 'there/a/b'].map((path) => modeOf(`${dir}/${path}`))).toEqual([0o755, 0o700, 0o700]);
});

test.runIf(process.platform === 'linux')('it ends where the system knows nothing of a name', () => {
  for (const path of ['/proc/none', '/proc/none/a/b']) expect(() => makeDirectories(path)).toThrow('ENOENT');
});

test('a file or a link that leads nowhere is in the way', () => {
  const dir = tempDir();
  writeFileSync(`${dir}/file`, '');
  symlinkSync('nowhere', `${dir}/lost`);
  expect(() => makeDirectories(`${dir}/file`)).toThrow('EEXIST');
  expect(() => makeDirectories(`${dir}/file/a`)).toThrow('ENOTDIR');
  for (const path of ['lost', 'lost/a']) expect(() => makeDirectories(`${dir}/${path}`)).toThrow('EEXIST');
});
