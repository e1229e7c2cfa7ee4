// npm run bench: this program against the installed reference, restic and borg. Wants an otherwise idle machine.
import fs from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { commitOf, describeMachine, versions, watchLoad } from './lib/machine.mjs';
import { isInstalled } from './lib/measure.mjs';
import { writePage } from './lib/page.mjs';
import { referencePairs, referenceTable, peerPairs, peerTable } from './lib/report.mjs';
import { readResults, writeResults } from './lib/results.mjs';
import { ACTIONS, measureSpeed } from './lib/speed.mjs';
import { MODES, openKeyRing } from './lib/tools.mjs';
import { remove } from './lib/tree.mjs';

const HELP = `Usage: npm run bench -- [options]

  --quick          small sources
  --files N        number of small files (default 50,000; with --quick 1,500)
  -n, --rounds N   rounds (default 5)
  --corpus LIST    of ${Object.keys(ACTIONS).join(',')}
  --modes LIST     of ${MODES.join(',')}
  --ops LIST       of ${[...new Set(Object.values(ACTIONS).flat())].join(',')}
  --out DIR        where restores go (default: /dev/shm, where there is one)
  --keep           puts the figures in the place of the last ones and makes the page anew, as a run of everything does
  --page           makes docs/performance.md and its plots from bench/results, and measures nothing

Everything else is written to a temporary directory (TMPDIR) and removed at the end: about 12 GB.`;

const SIZES = { bigBytes: 168_000_000, smallFiles: 50_000, sets: 100 };
const QUICK = { bigBytes: 16_000_000, smallFiles: 1500, sets: 5 };

const root = dirname(import.meta.dirname);
const text = { type: 'string' };
const { values: options } = parseArgs({
  options: {
    files: text,
    quick: { type: 'boolean', default: false },
    rounds: { ...text, short: 'n' },
    corpus: text,
    modes: text,
    ops: text,
    out: text,
    keep: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});

const missing = ['duplicity', 'gpg', 'bash', '/usr/bin/time'].filter((program) => !isInstalled(program));
if (options.help) console.log(HELP);
else if (options.page) writePage(root);
else if (missing.length > 0) {
  console.error(`not installed: ${missing.join(', ')}`);
  process.exitCode = 1;
} else main();

function main() {
  const work = fs.mkdtempSync(`${os.tmpdir()}/duplicity-bench-`);
  const outParent = options.out ?? (fs.existsSync('/dev/shm') ? '/dev/shm' : work);
  const outBase = fs.mkdtempSync(`${outParent}/duplicity-bench-`);
  const keyRing = openKeyRing(`${work}/gnupg`);
  process.on('exit', () => {
    keyRing.close();
    remove(work);
    remove(outBase);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

  const load = watchLoad();
  const sizes = { ...(options.quick ? QUICK : SIZES) };
  if (options.files !== undefined) sizes.smallFiles = Number(options.files);
  const plan = {
    work,
    out: `${outBase}/restored`,
    keyRing,
    launcher: `${root}/duplicity`,
    corpora: choose(options.corpus, Object.keys(ACTIONS)),
    modes: choose(options.modes, MODES),
    actions: choose(options.ops, [...new Set(Object.values(ACTIONS).flat())]),
    rounds: Number(options.rounds ?? 5),
    sizes,
    say(/** @type {string} */ line) {
      load.look();
      console.error(line);
    },
  };
  const machine = describeMachine({ work, out: outBase });
  // The launcher builds when it must; not in a run that is measured.
  const found = versions(plan.launcher, root);
  const commit = commitOf(root);
  const series = measureSpeed(plan).map((one) => ({ ...one, commit, cpu: machine.CPU, runs: one.runs.map(figures) }));
  const quoted = process.argv.slice(2).map((argument) => (argument.includes(' ') ? `'${argument}'` : argument));
  // Directories of this machine are of no use to a reader.
  const shown = quoted.join(' ').replaceAll(/ ?--out[ =]('[^']*'|\S+)/g, '');
  const results = {
    command: shown === '' ? 'npm run bench' : `npm run bench -- ${shown.trim()}`,
    date: new Date().toISOString().slice(0, 10),
    rounds: plan.rounds,
    sizes: plan.sizes,
    machine: { ...machine, Load: load.describe() },
    versions: found,
    series,
  };
  printTables(series);
  const isWhole =
    !options.quick && [options.corpus, options.modes, options.ops, options.files].every((value) => value === undefined);
  if (isWhole || options.keep) {
    writeResults('speed', isWhole ? results : mixed(results, readResults('speed')));
    writePage(root);
  }
  if (series.some(({ runs }) => runs.some(({ problem }) => problem !== undefined))) process.exitCode = 1;
}

/** What is kept of a run. */
function figures({ cpuS, wallS, peakMiB, storedBytes, problem }) {
  return { cpuS, wallS, peakMiB, storedBytes, problem };
}

/** The new figures, and of the last ones those that were not measured again. */
function mixed(results, last) {
  const keyOf = ({ corpus, action, tool, mode }) => `${corpus} ${action} ${tool} ${mode}`;
  const merged = new Map((last?.series ?? []).map((one) => [keyOf(one), one]));
  for (const one of results.series) merged.set(keyOf(one), one);
  return { ...results, series: [...merged.values()] };
}

function printTables(series) {
  const [pairs, others] = [referencePairs(series), peerPairs(series)];
  for (const corpus of Object.keys(ACTIONS)) {
    const of = (list) => list.filter(({ ours }) => ours.corpus === corpus);
    if (of(pairs).length > 0) console.log(`\n${corpus}\n\n${referenceTable(of(pairs))}`);
    if (of(others).length > 0) console.log(`\n${peerTable(of(others))}`);
  }
}

function choose(list, known) {
  const chosen = list?.split(',') ?? known;
  const unknown = chosen.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; known are ${known.join(', ')}`);
    process.exit(2);
  }
  return chosen;
}
