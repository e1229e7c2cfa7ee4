import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { root, scratch, tool } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ counts: Counts, failures: string[], files: string[] }} Report failures: a test (or a file that broke) and why, for people; files: those they are in */

let runs = 0;

/**
 * @param {readonly string[]} filters parts of paths
 * @param {{ show?: boolean, env?: NodeJS.ProcessEnv, isolate?: boolean }} [options] show: print while it runs; isolate:
 *   false lets files of tests share what they import, which is cheaper where nothing of it keeps a state
 * @returns {Promise<{ ok: boolean, output: string } & Report>}
 */
export async function vitest(filters, { show = false, env = {}, isolate = true } = {}) {
  runs += 1;
  const report = `${scratch}/vitest-${process.pid}-${runs}.json`;
  const args = [
    'run',
    ...filters,
    `--reporter=${show ? 'default' : 'minimal'}`,
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(isolate ? [] : ['--no-isolate']),
  ];
  // One more than there are cores: tests wait for servers, children and the disk.
  const workers = `--maxWorkers=${Math.max(2, availableParallelism()) + 1}`;
  const { ok, output } = await run(tool('vitest'), [...args, workers], {
    cwd: root,
    env: { ...process.env, ...env },
    show,
  });
  const { counts, failures, files } = readReport(report);
  rmSync(report, { force: true });
  // A crash of vitest itself, an unhandled error, no file at all: nothing in the report tells.
  if (!ok && counts.failed === 0) {
    counts.failed = 1;
    failures.push(`vitest ${filters.join(' ')} failed without a failing test`);
  }
  return { ok, output, counts, failures, files };
}

/** @returns {Report} */
function readReport(report) {
  try {
    const { numPassedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const failures = testResults.flatMap(failuresOf);
    const counts = { passed: numPassedTests, failed: failures.length, skipped: numPendingTests + numTodoTests };
    const files = testResults.flatMap((result) =>
      failuresOf(result).length === 0 ? [] : [relative(root, result.name)],
    );
    return { counts, failures, files };
  } catch {
    return { counts: { passed: 0, failed: 0, skipped: 0 }, failures: [], files: [] };
  }
}

function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (status === 'failed' && failed.length === 0) return [`${file}\n${message}`];
  return failed.map(({ fullName, failureMessages }) => {
    const lines = failureMessages.join('\n').split('\n');
    return [`${file} > ${fullName}`, ...lines.filter((line) => !/^ +at .*node_modules/.test(line))].join('\n');
  });
}
