import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { Listed } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import { backUp, good, names, noise, put, restoredTree, sceneAt, treeOf, type Outcome } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

export interface CycleOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For every run. */
  readonly options?: readonly string[];
  /** Where the files lie on this disk, if they do: then a volume is put there that belongs to no set. */
  readonly directory?: string;
}

/** The last source, and what a restore of it gave: they must be equal. */
export interface Cycle {
  readonly source: readonly Listed[];
  readonly restored: readonly Listed[];
}

const FIRST_SET = '20231114T221320Z';
const LAST_SET = '20231116T221320Z';
const ORPHAN = '20231115T000000Z';

/**
 * The whole life of a backup at one URL, through the program: a full of two volumes, an increment, restores of both
 * elsewhere, verify, list, status, clean-up, a second full, and removal of the first chain. The place is empty before, and
 * holds one full backup of the last state after.
 */
export async function fullCycle(
  url: string,
  { env = {}, options: args = [], directory }: CycleOptions = {},
): Promise<Cycle> {
  const place = sceneAt(url);
  const { source } = place;
  const writing = ['--volsize', '1', ...args];
  const run = (...words: readonly string[]): Promise<Outcome> => good([...args, ...words], { env });
  // Another machine: nothing in its archive dir.
  const elsewhere = { env, home: tempDir() };
  const status = async (): Promise<readonly string[]> => {
    const { stdout } = await good([...args, 'collection-status', url], elsewhere);
    return parseStatus(stdout).map(({ type, volumes }) => `${type} ${volumes}`);
  };

  put(source, { 'a file': 'one', 'sub dir/large': noise(1_500_000), gone: 'soon' });
  const first = treeOf(source);
  await backUp(place, 0, writing, { env });
  put(source, { 'a file': 'two, longer', new: noise(10_000, 7) }, timeOfSet(0));
  rmSync(`${source}/gone`);
  put(source, {}, timeOfSet(0));
  const second = treeOf(source);
  await backUp(place, 1, writing, { env });

  expect(await restoredTree(place, 0, args, elsewhere)).toEqual(first);
  expect(await restoredTree(place, 1, args, elsewhere)).toEqual(second);
  expect((await run('verify', '--compare-data', url, source)).stdout).toContain(' 0 differences found.\n');
  const listed = (await run('list-current-files', url)).stdout;
  for (const path of ['a file', 'new', 'sub dir/large']) expect(listed).toContain(` ${path}\n`);
  expect(listed).not.toContain(' gone\n');

  const whole = directory === undefined ? [] : names(directory);
  const volume = whole.find((name) => name.includes(`full.${FIRST_SET}.vol1.`));
  if (volume !== undefined) copyFileSync(`${directory}/${volume}`, `${directory}/${volume.replace(FIRST_SET, ORPHAN)}`);
  else expect(directory).toBeUndefined();
  await run('cleanup', '--force', url);
  if (directory !== undefined) expect(names(directory)).toEqual(whole);

  await backUp(place, 2, ['--full-if-older-than', '1D', ...writing], { env });
  expect((await status()).toSorted()).toEqual(['Full 2', 'Full 2', 'Incremental 1']);
  await run('remove-all-but-n-full', '1', '--force', url);
  expect(await status()).toEqual(['Full 2']);
  if (directory !== undefined) {
    expect(names(directory).filter((name) => !name.includes(LAST_SET))).toEqual([]);
    expect(names(directory)).not.toEqual([]);
  }
  return { source: second, restored: await restoredTree(place, 2, args, { env }) };
}

export function filesIn(dir: string): string[] {
  return readdirSync(dir).sort();
}
