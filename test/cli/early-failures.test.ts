import { existsSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { backUp, duplicity, duplicityAfter, PLAIN, type Scene, scene } from '../support/scene.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
});

test('output that cannot be written ends the run with one sentence', async ({ skip }) => {
  if (!existsSync('/dev/full')) skip();
  await backUp(s, 0);
  const { status, stderr } = await duplicityAfter('exec > /dev/full', ['list-current-files', s.url]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^Cannot write output to descriptor 1: ENOSPC.*\n$/);
});

test.each<readonly [number, readonly string[]]>([
  [2, ['--nope']],
  [2, ['full', 'x']],
  [7, ['--include-filelist', '/nowhere/list', '.', 'file://x']],
  [8, ['cleanup', '/tmp']],
  [10, ['--sign-key', 'me', '.', 'file://x']],
])('a command line that fails with %i is in the log as well: %j', async (status, args) => {
  const { records } = await duplicity([...PLAIN, ...args]);
  expect(records.map(({ level, code }) => `${level} ${code}`)).toEqual([`ERROR ${status}`]);
});
