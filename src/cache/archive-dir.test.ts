import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultName, openArchiveDir } from './archive-dir.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'archive-dir-test-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const mode = (path: string): number => statSync(path).mode & 0o7777;

test('the default name is the MD5 of the URL as typed', () => {
  expect(defaultName('file://h3')).toBe('4ae52d49d5556bb0a61c99115b96210b');
  expect(defaultName('file://hé')).not.toBe(defaultName('file://h\ufffd'));
});

test('missing directories are made for the owner alone', () => {
  const dir = openArchiveDir(join(root, 'a'), 'b/c');
  expect(dir.path).toBe(join(root, 'a', 'b', 'c'));
  for (const part of ['a', 'a/b', 'a/b/c']) expect(mode(join(root, part))).toBe(0o700);
});

test('a directory that exists keeps its mode', () => {
  mkdirSync(join(root, 'n'));
  chmodSync(join(root, 'n'), 0o755);
  openArchiveDir(root, 'n');
  expect(mode(join(root, 'n'))).toBe(0o755);
});

test('a file in the way is a bad archive dir', () => {
  writeFileSync(join(root, 'file'), '');
  for (const name of ['file', 'file/below']) {
    expect(() => openArchiveDir(root, name)).toThrow(
      expect.objectContaining({ code: 'BAD_ARCHIVE_DIR', exitCode: 9, hint: expect.stringContaining('--archive-dir') }),
    );
  }
  expect(() => openArchiveDir(root, 'file/below')).toThrow(
    `The archive dir ${join(root, 'file/below')} cannot be created: part of its path is not a directory.`,
  );
});

test('only plain files are listed, unfinished writes are not', () => {
  const dir = openArchiveDir(root, 'n');
  for (const name of ['a.manifest', 'lockfile', '.a.manifest.0123abcd.tmp']) writeFileSync(dir.pathOf(name), '');
  mkdirSync(dir.pathOf('directory'));
  symlinkSync('a.manifest', dir.pathOf('link'));
  expect([...dir.list()].sort()).toEqual(['a.manifest', 'lockfile']);
});

describe('a file', () => {
  test('is written for the owner alone and replaces what was there', async () => {
    const dir = openArchiveDir(root, 'n');
    expect(await dir.write('f', [Buffer.from('one')])).toBe(3);
    expect(await dir.write('f', [Buffer.from('tw'), Buffer.alloc(0), Buffer.from('o!')])).toBe(4);
    await dir.flush();
    expect(dir.read('f').toString()).toBe('two!');
    expect(mode(dir.pathOf('f'))).toBe(0o600);
    expect(readdirSync(dir.path)).toEqual(['f']);
  });

  test('is not seen before it is complete', async () => {
    const dir = openArchiveDir(root, 'n');
    async function* blocks(): AsyncGenerator<Buffer> {
      yield Buffer.from('half');
      expect(dir.list()).toEqual([]);
      expect(readdirSync(dir.path)).toHaveLength(1);
      yield Buffer.from('whole');
    }
    await dir.write('f', blocks());
    expect(dir.list()).toEqual(['f']);
  });

  test('keeps its old content when its source fails, and nothing else stays', async () => {
    const dir = openArchiveDir(root, 'n');
    await dir.write('f', [Buffer.from('old')]);
    async function* blocks(): AsyncGenerator<Buffer> {
      yield Buffer.from('new');
      throw new Error('lost connection');
    }
    await expect(dir.write('f', blocks())).rejects.toThrow('lost connection');
    expect(readFileSync(dir.pathOf('f'), 'utf8')).toBe('old');
    expect(readdirSync(dir.path)).toEqual(['f']);
  });

  test('that cannot be written is the archive dir’s failure', async () => {
    const dir = openArchiveDir(root, 'n');
    await expect(dir.write('x'.repeat(300), [])).rejects.toMatchObject({ code: 'BAD_ARCHIVE_DIR' });
    rmSync(dir.path, { recursive: true });
    await expect(dir.write('f', [])).rejects.toMatchObject({ code: 'BAD_ARCHIVE_DIR' });
  });

  test('that is not there can be removed', () => {
    const dir = openArchiveDir(root, 'n');
    writeFileSync(dir.pathOf('f'), '');
    dir.remove('f');
    dir.remove('f');
    expect(dir.list()).toEqual([]);
  });
});

describe('a temporary directory', () => {
  test('is for the owner alone, named like the reference’s, and goes with its content', () => {
    const dir = openArchiveDir(root, 'n');
    const temp = dir.makeTempDir();
    expect(temp.path).toMatch(/\/n\/duplicity-[A-Za-z0-9_]{8}-tempdir$/);
    expect(mode(temp.path)).toBe(0o700);
    writeFileSync(join(temp.path, 'f'), '');
    temp.remove();
    temp.remove();
    expect(readdirSync(dir.path)).toEqual([]);
  });

  test('of a killed run is swept, one of the reference is not', () => {
    const dir = openArchiveDir(root, 'n');
    writeFileSync(join(dir.makeTempDir().path, 'f'), '');
    writeFileSync(dir.pathOf('.a.manifest.0123abcd.tmp'), '');
    mkdirSync(dir.pathOf('duplicity-tq3_x01z-tempdir'));
    writeFileSync(dir.pathOf('a.manifest'), '');
    dir.sweep();
    expect(readdirSync(dir.path).sort()).toEqual(['a.manifest', 'duplicity-tq3_x01z-tempdir']);
  });
});
