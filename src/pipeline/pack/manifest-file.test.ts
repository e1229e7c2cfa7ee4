import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import { bytePath } from '../../util/bytepath.ts';
import { ManifestFile } from './manifest-file.ts';
import { tempDir } from '../testing/temp-dir.ts';

let dir: string;
beforeEach(() => {
  dir = tempDir();
});

function open(listPath: string | undefined = join(dir, 'list')): ManifestFile {
  return new ManifestFile({
    archiveDir: dir,
    path: join(dir, 'm'),
    listPath,
    hostname: 'host',
    localDir: bytePath('my dir/\xe9'),
  });
}

const record = (number: number) => ({
  number,
  start: { path: bytePath(`a${number}`) },
  end: { path: bytePath(`b${number}`), block: 4 },
  hashes: new Map([['SHA1', String(number).repeat(40)]]),
});

async function read(path: string) {
  const files: string[] = [];
  const manifest = await readManifest(createReadStream(path), {
    onFile: (change: FileChange, path) => files.push(`${change} ${path}`),
  });
  return { manifest, files };
}

test('a finished manifest has head, volumes in order and the changed files, and the list on its own is gone', async () => {
  const file = open();
  file.addFile('new', bytePath('a'));
  file.addVolume(record(1));
  file.addFile('deleted', bytePath('b c'));
  file.addVolume(record(2));
  file.finish();
  expect(readFileSync(join(dir, 'm'), 'latin1')).toBe(
    'Hostname host\nLocaldir "my\\x20dir/\xe9"\n' +
      `Volume 1:\n    StartingPath   a1  \n    EndingPath     b1 4\n    Hash SHA1 ${'1'.repeat(40)}\n` +
      `Volume 2:\n    StartingPath   a2  \n    EndingPath     b2 4\n    Hash SHA1 ${'2'.repeat(40)}\n` +
      'Filelist 2\n    new      a\n    deleted  "b\\x20c"\n',
  );
  const { manifest, files } = await read(file.path);
  expect(manifest.volumes).toEqual([record(1), record(2)]);
  expect(files).toEqual(['new a', 'deleted b c']);
  expect(readdirSync(dir)).toEqual(['m']);
});

test('without a list of files it says that there is none', async () => {
  const file = new ManifestFile({
    archiveDir: dir,
    path: join(dir, 'm'),
    listPath: undefined,
    hostname: 'host',
    localDir: bytePath('src'),
  });
  file.addFile('new', bytePath('a'));
  file.addVolume(record(1));
  file.finish();
  expect((await read(file.path)).manifest.fileList).toEqual({ announced: 0, found: 0 });
});

test('a long list of files is whole', async () => {
  const file = open();
  const names = Array.from({ length: 20_000 }, (_, i) => `directory/file ${i}`);
  for (const name of names) file.addFile('changed', bytePath(name));
  file.addVolume(record(1));
  file.finish();
  const { manifest, files } = await read(file.path);
  expect(manifest.fileList).toEqual({ announced: 20_000, found: 20_000 });
  expect(files).toEqual(names.map((name) => `changed ${name}`));
});

test('a checkpoint gives it another name, with all volumes so far, and later ones go on there', async () => {
  const file = open();
  file.addVolume(record(1));
  const part = join(dir, 'm.part');
  await file.checkpoint(part);
  expect(file.path).toBe(part);
  expect(existsSync(join(dir, 'm'))).toBe(false);
  expect((await read(part)).manifest.volumes).toEqual([record(1)]);
  file.addVolume(record(2));
  await file.checkpoint(part);
  expect((await read(part)).manifest.volumes).toEqual([record(1), record(2)]);
  file.close();
});

test('only the owner may read it, and nothing that exists is overwritten', () => {
  const file = open();
  expect(statSync(join(dir, 'm')).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, 'list')).mode & 0o777).toBe(0o600);
  expect(() => open()).toThrow(
    expect.objectContaining({ code: 'BAD_ARCHIVE_DIR', message: expect.stringContaining(dir) }),
  );
  file.close();
});

test('closing again, also after the end, does nothing', () => {
  const file = open();
  file.finish();
  expect(() => file.close()).not.toThrow();
  expect(() => file.close()).not.toThrow();
});
