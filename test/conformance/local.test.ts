import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import type { Backend, Body, Call } from '../../src/backends/backend.ts';
import { localBackend, open } from '../../src/backends/local/local.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { conformance } from './conformance.ts';

const root = mkdtempSync(join(tmpdir(), 'local-backend-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const call: Call = { signal: new AbortController().signal };

function bodyOf(text: string): Body {
  async function* blocks(): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }
  return { size: text.length, open: blocks };
}

/** A body whose bytes lie in a file. */
function fileBody(path: string): Body {
  return { ...bodyOf(readFileSync(path, 'utf8')), file: path };
}

const shared = join(root, 'shared');
conformance('file', () => open(parseUrl(`file://${shared}`)), {
  plant: async (names, content) => {
    for (const name of names) writeFileSync(join(shared, name), content);
  },
});

describe('the file back end', () => {
  let directory: string;
  let spool: string;
  let backend: Backend;

  beforeEach(() => {
    directory = mkdtempSync(join(root, 'd-'));
    spool = `${directory}.spool`;
    backend = localBackend(directory);
  });

  async function names(): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of backend.list(call)) found.push(name);
    return found.sort();
  }

  test('makes a missing directory, with its parents', async () => {
    await open(parseUrl(`file://${directory}/a/b%20c`));
    expect(existsSync(join(directory, 'a', 'b c'))).toBe(true);
  });

  test('takes file://rel from the current directory', async () => {
    const before = process.cwd();
    process.chdir(directory);
    try {
      const relative = await open(parseUrl('file://rel/dir'));
      process.chdir(before);
      await relative.put('name', bodyOf('x'), call);
    } finally {
      process.chdir(before);
    }
    expect(readdirSync(join(directory, 'rel', 'dir'))).toEqual(['name']);
  });

  test('refuses a URL without a directory', async () => {
    await expect(open(parseUrl('file:////'))).rejects.toMatchObject({
      code: 'USER_ERROR',
      exception: 'InvalidBackendURL',
    });
  });

  test('a file in the place of the directory is an error of the back end', async () => {
    writeFileSync(join(directory, 'f'), '');
    await expect(open(parseUrl(`file://${directory}/f`))).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      exitCode: 50,
    });
    await expect(open(parseUrl(`file://${directory}/f/g`))).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
  });

  test('stores a body that lies in a file, and leaves that file alone', async () => {
    const text = 'volume '.repeat(100_000);
    writeFileSync(spool, text);
    await backend.put('vol1', fileBody(spool), call);
    expect(readFileSync(join(directory, 'vol1'), 'utf8') === text).toBe(true);
    expect(readFileSync(spool, 'utf8').length).toBe(text.length);
    expect(readdirSync(directory)).toEqual(['vol1']);
  });

  test('a spool file that nobody needs any more becomes the stored one, as if it had been made here', async () => {
    const umask = process.umask(0o027);
    try {
      writeFileSync(spool, 'content', { mode: 0o600 });
      writeFileSync(join(directory, 'vol1'), 'older');
      await backend.put('vol1', { ...fileBody(spool), mayKeepFile: true }, call);
    } finally {
      process.umask(umask);
    }
    const { ino, mode } = statSync(join(directory, 'vol1'));
    expect([ino, mode & 0o7777]).toEqual([statSync(spool).ino, 0o640]);
    rmSync(spool);
    expect(readFileSync(join(directory, 'vol1'), 'utf8')).toBe('content');
    expect(readdirSync(directory)).toEqual(['vol1']);
  });

  test('a spool file that cannot be kept is copied', async () => {
    writeFileSync(`${spool}.target`, 'content');
    symlinkSync(`${spool}.target`, spool);
    await backend.put('linked', { ...fileBody(spool), mayKeepFile: true }, call);
    await backend.put('gone', { ...bodyOf('content'), file: join(root, 'gone'), mayKeepFile: true }, call);
    expect(lstatSync(join(directory, 'linked')).isFile()).toBe(true);
    expect(statSync(join(directory, 'linked')).ino).not.toBe(statSync(spool).ino);
    expect(['linked', 'gone'].map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual([
      'content',
      'content',
    ]);
    expect(readdirSync(directory).sort()).toEqual(['gone', 'linked']);
  });

  test.skipIf(process.getuid?.() !== 0)('a spool file of another owner or group is copied', async () => {
    for (const [name, uid, gid] of [
      ['owner', 1, 0],
      ['group', 0, 1],
    ] as const) {
      writeFileSync(spool, name);
      chownSync(spool, uid, gid);
      await backend.put(name, { ...fileBody(spool), mayKeepFile: true }, call);
      const stored = statSync(join(directory, name));
      expect([stored.uid, stored.gid]).toEqual([0, 0]);
      rmSync(spool);
    }
  });

  test('stored files have the mode of the umask, whatever the mode of the spool file', async () => {
    const umask = process.umask(0o027);
    try {
      writeFileSync(spool, 'x', { mode: 0o600 });
      await backend.put('copied', fileBody(spool), call);
      await backend.put('written', bodyOf('x'), call);
    } finally {
      process.umask(umask);
    }
    expect(['copied', 'written'].map((name) => statSync(join(directory, name)).mode & 0o7777)).toEqual([0o640, 0o640]);
  });

  test('a body whose file cannot be copied is read by its blocks', async () => {
    await backend.put('name', { ...bodyOf('content'), file: join(root, 'gone') }, call);
    expect(readFileSync(join(directory, 'name'), 'utf8')).toBe('content');
  });

  test('a spool file that was cut is not stored', async () => {
    writeFileSync(spool, 'cut');
    await expect(backend.put('name', { ...fileBody(spool), size: 10 }, call)).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: `Cannot store name in ${directory}: it has 3 bytes instead of 10`,
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('an unfinished upload is hidden, and replaced by the next one of that name', async () => {
    writeFileSync(join(directory, '.name.part'), 'left by a killed run, and longer than what comes');
    expect(await names()).toEqual([]);
    await backend.put('name', bodyOf('x'), call);
    expect(readdirSync(directory)).toEqual(['name']);
    expect(readFileSync(join(directory, 'name'), 'utf8')).toBe('x');
  });

  test('two puts of one name at once store one of them whole, or fail and can be tried again', async () => {
    const bodies = ['a', 'b'].map((letter) => bodyOf(letter.repeat(1_000_000)));
    const failures: unknown[] = [];
    await Promise.all(
      bodies.map((body) => backend.put('name', body, call).catch((error: unknown) => failures.push(error))),
    );
    expect(failures).toMatchObject(failures.map(() => ({ code: 'BACKEND_ERROR', retryable: true })));
    const stored = readdirSync(directory);
    expect([[], ['name']]).toContainEqual(stored);
    for (const name of stored) expect(readFileSync(join(directory, name), 'utf8')).toMatch(/^(a{1000000}|b{1000000})$/);
  });

  test('lists regular files, and links to them, and nothing else', async () => {
    await backend.put('file', bodyOf('12345'), call);
    mkdirSync(join(directory, 'directory'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    symlinkSync('file', join(directory, 'link'));
    symlinkSync('nowhere', join(directory, 'dangling'));
    symlinkSync('loop', join(directory, 'loop'));
    symlinkSync('directory', join(directory, 'link-to-directory'));
    writeFileSync(Buffer.from(`${directory}/not-utf8-\xff`, 'latin1'), '');
    writeFileSync(join(directory, 'ä'), '');
    writeFileSync(join(directory, '.dot'), '');
    expect(await names()).toEqual(['.dot', 'file', 'link', 'ä']);
  });

  test('a directory or FIFO under the name of a volume is not there', async () => {
    mkdirSync(join(directory, 'directory'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    for (const name of ['directory', 'fifo']) {
      const failure = await backend.get(name, async () => undefined, call).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'BACKEND_NOT_FOUND' });
      expect(await backend.stat?.(name, call)).toBeUndefined();
      expect(backend.localFile?.(name)).toBeUndefined();
    }
  });

  test('tells where a file lies, for reading in place', async () => {
    await backend.put('name', bodyOf('x'), call);
    expect(backend.localFile?.('name')).toBe(join(directory, 'name'));
    expect(backend.localFile?.('absent')).toBeUndefined();
  });

  test('reads in blocks of 256 KiB', async () => {
    await backend.put('name', bodyOf('x'.repeat(600_000)), call);
    const sizes: number[] = [];
    await backend.get(
      'name',
      async (bytes) => {
        for await (const block of bytes) sizes.push(block.length);
      },
      call,
    );
    expect(sizes).toEqual([262_144, 262_144, 75_712]);
  });

  test('a directory that has gone is reported as not found', async () => {
    rmSync(directory, { recursive: true });
    await expect(backend.put('name', bodyOf('x'), call)).rejects.toMatchObject({
      code: 'BACKEND_NOT_FOUND',
      retryable: false,
      hint: expect.stringContaining('mounted'),
    });
    await expect(names()).rejects.toMatchObject({
      code: 'BACKEND_NOT_FOUND',
      message: `Cannot list ${directory}: No such file or directory (ENOENT)`,
    });
  });

  test('a directory without write permission is 51, with the name and a hint', async () => {
    await backend.put('old', bodyOf('x'), call);
    for (const path of [root, directory]) chmodSync(path, 0o755);
    chmodSync(directory, 0o555);
    const failures = await asNobody(() => {
      const done: readonly Promise<unknown>[] = [
        backend.put('new', bodyOf('x'), call),
        backend.delete('old', call),
        Promise.resolve(backend.rename?.('old', 'new', call)),
      ];
      return Promise.all(done.map((one) => one.catch((error: unknown) => error)));
    });
    const denied = { code: 'BACKEND_PERMISSION_DENIED', exitCode: 51, retryable: false };
    expect(failures).toMatchObject([
      {
        ...denied,
        message: `Cannot store new in ${directory}: Permission denied (EACCES)`,
        hint: 'Check owner and mode of the target directory.',
      },
      { ...denied, message: `Cannot delete old in ${directory}: Permission denied (EACCES)` },
      { ...denied, message: `Cannot rename old to new in ${directory}: Permission denied (EACCES)` },
    ]);
    expect(readdirSync(directory)).toEqual(['old']);
  });

  test('a directory without search permission is 51 and not an empty listing', async () => {
    await backend.put('old', bodyOf('x'), call);
    chmodSync(root, 0o755);
    chmodSync(directory, 0o444);
    const failure = await asNobody(() => names().catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED', exitCode: 51 });
  });
});

/** Modes mean nothing to root. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run();
  process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}
