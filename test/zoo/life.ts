import { appendFileSync, rmSync } from 'node:fs';
import { expect } from 'vitest';

import { isLong } from '../support/forms.ts';
import { parseStatus } from '../support/outputs.ts';
import type { RunOptions } from '../support/processes.ts';
import { duplicity, good, noise, PLAIN, put, scene, treeOf, type Outcome } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

export interface LifeOptions extends RunOptions {
  readonly args?: readonly string[];
  /** The account may store and read, and nothing else. */
  readonly keepsAll?: true;
}

/**
 * A short life at an odd place: a full of two volumes, an increment that changes both sides of it, a second full; what
 * comes back elsewhere is what there was; the first chain goes, where things may go. Gives what the first run said.
 */
export async function life(url: string, { args = [], keepsAll, ...options }: LifeOptions = {}): Promise<Outcome> {
  const { dir, source } = scene();
  const words = ['--num-retries', '4', ...args];
  const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
  const elsewhere = { ...options, home: tempDir() };
  async function comesBack(k: number): Promise<void> {
    const target = `${dir}/back`;
    await good(['restore', ...words, '--time', String(timeOfSet(k)), url, target], elsewhere);
    expect(treeOf(target)).toEqual(trees[k]);
    rmSync(target, { recursive: true });
  }

  put(source, { small: 'one', 'sub/large': noise(1_200_000) });
  const trees = [treeOf(source)];
  const first = await good(['full', '-v5', '--volsize', '1', ...words, ...at(0), source, url], options);
  appendFileSync(`${source}/sub/large`, noise(200_000, 3));
  put(source, { small: 'two, longer', new: 'x' }, timeOfSet(0));
  put(source, { 'sub/other': noise(1000, 4) }, timeOfSet(0));
  trees.push(treeOf(source));
  await good(['incremental', '--volsize', '1', ...words, ...at(1), source, url], options);
  // The second takes all files of both.
  if (isLong) await comesBack(0);
  await comesBack(1);
  await good(['full', '--volsize', '1', ...words, ...at(2), source, url], options);
  const removal = await duplicity([...PLAIN, 'remove-all-but-n-full', '1', '--force', ...words, url], options);
  expect([removal.status, removal.stderr]).toEqual(
    keepsAll === true ? [51, expect.stringContaining('may not delete there') as string] : [0, ''],
  );
  const cleanup = await duplicity([...PLAIN, 'cleanup', ...words, url], options);
  expect(cleanup.status).toBe(0);
  const { stdout } = await good(['collection-status', ...words, url], elsewhere);
  if (keepsAll !== true) expect(parseStatus(stdout).map(({ type }) => type)).toEqual(['Full']);
  return first;
}

/** What a first backup says where nothing can be kept. */
export function firstBackup(url: string, { args = [], ...options }: LifeOptions = {}): Promise<Outcome> {
  const { source } = scene();
  put(source, { small: 'one', large: noise(100_000) });
  return duplicity([...PLAIN, 'full', '--num-retries', '2', ...args, source, url], options);
}
