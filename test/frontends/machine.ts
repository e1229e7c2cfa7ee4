import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter } from 'node:path';
import { searchPath } from '../support/home.ts';
import { root } from '../support/paths.ts';
import { run, type RunOptions, type RunResult } from '../support/processes.ts';
import { runDuplicity } from '../support/run.ts';
import type { Program } from '../support/programs.ts';
import { tempDir } from '../support/temp.ts';
import { referencePath } from '../support/tools.ts';

/** A home directory with `duplicity` in the PATH, for programs that start it by its name. */
export interface Machine {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs any program there. */
  readonly run: (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;
}

/** The `duplicity` of ours is the launcher of the clone, as after `ln -s`; that of the reference the installed one. */
export async function machine(program: Program, env: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const home = tempDir();
  mkdirSync(`${home}/bin`);
  // Builds where that is needed, so that no later run has to.
  if (program === 'ours') await runDuplicity(['--version'], { home });
  symlinkSync(program === 'ours' ? `${root}/duplicity` : (referencePath() ?? ''), `${home}/bin/duplicity`);
  const all = {
    PATH: `${home}/bin${delimiter}${searchPath()}`,
    DUPLICITY_NODE: process.env['DUPLICITY_NODE'] ?? process.execPath,
    ...env,
  };
  return {
    home,
    env: all,
    run: (command, args, options = {}) => run(command, args, { home, ...options, env: { ...all, ...options.env } }),
  };
}
