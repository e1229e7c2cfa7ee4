import { readdirSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import { parseStatus } from '../support/outputs.ts';
import { duplicity, noise, PLAIN, put, scene, treeOf, type Outcome } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

export interface CycleOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly options?: readonly string[];
}

type Tree = ReturnType<typeof treeOf>;

/** The last source, and what a restore of it gave: they must be equal. */
export interface Cycle {
  readonly source: Tree;
  readonly restored: Tree;
}

/**
 * What people do with a backup, through the program over one URL: full, increment, restore of both, verify, list, status,
 * clean-up, removal of an old chain. The place is empty before, and holds one full backup of the last state after.
 */
export async function fullCycle(url: string, { env = {}, options = [] }: CycleOptions = {}): Promise<Cycle> {
  const s = scene();
  async function run(...words: readonly string[]): Promise<Outcome> {
    const result = await duplicity([...PLAIN, '--volsize', '1', ...options, ...words], { env, timeoutMs: 120_000 });
    expect([result.status, result.stderr]).toEqual([0, '']);
    return result;
  }
  const backUp = (k: number, ...words: readonly string[]): Promise<Outcome> =>
    run(...words, '--current-time', String(timeOfSet(k)), s.source, url);
  async function restored(k: number): Promise<Tree> {
    const out = `${s.dir}/out${k}`;
    await run('restore', '--time', String(timeOfSet(k)), url, out);
    const tree = treeOf(out);
    rmSync(out, { recursive: true });
    return tree;
  }

  put(s.source, { 'a dir/big': noise(1_500_000), b: 'b' });
  const first = treeOf(s.source);
  await backUp(0, 'full');
  put(s.source, { b: 'changed', c: noise(10_000) }, timeOfSet(0));
  const second = treeOf(s.source);
  await backUp(1);
  expect(await restored(0)).toEqual(first);
  expect(await restored(1)).toEqual(second);
  await run('verify', '--compare-data', url, s.source);
  expect((await run('list-current-files', url)).stdout).toContain('a dir/big');
  const rows = parseStatus((await run('collection-status', url)).stdout);
  expect(rows.map(({ type }) => type)).toEqual(['Full', 'Incremental']);
  await run('cleanup', '--force', url);
  await backUp(2, 'full');
  await run('remove-all-but-n-full', '1', '--force', url);
  const left = parseStatus((await run('collection-status', url)).stdout);
  expect(left.map(({ type }) => type)).toEqual(['Full']);
  return { source: second, restored: await restored(2) };
}

export function filesIn(dir: string): string[] {
  return readdirSync(dir).sort();
}
