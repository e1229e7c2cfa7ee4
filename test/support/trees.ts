import { spawnSync } from 'node:child_process';
import { root } from './paths.ts';

/**
 * Builds (step 0) or changes (from step n-1 to n, up to 4) one of the golden source trees: S small, O all odd cases,
 * M and L with larger files; see test/golden/data/README.md. Needs python3 and, on Linux, root.
 */
export function makeTree(tree: 'S' | 'O' | 'M' | 'L', dir: string, step: 0 | 1 | 2 | 3 | 4): void {
  python('maketree.py', [tree, dir, String(step)]);
}

/** The source tree of the fixtures `interrupted` and `restarted`. */
export function makeInterruptedSource(dir: string): void {
  python('make_interrupted_source.py', [dir]);
}

function python(tool: string, args: readonly string[]): void {
  const result = spawnSync('python3', [`${root}/test/golden/tools/${tool}`, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
}
