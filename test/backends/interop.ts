import { expect } from 'vitest';
import type { Listed } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import { other, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { good, noise, put, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

export interface InteropOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For every run of this program. */
  readonly ours?: readonly string[];
  /** For every run of the reference. */
  readonly theirs?: readonly string[];
  /** The homes of the programs lie here. */
  readonly dir?: string;
}

/**
 * A full of one program, an increment of the other; both read both. Then there is a second full of the first, and the
 * other removes the first chain. Gives the sets that are left.
 */
export async function interop(
  first: Program,
  url: string,
  { env = {}, ours = [], theirs = [], dir = tempDir() }: InteropOptions = {},
): Promise<readonly string[]> {
  const { source } = scene(dir);
  const words = (program: Program): readonly string[] => {
    const common = ['--no-encryption', '--num-retries', '1'];
    return [...common, ...(program === 'ours' ? ours : theirs)];
  };
  const run = (program: Program, ...more: readonly string[]): Promise<unknown> =>
    perform(program, [...more.slice(0, 1), ...words(program), ...more.slice(1)], { home: homeOf(dir, program), env });
  const states: Listed[][] = [];
  async function backUp(k: number, program: Program, kind: 'full' | 'incremental'): Promise<void> {
    put(source, { 'sub/file': `state ${k}\n`, [`large ${k}`]: noise(1_200_000, k + 1) }, timeOfSet(k - 1));
    states.push(treeOf(source));
    await run(program, kind, '--volsize', '1', '--current-time', String(timeOfSet(k)), source, url);
  }
  async function readAll(program: Program): Promise<void> {
    for (const [k, state] of states.entries()) {
      const target = `${dir}/${k} by ${program}`;
      await run(program, 'restore', '--time', String(timeOfSet(k)), url, target);
      expect(treeOf(target)).toEqual(state);
    }
  }

  await backUp(0, first, 'full');
  await backUp(1, other(first), 'incremental');
  await Promise.all(PROGRAMS.map(readAll));
  await backUp(2, first, 'full');
  await run(other(first), 'remove-all-but-n-full', '1', '--force', url);
  const status = await good([...ours, 'collection-status', url], { env, home: tempDir() });
  return parseStatus(status.stdout).map(({ type }) => type);
}

/** Without blanks: the reference passes local paths to rsync through a shell, unquoted. */
export function homeOf(dir: string, program: Program): string {
  return `${dir}/home-of-${program.replace(' ', '-')}`;
}
