import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { RunOptions } from '../support/processes.ts';
import { perform, PROGRAMS } from '../support/programs.ts';
import { good, noise, put, restoredTree, scene, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** Each action once, through the executable, on an empty place: backups, restores of both times, and removal. */
export async function fullCycle(url: string, options: RunOptions, args: readonly string[] = []): Promise<void> {
  const place = { ...scene(), url };
  const run = (words: readonly string[]) => good([...words.slice(0, 1), ...args, ...words.slice(1)], options);
  const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
  put(place.source, { 'sub/text': 'first\n', large: noise(1_500_000) });
  const first = treeOf(place.source);
  await run(['full', ...at(0), '--volsize', '1', place.source, url]);
  put(place.source, { 'sub/more': 'second\n' }, timeOfSet(0));
  const second = treeOf(place.source);
  await run(['incremental', ...at(1), place.source, url]);

  rmSync(`${options.home ?? place.dir}/.cache`, { recursive: true, force: true });
  expect(await restoredTree(place, 0, args, options)).toEqual(first);
  expect(await restoredTree(place, 1, args, options)).toEqual(second);
  await run(['verify', '--compare-data', url, place.source]);
  expect((await run(['list-current-files', url])).stdout).toContain('sub/more');
  expect((await run(['collection-status', url])).stdout).toMatch(/Number of contained backup sets: 2/);
  await run(['full', ...at(2), place.source, url]);
  await run(['cleanup', '--force', url]);
  await run(['remove-all-but-n-full', '1', '--force', url]);
  expect((await run(['collection-status', url])).stdout).toMatch(/Number of contained backup sets: 1\n/);
  expect(await restoredTree(place, 2, args, options)).toEqual(second);
}

/** A full of one program, an increment of the other, and both read both. */
export async function interop(
  url: string,
  { dir, env, args }: InteropOptions,
  first: (typeof PROGRAMS)[number],
): Promise<void> {
  const source = `${dir}/source of ${first}`;
  const writers = first === 'ours' ? PROGRAMS : PROGRAMS.toReversed();
  const states = [];
  const words = ['--no-encryption', '--num-retries', '1', ...args];
  for (const [k, program] of writers.entries()) {
    put(source, { 'sub/file': `state ${k}\n`, large: noise(300_000, k + 1) }, timeOfSet(k));
    states.push(treeOf(source));
    const when = ['--current-time', String(timeOfSet(k)), ...words];
    await perform(program, [...when, source, url], { home: homeOf(dir, program), env });
  }
  for (const program of PROGRAMS) {
    for (const [k, state] of states.entries()) {
      const target = `${dir}/${k} by ${program} of ${first}`;
      const when = ['--time', String(timeOfSet(k)), ...words];
      await perform(program, ['restore', ...when, url, target], { home: homeOf(dir, program), env });
      expect(treeOf(target)).toEqual(state);
    }
  }
}

/** Without blanks: the reference passes local paths to rsync through a shell, unquoted. */
export function homeOf(dir: string, program: string): string {
  return `${dir}/home-of-${program.replace(' ', '-')}`;
}

export interface InteropOptions {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly args: readonly string[];
}
