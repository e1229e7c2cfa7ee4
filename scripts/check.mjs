// npm run check: everything that can be said about a change without running the program; under a minute.
import { runChecks } from './lib/checks.mjs';
import { reportCheck } from './lib/report.mjs';
import { setUp } from './lib/set-up.mjs';

const problem = await setUp({ all: true, build: false });
if (problem === undefined) {
  const checked = await runChecks(reportCheck);
  process.exitCode = checked.every(({ ok }) => ok) ? 0 : 1;
} else {
  console.error(problem);
  process.exitCode = 1;
}
