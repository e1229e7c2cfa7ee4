import { chmodSync, writeFileSync } from 'node:fs';
import { SCRIPT } from '../../src/actions/recovery/script.ts';
import { type RunResult, run } from '../support/processes.ts';

/** Runs the script as somebody does who has nothing but it. */
export async function recover(
  { dir, script = SCRIPT, shell = ['sh'], env = {} }: Recovering,
  ...words: readonly string[]
): Promise<RunResult> {
  const path = `${dir}/recover.sh`;
  writeFileSync(path, script);
  chmodSync(path, 0o644);
  const [program = 'sh', ...args] = shell;
  const bare = { PATH: process.env['PATH'] ?? '', HOME: dir, TZ: 'UTC', ...env };
  return run(program, [...args, path, ...words], { env: bare, cwd: dir });
}

export interface Recovering {
  /** For the script; also the home. */
  readonly dir: string;
  readonly script?: string;
  readonly shell?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}
