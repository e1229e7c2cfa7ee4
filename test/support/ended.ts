import type { RunResult } from './processes.ts';

/** The result of a run that must have ended with this status; else an error that shows what it wrote. */
export function endedWith(status: number, result: RunResult): RunResult {
  if (result.status === status) return result;
  const ended = `exit status ${result.status ?? result.signal} instead of ${status}`;
  throw new Error(`${ended}\n${result.stderr}${result.stdout}`);
}
