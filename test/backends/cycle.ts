import { copyFileSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import { isLong } from '../support/forms.ts';
import type { Listed } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import type { RunOptions } from '../support/processes.ts';
import { other, perform, PROGRAMS, type Program } from '../support/programs.ts';
import {
  backUp,
  good,
  names,
  noise,
  put,
  restoredTree,
  scene,
  treeOf,
  type Outcome,
  type Scene,
} from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

const FIRST_SET = '20231114T221320Z';
const LAST_SET = '20231116T221320Z';
const ORPHAN = '20231115T000000Z';

/** A source on its way to `url`. */
export function sceneAt(url: string): Scene {
  return { ...scene(), url };
}

/**
 * The whole life of a backup, through the program: a full of two volumes, an increment, restores of both elsewhere, verify,
 * list, status, clean-up, a second full, and removal of the first chain. The place is empty before. Where its files lie on
 * this disk, in `directory`, a volume is put there that belongs to no set. Gives the sets that are left.
 */
export async function fullCycle(
  place: Scene,
  args: readonly string[] = [],
  { directory, ...options }: RunOptions & { readonly directory?: string } = {},
): Promise<readonly string[]> {
  const { source, url } = place;
  const run = (...words: readonly string[]): Promise<Outcome> => good([...args, ...words], options);
  // Another machine: nothing in its archive dir.
  const elsewhere = { ...options, home: tempDir() };
  const status = async (): Promise<readonly string[]> => {
    const { stdout } = await good([...args, 'collection-status', url], elsewhere);
    return parseStatus(stdout).map(({ type, volumes }) => `${type} ${volumes}`);
  };

  put(source, { 'a file': 'one', 'sub dir/large': noise(1_500_000), gone: 'soon' });
  const first = treeOf(source);
  await backUp(place, 0, ['--volsize', '1', ...args], options);
  put(source, { 'a file': 'two, longer', new: noise(10_000, 7) }, timeOfSet(0));
  rmSync(`${source}/gone`);
  put(source, {}, timeOfSet(0));
  const second = treeOf(source);
  await backUp(place, 1, args, options);

  expect(await restoredTree(place, 0, args, elsewhere)).toEqual(first);
  // Read and compared by verify as well.
  if (isLong) expect(await restoredTree(place, 1, args, elsewhere)).toEqual(second);
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

  await backUp(place, 2, ['--full-if-older-than', '1D', ...args], options);
  expect((await status()).toSorted()).toEqual(['Full 1', 'Full 2', 'Incremental 1']);
  await run('remove-all-but-n-full', '1', '--force', url);
  expect(await restoredTree(place, 2, args, options)).toEqual(second);
  if (directory !== undefined) {
    expect(names(directory).filter((name) => !name.includes(LAST_SET))).toEqual([]);
    expect(names(directory)).not.toEqual([]);
  }
  return status();
}

/**
 * A full of one program, an increment of the other; both read both. Then there is a second full of the first, and the
 * other removes the first chain. Gives what is left. The homes of the programs lie in `dir`.
 */
export async function exchange(
  first: Program,
  urls: Readonly<Record<Program, string>>,
  args: Readonly<Record<Program, readonly string[]>>,
  { dir = tempDir(), ...options }: RunOptions & { readonly dir?: string } = {},
): Promise<readonly string[]> {
  const { source } = scene(dir);
  const run = (program: Program, action: string, ...words: readonly string[]): Promise<unknown> =>
    perform(program, [action, '--no-encryption', '--num-retries', '1', ...args[program], ...words], {
      ...options,
      home: homeOf(dir, program),
    });
  const states: Listed[][] = [];
  async function backUp(k: number, program: Program, action: 'full' | 'incremental'): Promise<void> {
    put(source, { 'sub/file': `state ${k}\n`, [`large ${k}`]: noise(1_200_000, k + 1) }, timeOfSet(k - 1));
    states.push(treeOf(source));
    await run(program, action, '--volsize', '1', '--current-time', String(timeOfSet(k)), source, urls[program]);
  }
  async function readAll(program: Program): Promise<void> {
    for (const [k, state] of states.entries()) {
      const target = `${dir}/${k} by ${program}`;
      await run(program, 'restore', '--time', String(timeOfSet(k)), urls[program], target);
      expect(treeOf(target)).toEqual(state);
    }
  }

  await backUp(0, first, 'full');
  await backUp(1, other(first), 'incremental');
  await Promise.all(PROGRAMS.map(readAll));
  await backUp(2, first, 'full');
  await run(other(first), 'remove-all-but-n-full', '1', '--force', urls[other(first)]);
  const status = await good(['collection-status', ...args.ours, urls.ours], { ...options, home: tempDir() });
  return parseStatus(status.stdout).map(({ type }) => type);
}

/** Without blanks: the reference passes local paths to rsync through a shell, unquoted. */
export function homeOf(dir: string, program: Program): string {
  return `${dir}/home-of-${program.replace(' ', '-')}`;
}
