// All checks that need no built program: types, lint, format, unit tests, unused code, generated files, lock file, paths.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { lockFileProblems } from './lock-file.mjs';
import { machinePaths } from './machine-paths.mjs';
import { root, tool } from './paths.mjs';
import { run } from './run.mjs';
import { vitest } from './vitest.mjs';

/** @typedef {{ ok: boolean, output: string, counts?: import('./vitest.mjs').Counts, failures?: string[] }} Outcome */
/** @typedef {{ name: string, seconds: number } & Outcome} Checked */

// The longest first.
/** @type {Record<string, () => Promise<Outcome> | Outcome>} */
const CHECKS = {
  'unit tests': () => vitest(['src/'], { isolate: false }),
  lint: () => runTool('oxlint', ['--type-aware', '--deny-warnings']),
  unused: () => runTool('knip', ['--no-progress']),
  types: () => runTool('tsc', ['--noEmit']),
  format: () => runTool('oxfmt', ['--check', '.']),
  generated: () => generatedFiles(),
  'lock file': () => list(lockFileProblems()),
  paths: () => list(machinePaths()),
};

/**
 * @param {(checked: Checked) => void} onDone called for each check as it ends
 * @returns {Promise<Checked[]>}
 */
export async function runChecks(onDone) {
  const waiting = Object.entries(CHECKS);
  const done = [];
  async function worker() {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, check] = next;
      const startedAt = Date.now();
      const checked = { ...(await check()), name, seconds: (Date.now() - startedAt) / 1000 };
      done.push(checked);
      onDone(checked);
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return done;
}

function runTool(name, args) {
  return run(tool(name), args, { cwd: root });
}

/** Every generator knows `--check`: it fails when the committed file is not what it would write. */
async function generatedFiles() {
  const generators = readdirSync(`${root}/scripts`).filter((name) => /^(build-kernel|generate-.*)\.mjs$/.test(name));
  const outcomes = await Promise.all(
    generators.map((name) => run(process.execPath, [`scripts/${name}`, '--check'], { cwd: root })),
  );
  return { ok: outcomes.every(({ ok }) => ok), output: outcomes.map(({ output }) => output).join('') };
}

/** @param {readonly string[]} problems */
function list(problems) {
  return { ok: problems.length === 0, output: problems.join('\n') };
}
