import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';

import { localBackend } from '../../src/backends/local/local.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { tempDir } from '../support/temp.ts';
import { life } from './life.ts';

const made: string[] = [];
afterAll(() => made.forEach((path) => spawnSync('chattr', ['-a', path])));

/** A directory to which files can be added, and nothing else done; undefined where there are none. */
function appendOnly(): string | undefined {
  const path = `${tempDir()}/box`;
  mkdirSync(path);
  if (spawnSync('chattr', ['+a', path]).status !== 0) return undefined;
  made.push(path);
  return path;
}

const isAppendOnly = appendOnly() !== undefined;

test.runIf(isAppendOnly)(
  'a directory that only grows holds backups, says so once, and fails to delete with 51',
  async () => {
    const { stdout } = await life(`file://${appendOnly()}`, { keepsAll: true });
    expect(stdout.match(/Files get their final names at once in .*Operation not permitted/g)).toHaveLength(1);
  },
);

test.runIf(isAppendOnly)('a directory that only grows takes a file anew, and nothing through a link', async () => {
  const box = appendOnly() ?? '';
  const said: unknown[] = [];
  const backend = localBackend(box, { emit: (event) => said.push(event) });
  for (const content of ['first, which is longer', 'second']) await backend.put('name', bodyOf(content), call);
  const kept = `${tempDir()}/kept`;
  writeFileSync(kept, 'kept');
  symlinkSync(kept, `${box}/link`);
  expect(await failureOf(backend.put('link', bodyOf('x'), call))).toMatchObject({ code: 'BACKEND_ERROR' });
  expect([await text(backend, 'name'), readFileSync(kept, 'utf8'), said.length]).toEqual(['second', 'kept', 1]);
  expect(backend.traits.atomicPut).toBe(false);
});

test.runIf(isAppendOnly)('what an earlier run met there is not tried again', async () => {
  const box = appendOnly() ?? '';
  const file = `${tempDir()}/spool`;
  writeFileSync(file, 'content');
  // Sent as the program does it, and as a stream.
  await localBackend(box).put('one', { ...bodyOf('content'), file, mayKeepFile: true }, call);
  const left = readdirSync(box).length;
  const next = localBackend(box);
  expect(await names(next)).toEqual(['one']);
  await next.put('two', bodyOf('content'), call);
  expect(readdirSync(box)).toHaveLength(left + 1);
});

test('a name that is just short enough is stored, though its hidden one is too long', async () => {
  const box = tempDir();
  const backend = localBackend(box);
  const name = 'x'.repeat(252);
  await backend.put(name, bodyOf('content'), call);
  expect(await names(backend)).toEqual([name]);
  expect(statSync(`${box}/${name}`).size).toBe(7);
});
