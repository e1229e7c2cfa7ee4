import { existsSync, renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backUp, duplicity, names, PLAIN, put, restoredTree, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

// Other storage than directories: test/backends/defects.test.ts.
const WITH_DIRECTORY = ['restore', 'verify'];

test.each([
  ['restore', 30],
  ['verify', 30],
  ['list-current-files', 30],
  ['collection-status', 0],
  ['cleanup', 0],
  ['cleanup --force', 0],
  ['remove-older-than 1D', 0],
  ['remove-all-but-n-full 1', 0],
] as const)('%s of a place that is not there says so and makes nothing', async (action, status) => {
  const s = scene();
  const more = WITH_DIRECTORY.includes(action) ? [action === 'verify' ? s.source : `${s.dir}/out`] : [];
  const result = await duplicity([...PLAIN, ...action.split(' '), `${s.url}/deep`, ...more]);
  expect([result.status, names(s.dir)]).toEqual([status, ['source']]);
  expect(result.stdout).toContain(`file://${s.remote}/deep is not there. `);
  expect(result.stderr).toContain(status === 0 ? '' : 'found');
});

test('a dry run makes nothing, and says what it would do', async () => {
  const s = scene();
  put(s.source, { a: 'a' });
  const { status, stdout } = await duplicity([...PLAIN, '--dry-run', s.source, s.url]);
  expect([status, existsSync(s.remote)]).toEqual([0, false]);
  expect(stdout).toMatch(/^NewFiles 2$/m);
});

test('a place that is gone for a day costs nothing of what is known of it', async () => {
  const s = scene();
  const home = tempDir();
  put(s.source, { a: 'a' });
  await backUp(s, 0, [], { home });
  const known = treeOf(`${home}/.cache/duplicity`).filter(({ type }) => type === 'file');
  renameSync(s.remote, `${s.dir}/unmounted`);
  for (const words of [
    ['restore', s.url, `${s.dir}/out`],
    ['collection-status', s.url],
    ['cleanup', '--force', s.url],
  ]) {
    await duplicity([...PLAIN, ...words], { home });
  }
  expect(treeOf(`${home}/.cache/duplicity`).filter(({ type }) => type === 'file')).toEqual(known);
  renameSync(`${s.dir}/unmounted`, s.remote);
  put(s.source, { b: 'b' }, timeOfSet(0));
  expect((await backUp(s, 1, [], { home })).stdout).toContain('no sync needed.');
  expect(await restoredTree(s, 1, [], { home })).toEqual(treeOf(s.source));
});
