import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp.ts';
import { LocalError } from '../errors/errors.ts';
import { SELECT_ALL } from '../selection/selection.ts';
import { bytePath } from '../util/bytepath.ts';
import { localAccounts } from './accounts.ts';
import { openSourceFile } from './open-file.ts';
import type { SourceEntry } from './source-entry.ts';
import { walkSource } from './walk.ts';

function entry(root: string, path: string, copyLinks = false): SourceEntry {
  const options = { root: bytePath(root), selection: SELECT_ALL, copyLinks, accounts: localAccounts() };
  for (const found of walkSource({ ...options, emit: () => {}, counters: { errors: 0 } })) {
    if (found.path === path) return found;
  }
  throw new Error(`${path} is not in ${root}`);
}

function read(root: string, of: SourceEntry, copyLinks = false): string {
  const file = openSourceFile(of, { root: bytePath(root), copyLinks });
  try {
    const into = Buffer.alloc(4);
    let text = '';
    for (let length = file.read(into); length > 0; length = file.read(into)) text += into.toString('latin1', 0, length);
    return text;
  } finally {
    file.close();
  }
}

describe('a source file', () => {
  test('is read in pieces from its start to its end', () => {
    const root = tempDir();
    writeFileSync(`${root}/a`, 'ten bytes!');
    writeFileSync(`${root}/empty`, '');
    expect(read(root, entry(root, 'a'))).toBe('ten bytes!');
    expect(read(root, entry(root, 'empty'))).toBe('');
  });

  test('may be the root, and its name any bytes', () => {
    const root = tempDir();
    writeFileSync(Buffer.from(`${root}/a\u00ff`, 'latin1'), 'content');
    expect(read(root, entry(root, 'a\u00ff'))).toBe('content');
    expect(read(`${root}/a\u00ff`, entry(`${root}/a\u00ff`, ''))).toBe('content');
  });

  test('that has grown since is read as it is now', () => {
    const root = tempDir();
    writeFileSync(`${root}/a`, 'one');
    const seen = entry(root, 'a');
    appendFileSync(`${root}/a`, ' two');
    expect(read(root, seen)).toBe('one two');
  });

  test.each<[string, (path: string) => void]>([
    ['another file', (path) => writeFileSync(path, 'other')],
    ['a directory', (path) => mkdirSync(path)],
    ['a link to it', (path) => symlinkSync('kept', path)],
    // Opening it must not wait for a writer.
    ['a fifo', (path) => void spawnSync('mkfifo', [path])],
    ['nothing', () => {}],
  ])('replaced by %s is an error', (_what, replace) => {
    const root = tempDir();
    writeFileSync(`${root}/a`, 'content');
    const seen = entry(root, 'a');
    renameSync(`${root}/a`, `${root}/kept`);
    replace(`${root}/a`);
    expect(() => read(root, seen)).toThrow(LocalError);
  });

  test('behind a link is read only when links are followed', () => {
    const root = tempDir();
    writeFileSync(`${root}/a`, 'content');
    symlinkSync('a', `${root}/link`);
    expect(read(root, entry(root, 'link', true), true)).toBe('content');
    expect(() => read(root, entry(root, 'link'))).toThrow(LocalError);
  });

  test('leaves no descriptor open, also when it is refused', () => {
    const root = tempDir();
    writeFileSync(`${root}/a`, 'content');
    const seen = entry(root, 'a');
    const open = (): number => {
      const fd = openSourceFile(seen, { root: bytePath(root), copyLinks: false });
      fd.close();
      return nextDescriptor(root);
    };
    const before = open();
    rmSync(`${root}/a`);
    mkdirSync(`${root}/a`);
    for (let i = 0; i < 3; i++) expect(() => read(root, seen)).toThrow(LocalError);
    expect(nextDescriptor(root)).toBe(before);
  });
});

function nextDescriptor(root: string): number {
  const fd = openSync(root, 'r');
  closeSync(fd);
  return fd;
}
