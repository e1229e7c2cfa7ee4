import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import type { Backend, Body, Call } from '../../src/backends/backend.ts';
import { localBackend, open } from '../../src/backends/local/local.ts';
import { parseUrl } from '../../src/backends/url/url.ts';

const root = mkdtempSync(join(tmpdir(), 'local-security-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const call: Call = { signal: new AbortController().signal };
const body: Body = {
  size: 3,
  async *open() {
    yield Buffer.from('new');
  },
};

describe('a file back end stays in its directory', () => {
  let top: string;
  let directory: string;
  let outside: string;
  let backend: Backend;

  beforeEach(() => {
    top = mkdtempSync(join(root, 't-'));
    directory = join(top, 'target');
    mkdirSync(directory);
    outside = join(top, 'outside');
    writeFileSync(outside, 'precious');
    backend = localBackend(directory);
  });

  test.each(['../outside', '..', '.', '', '/etc/passwd', 'sub/name', './name', 'name\0', '../target/x'])(
    'the name %j is refused by every operation',
    async (name) => {
      mkdirSync(join(directory, 'sub'));
      await backend.put('ok', body, call);
      const take = async (): Promise<void> => undefined;
      const runs: readonly (() => Promise<unknown> | undefined)[] = [
        () => backend.put(name, body, call),
        () => backend.get(name, take, call),
        () => backend.delete(name, call),
        () => backend.stat?.(name, call),
        () => backend.rename?.('ok', name, call),
        () => backend.rename?.(name, 'moved', call),
        () => backend.copy?.('ok', name, call),
        () => backend.copy?.(name, 'copied', call),
      ];
      for (const run of runs) {
        await expect(run()).rejects.toMatchObject({
          code: 'BACKEND_ERROR',
          retryable: false,
          message: expect.stringContaining('Not a file name'),
        });
      }
      expect(() => backend.localFile?.(name)).toThrow('Not a file name');
      expect(readdirSync(directory).sort()).toEqual(['ok', 'sub']);
      expect(readdirSync(top).sort()).toEqual(['outside', 'target']);
    },
  );

  test('a link in the place of the unfinished upload is replaced and not written through', async () => {
    symlinkSync(outside, join(directory, '.name.part'));
    await backend.put('name', body, call);
    expect(readFileSync(outside, 'utf8')).toBe('precious');
    expect(readFileSync(join(directory, 'name'), 'utf8')).toBe('new');
    expect(readdirSync(directory)).toEqual(['name']);
  });

  test('a link in the place of the file is replaced and not written through', async () => {
    const spool = join(top, 'spool');
    writeFileSync(spool, 'new');
    for (const sent of [body, { ...body, file: spool }]) {
      rmSync(join(directory, 'name'), { force: true });
      symlinkSync(outside, join(directory, 'name'));
      await backend.put('name', sent, call);
      expect(readFileSync(outside, 'utf8')).toBe('precious');
      expect(lstatSync(join(directory, 'name')).isFile()).toBe(true);
    }
  });

  test('deleting a link deletes the link', async () => {
    symlinkSync(outside, join(directory, 'name'));
    await backend.delete('name', call);
    expect(existsSync(outside)).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('characters of the shell mean nothing in a URL or a name', async () => {
    const odd = `a $(touch pwned) \`x\`; rm -rf * | 'q' "d" &`;
    const opened = await open(parseUrl(`file://${top}/${odd}`));
    await opened.put(odd, body, call);
    expect(readdirSync(top).sort()).toEqual([odd, 'outside', 'target'].sort());
    expect(readdirSync(join(top, odd))).toEqual([odd]);
  });
});
