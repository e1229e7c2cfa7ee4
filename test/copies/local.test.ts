import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { beforeEach, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { localBackend } from '../../src/backends/local/local.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { tempDir } from '../support/temp.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';

const linked = { ...call, asLink: true } as const;

let directory: string;
let backend: Backend;

beforeEach(async () => {
  directory = mkdtempSync(`${tempDir()}/d-`);
  backend = localBackend(directory);
  await backend.put('old', bodyOf('content'), call);
});

function at(name: string): string {
  return join(directory, name);
}

test('a copy is a file of its own, with the mode of the umask; a link is the same file, which keeps its mode', async () => {
  chmodSync(at('old'), 0o604);
  const umask = process.umask(0o027);
  try {
    await backend.copy?.('old', 'copy', call);
    await backend.copy?.('old', 'link', linked);
  } finally {
    process.umask(umask);
  }
  const [old, copy, link] = ['old', 'copy', 'link'].map((name) => statSync(at(name)));
  expect([copy?.mode, link?.mode].map((mode) => (mode ?? 0) & 0o7777)).toEqual([0o640, 0o604]);
  expect([copy?.ino === old?.ino, link?.ino === old?.ino]).toEqual([false, true]);
  expect(readdirSync(directory).sort()).toEqual(['copy', 'link', 'old']);
});

test.skipIf(process.getuid?.() !== 0)('a file of another owner is linked as well', async () => {
  chownSync(at('old'), 1, 1);
  await backend.copy?.('old', 'link', linked);
  expect(statSync(at('link'))).toMatchObject({ ino: statSync(at('old')).ino, uid: 1, gid: 1 });
});

test('a link that is made once more leaves nothing behind', async () => {
  for (let i = 0; i < 2; i++) await backend.copy?.('old', 'link', linked);
  expect(readdirSync(directory).sort()).toEqual(['link', 'old']);
  expect(statSync(at('old')).nlink).toBe(2);
});

test('what is behind a symbolic link is copied, also where a link is asked for', async () => {
  symlinkSync('old', at('symbolic'));
  for (const [to, how] of [
    ['copy', call],
    ['link', linked],
  ] as const) {
    await backend.copy?.('symbolic', to, how);
    expect(readFileSync(at(to), 'utf8')).toBe('content');
    expect(statSync(at(to)).ino).not.toBe(statSync(at('old')).ino);
  }
});

test('what a killed copy has left is hidden, and replaced by the next one', async () => {
  linkSync(at('old'), at('.new.part'));
  expect(await names(backend)).toEqual(['old']);
  await backend.copy?.('old', 'new', call);
  expect(readdirSync(directory).sort()).toEqual(['new', 'old']);
  expect([await text(backend, 'old'), statSync(at('old')).nlink]).toEqual(['content', 1]);
});

test('a copy that is stopped, or whose original is none, leaves nothing', async () => {
  mkdirSync(at('directory'));
  const failures = ['directory', 'absent', '../x'].map((from) =>
    failureOf(Promise.resolve(backend.copy?.(from, 'new', call))),
  );
  expect(await Promise.all(failures)).toMatchObject([
    { code: 'BACKEND_NOT_FOUND', message: `Cannot copy directory to new in ${directory}: not a regular file` },
    {
      code: 'BACKEND_NOT_FOUND',
      message: `Cannot copy absent to new in ${directory}: No such file or directory (ENOENT)`,
    },
    { code: 'BACKEND_ERROR', retryable: false },
  ]);
  const stopping = new AbortController();
  const copy = failureOf(Promise.resolve(backend.copy?.('old', 'new', { signal: stopping.signal })));
  stopping.abort(new Error('stopped'));
  expect(await copy).toMatchObject({ message: 'stopped' });
  expect(readdirSync(directory).sort()).toEqual(['directory', 'old']);
});

test.runIf(requireMount())('a copy for which there is no room is 53, and leaves nothing', async () => {
  const disk = tmpfs(1024 * 1024) ?? '';
  const full = localBackend(disk);
  await full.put('old', bodyOf('x'.repeat(700_000)), call);
  expect(await failureOf(Promise.resolve(full.copy?.('old', 'new', call)))).toMatchObject({
    code: 'BACKEND_NO_SPACE',
    message: `Cannot copy old to new in ${disk}: No space left on device (ENOSPC)`,
  });
  expect(readdirSync(disk)).toEqual(['old']);
  await full.copy?.('old', 'new', linked);
  expect(await text(full, 'new')).toHaveLength(700_000);
});

test.skipIf(process.getuid?.() !== 0)('where nothing can be deleted, a linked file is not written into', async () => {
  await backend.copy?.('old', 'link', linked);
  writeFileSync(at('single'), 'x');
  for (const name of ['old', 'single']) chmodSync(at(name), 0o666);
  for (const path of [dirname(directory), directory]) chmodSync(path, 0o555);
  process.seteuid?.(65_534);
  try {
    const refused = await failureOf(backend.put('old', bodyOf('new'), call));
    expect(refused).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
    await backend.put('single', bodyOf('new'), call);
  } finally {
    process.seteuid?.(0);
  }
  expect(['old', 'link', 'single'].map((name) => readFileSync(at(name), 'utf8'))).toEqual([
    'content',
    'content',
    'new',
  ]);
});
