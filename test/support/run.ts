import { spawnSync } from 'node:child_process';
import { start, run, type Running, type RunOptions, type RunResult } from './processes.ts';
import { referencePath } from './tools.ts';
import { root } from './paths.ts';

let isBuilt = false;

/** The node that the program runs with. */
export const NODE = process.env['DUPLICITY_NODE'] ?? process.execPath;

/** `./duplicity`, as a user of the clone starts it, or `./rdiffdir`. Builds first when the sources are newer. */
function startProgram(name: 'duplicity' | 'rdiffdir', args: readonly string[], options: RunOptions): Running {
  build();
  return start(`${root}/${name}`, args, { ...options, env: { DUPLICITY_NODE: NODE, ...options.env } });
}

export function startDuplicity(args: readonly string[], options: RunOptions = {}): Running {
  return startProgram('duplicity', args, options);
}

export function runDuplicity(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startDuplicity(args, options).result;
}

export function runRdiffdir(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startProgram('rdiffdir', args, options).result;
}

/** The reference, 0.8.22. Guard the tests with `requireReference`. */
export function runReference(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run(referencePath() ?? 'duplicity', args, options);
}

/** Once per test file: a look at the times is all it costs when nothing has changed. */
function build(): void {
  if (isBuilt) return;
  const made = spawnSync(process.execPath, [`${root}/scripts/setup.mjs`], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`no bundle to test: ${made.stderr}`);
  isBuilt = true;
}
