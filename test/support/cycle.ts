import { copyFileSync, rmSync } from 'node:fs';
import { expect } from 'vitest';

import { backUp, good, names, noise, put, restoredTree, treeOf, type Scene } from './scene.ts';
import { timeOfSet } from './times.ts';

const FIRST_SET = '20231114T221320Z';
/** Names of the files of the second full hold this. */
export const LAST_SET = '20231116T221320Z';
const KILLED = '20231115T000000Z';

/**
 * Everything the program does with a place, through the executable: a full, an increment, a second full; what is
 * restored, verified, listed, cleaned up and removed. `directory` is where the files lie on this disk; the answer is
 * what lies there at the end, which is `LAST_SET` alone.
 */
export async function cycle(place: Scene, directory: string, args: readonly string[] = []): Promise<string[]> {
  const { source, url } = place;
  const writing = ['--volsize', '1', ...args];
  put(source, { 'a file': 'one', 'sub/big': noise(2_500_000), gone: 'soon' });
  const first = treeOf(source);
  await backUp(place, 0, writing);
  put(source, { 'a file': 'two, longer', new: noise(10_000, 7) }, timeOfSet(0));
  rmSync(`${source}/gone`);
  put(source, {}, timeOfSet(0));
  const second = treeOf(source);
  await backUp(place, 1, writing);

  expect(await restoredTree(place, 0, args)).toEqual(first);
  expect(await restoredTree(place, 1, args)).toEqual(second);
  expect((await good(['verify', '--compare-data', ...args, url, source])).stdout).toContain('0 differences found');
  expect((await good(['list-current-files', ...args, url])).stdout).toMatch(/ a file\n/);

  const whole = names(directory);
  const volume = whole.find((name) => name.includes(`full.${FIRST_SET}.vol1`)) ?? '';
  copyFileSync(`${directory}/${volume}`, `${directory}/${volume.replace(FIRST_SET, KILLED)}`);
  await good(['cleanup', '--force', ...args, url]);
  expect(names(directory)).toEqual(whole);

  await good(['full', '--current-time', String(timeOfSet(2)), ...writing, source, url]);
  const status = await good(['collection-status', ...args, url]);
  expect(status.stdout).toMatch(/Number of secondary backup chains: 1|Secondary chain 1 of 1/);
  await good(['remove-all-but-n-full', '1', '--force', ...args, url]);
  expect(await restoredTree(place, 2, args)).toEqual(second);
  return names(directory);
}
