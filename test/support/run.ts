import { spawnSync } from 'node:child_process';
import { start, run, type Running, type RunOptions, type RunResult } from './processes.ts';
import { referencePath } from './tools.ts';
import { root } from './paths.ts';

let isBuilt = false;

/** The built bundle as a process, under DUPLICITY_NODE where that is set. Builds first when the sources are newer. */
export function startDuplicity(args: readonly string[], options: RunOptions = {}): Running {
  build();
  return start(process.env['DUPLICITY_NODE'] ?? process.execPath, [`${root}/dist/duplicity.cjs`, ...args], options);
}

export function runDuplicity(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startDuplicity(args, options).result;
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
