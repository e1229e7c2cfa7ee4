import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { root, scratch, tool } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

let runs = 0;

/**
 * @param {readonly string[]} filters parts of paths
 * @param {{ show?: boolean, env?: NodeJS.ProcessEnv }} [options] show: print while it runs
 * @returns {Promise<{ ok: boolean, output: string, counts: Counts }>}
 */
export async function vitest(filters, { show = false, env = {} } = {}) {
  runs += 1;
  const report = `${scratch}/vitest-${process.pid}-${runs}.json`;
  const args = ['run', ...filters, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  // One more than there are cores: tests wait for servers, children and the disk.
  const workers = `--maxWorkers=${Math.max(2, availableParallelism()) + 1}`;
  const { ok, output } = await run(tool('vitest'), [...args, workers], {
    cwd: root,
    env: { ...process.env, ...env },
    show,
  });
  const counts = readCounts(report);
  rmSync(report, { force: true });
  // A crash of vitest itself, an unhandled error, no file at all: nothing in the report tells.
  if (!ok && counts.failed === 0) counts.failed = 1;
  return { ok, output, counts };
}

/** @returns {Counts} */
function readCounts(report) {
  try {
    const { numPassedTests, numPendingTests, numTodoTests, numFailedTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const brokenFiles = testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    );
    return {
      passed: numPassedTests,
      failed: numFailedTests + brokenFiles.length,
      skipped: numPendingTests + numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
