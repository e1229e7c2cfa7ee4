import { spawnSync } from 'node:child_process';
import { lstatSync, utimesSync } from 'node:fs';
import { type Listed, listing } from './listing.ts';
import { root } from './paths.ts';
import { noise, put } from './scene.ts';
import { timeOfSet } from './times.ts';

/**
 * Builds (step 0) or changes (from step n-1 to n, up to 4) one of the golden source trees: S small, O all odd cases,
 * M and L with larger files; see test/golden/data/README.md. Needs python3 and, on Linux, root.
 */
export function makeTree(tree: 'S' | 'O' | 'M' | 'L', dir: string, step: 0 | 1 | 2 | 3 | 4): void {
  python('maketree.py', [tree, dir, String(step)]);
}

/** Behind everything in the golden trees. */
const BORDERS = 'zz borders';
/** Between two files that are stored over several volumes in every set. */
export const BETWEEN = `${BORDERS}/m/small`;
const LARGE = 700_000;

/**
 * Adds a directory to a tree whose files cross the borders of volumes of 1 MiB in a full backup and in every increment, with
 * small ones that stay as they are between and beside them. Gives their listing.
 */
export function addBorders(dir: string, step: number): Listed[] {
  const { mtimeMs } = lstatSync(dir);
  const within = `${dir}/${BORDERS}`;
  const grown = (seed: number): Buffer =>
    Buffer.concat(Array.from({ length: step + 1 }, (_, k) => noise(k === 0 ? 2 * LARGE : LARGE, seed + 10 * k)));
  if (step === 0) put(within, { 'a small': 'a', 'm/small': 'between', 'z small': 'z' });
  put(within, { 'b big': grown(1), 'y big': grown(2), [`new ${step}`]: 'new' }, timeOfSet(step) - 60);
  utimesSync(dir, mtimeMs / 1000, mtimeMs / 1000);
  return listing(within).map((entry) => ({
    ...entry,
    path: entry.path === '.' ? BORDERS : `${BORDERS}/${entry.path}`,
  }));
}

/** The source tree of the fixtures `interrupted` and `restarted`. */
export function makeInterruptedSource(dir: string): void {
  python('make_interrupted_source.py', [dir]);
}

function python(tool: string, args: readonly string[]): void {
  const result = spawnSync('python3', [`${root}/test/golden/tools/${tool}`, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
}
