// Runs a program and measures it with all processes it waits for.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

// The shell's own `time` counts milliseconds; GNU time knows the memory, but only hundredths of seconds.
const SCRIPT = `TIMEFORMAT='%R %U %S'
{ time /usr/bin/time -f %M -o "$0.peak" "$@" >"$0.out" 2>"$0.err"; } 2>"$0.time"`;

/**
 * @typedef {object} Measured
 * @property {number} status exit code
 * @property {number} wallS
 * @property {number} cpuS user and system
 * @property {number} peakMiB resident memory of the largest single process
 * @property {string} output
 * @property {string} errors
 */

/**
 * @param {readonly string[]} argv
 * @param {{ cwd: string, env: Record<string, string>, scratch: string, readsOutput?: boolean }} context scratch: a prefix
 *   for files; without `readsOutput` what was printed stays in the file `.out`
 * @returns {Measured}
 */
export function measure(argv, { cwd, env, scratch, readsOutput = true }) {
  const { status } = spawnSync('bash', ['-c', SCRIPT, scratch, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const [wallS, userS, systemS] = lastLine(`${scratch}.time`).split(' ').map(Number);
  return {
    status: status ?? -1,
    wallS,
    cpuS: userS + systemS,
    peakMiB: Number(lastLine(`${scratch}.peak`)) / 1024,
    output: readsOutput ? fs.readFileSync(`${scratch}.out`, 'latin1') : '',
    errors: fs.readFileSync(`${scratch}.err`, 'latin1'),
  };
}

function lastLine(path) {
  return fs.readFileSync(path, 'latin1').trimEnd().split('\n').at(-1) ?? '';
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function isInstalled(program) {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
}
