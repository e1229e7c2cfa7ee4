import { readFileSync } from 'node:fs';
import { endedWith } from './ended.ts';
import { testHome } from './home.ts';
import type { RunOptions } from './processes.ts';
import { root } from './paths.ts';
import { runDuplicity } from './run.ts';

/** What a run of the program did. Paths are absolute, one for each call. */
export interface Observed {
  readonly opened: readonly string[];
  readonly lookedUp: readonly string[];
  /** Of node itself, loaded by the program. */
  readonly modules: readonly string[];
  /** Texts that were compiled while the program ran, by their names. */
  readonly scripts: readonly string[];
  /** Resident memory of the program itself, without gpg. */
  readonly peakMiB: number;
}

/** Runs the program, which must succeed, and tells what it did. */
export function observe(args: readonly string[], options: RunOptions = {}): Promise<Observed> {
  return preloaded(args, options, { OBSERVE_FILES: '1' });
}

/** Peak memory in MiB of a run that must succeed: without the paths, which would be most of it. */
export async function peakMemory(args: readonly string[], options: RunOptions = {}): Promise<number> {
  return (await preloaded(args, options, {})).peakMiB;
}

async function preloaded(
  args: readonly string[],
  options: RunOptions,
  wish: Readonly<Record<string, string>>,
): Promise<Observed> {
  const report = `${options.home ?? testHome()}/observed`;
  const hook = `--require ${root}/test/support/observe.cjs`;
  const env = { ...options.env, ...wish, NODE_OPTIONS: hook, OBSERVE_TO: report };
  endedWith(0, await runDuplicity(args, { ...options, env }));
  return JSON.parse(readFileSync(report, 'utf8')) as Observed;
}
