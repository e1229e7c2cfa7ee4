import { mkdirSync } from 'node:fs';
import { expect } from 'vitest';
import { parseStatus } from '../support/outputs.ts';
import { perform, type Program } from '../support/programs.ts';
import { backUp, good, noise, put, restoredTree, scene, treeOf, type Scene } from '../support/scene.ts';
import type { RunOptions } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

/** A source on its way to `url`. */
export function sceneAt(url: string): Scene {
  return { ...scene(), url };
}

/**
 * Everything a user does with a backup, through the program: full, incremental, restore at both times, verify, list,
 * status, cleanup, and removal of the first chain once there is a second. Gives the sets that are left.
 */
export async function fullCycle(
  place: Scene,
  args: readonly string[],
  options: RunOptions,
): Promise<readonly string[]> {
  const { source, url } = place;
  // Three volumes: 1 MB each.
  put(source, { 'large file': noise(2_500_000), 'dir/small': 'one', gone: 'soon' });
  const before = treeOf(source);
  await backUp(place, 0, ['--volsize', '1', ...args], options);
  put(source, { 'dir/small': 'two', 'dir/new': 'x' }, timeOfSet(0) + 60);
  const after = treeOf(source);
  await backUp(place, 1, args, options);

  expect(await restoredTree(place, 0, args, options)).toEqual(before);
  expect(await restoredTree(place, 1, args, options)).toEqual(after);
  const verified = await good(['verify', '--compare-data', ...args, url, source], options);
  expect(verified.stdout).toContain(' 0 differences found.\n');
  const listed = await good(['list-current-files', ...args, url], options);
  expect(listed.stdout).toContain(' dir/new\n');

  // Another machine: nothing in its archive dir.
  const elsewhere = { ...options, home: tempDir() };
  const status = async (): Promise<readonly string[]> =>
    parseStatus((await good(['collection-status', ...args, url], elsewhere)).stdout).map(
      ({ type, volumes }) => `${type} ${volumes}`,
    );
  expect(await status()).toEqual(['Full 3', 'Incremental 1']);
  await backUp(place, 2, ['--full-if-older-than', '1D', ...args], options);
  await good(['cleanup', '--force', ...args, url], options);
  await good(['remove-all-but-n-full', '1', '--force', ...args, url], options);
  expect(await restoredTree(place, 2, args, options)).toEqual(after);
  return status();
}

/** One program writes a full backup and an increment, the other restores both and, once there is a second full one, deletes them. Gives what is left. */
export async function exchange(
  writer: Program,
  urls: Readonly<Record<Program, string>>,
  args: Readonly<Record<Program, readonly string[]>>,
  options: RunOptions,
): Promise<readonly string[]> {
  const reader: Program = writer === 'ours' ? 'the reference' : 'ours';
  const { dir, source } = scene();
  const runs = (program: Program): RunOptions => ({ ...options, home: `${dir}/home ${program}` });
  mkdirSync(runs(writer).home ?? '');
  mkdirSync(runs(reader).home ?? '');
  const trees = [];
  for (const k of [0, 1, 2]) {
    put(source, { [`file ${k}`]: noise(1_200_000, k) }, timeOfSet(k) - 60);
    trees.push(treeOf(source));
    const words = [
      k === 1 ? 'incremental' : 'full',
      '--volsize',
      '1',
      '--current-time',
      String(timeOfSet(k)),
      '--no-encryption',
      ...args[writer],
    ];
    await perform(writer, [...words, source, urls[writer]], runs(writer));
  }
  for (const k of [0, 1]) {
    const words = ['restore', '--time', String(timeOfSet(k)), '--no-encryption', ...args[reader]];
    await perform(reader, [...words, urls[reader], `${dir}/restored ${k}`], runs(reader));
    expect(treeOf(`${dir}/restored ${k}`)).toEqual(trees[k]);
  }
  const removal = ['remove-all-but-n-full', '1', '--force', '--no-encryption', ...args[reader]];
  await perform(reader, [...removal, urls[reader]], runs(reader));
  const status = await good(['collection-status', ...args.ours, urls.ours], { ...options, home: tempDir() });
  return parseStatus(status.stdout).map(({ type }) => type);
}
