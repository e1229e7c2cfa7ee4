// npm run bench: this program against the installed reference, restic and borg. Wants an otherwise idle machine.
import fs from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { performanceDocument } from './lib/document.mjs';
import { describeMachine, versions, watchLoad } from './lib/machine.mjs';
import { isInstalled } from './lib/measure.mjs';
import { measureGrowth, measureHugeFile } from './lib/memory.mjs';
import { replaceSection, storedSection } from './lib/section.mjs';
import { ACTIONS, measureSpeed } from './lib/speed.mjs';
import { MODES, openKeyRing } from './lib/tools.mjs';
import { remove } from './lib/tree.mjs';

const HELP = `Usage: npm run bench -- [options]

  --quick          small sources
  --files N        number of small files (default 50,000; with --quick 1,500)
  -n, --rounds N   rounds (default 5)
  --corpus LIST    of ${Object.keys(ACTIONS).join(',')},memory
  --modes LIST     of ${MODES.join(',')}
  --ops LIST       of ${[...new Set(Object.values(ACTIONS).flat())].join(',')}
  --out DIR        where restores go (default: /dev/shm, where there is one)
  --report FILE    where the page goes (default: docs/performance.md for a run of everything, else only to the screen)
  --json FILE      all figures of all runs

Everything else is written to a temporary directory (TMPDIR) and removed at the end: about 12 GB.`;

const SIZES = {
  bigBytes: 168_000_000,
  smallFiles: 50_000,
  sets: 100,
  growthFiles: [10_000, 200_000],
  hugeBytes: 2 ** 32,
};
const QUICK = { bigBytes: 16_000_000, smallFiles: 1500, sets: 5, growthFiles: [1000, 10_000], hugeBytes: 2 ** 28 };

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
    report: text,
    json: text,
    help: { type: 'boolean', short: 'h' },
  },
});

const missing = ['duplicity', 'gpg', 'bash', '/usr/bin/time'].filter((program) => !isInstalled(program));
if (options.help) console.log(HELP);
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

  const everything = [...Object.keys(ACTIONS), 'memory'];
  const corpora = choose(options.corpus, everything);
  const load = watchLoad();
  const sizes = { ...(options.quick ? QUICK : SIZES) };
  if (options.files !== undefined) sizes.smallFiles = Number(options.files);
  const plan = {
    work,
    out: `${outBase}/restored`,
    keyRing,
    launcher: `${root}/duplicity`,
    corpora: corpora.filter((name) => name !== 'memory'),
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
  const series = measureSpeed(plan);
  const withMemory = corpora.includes('memory');
  const growth = withMemory ? measureGrowth(plan) : [];
  const huge = withMemory ? measureHugeFile(plan) : [];

  const quoted = process.argv.slice(2).map((argument) => (argument.includes(' ') ? `'${argument}'` : argument));
  // Directories of this machine are of no use to a reader.
  const shown = quoted.join(' ').replaceAll(/ ?--(out|report|json)[ =]('[^']*'|\S+)/g, '');
  const page = performanceDocument({
    command: shown === '' ? 'npm run bench' : `npm run bench -- ${shown.trim()}`,
    date: new Date().toISOString().slice(0, 10),
    rounds: plan.rounds,
    sizes: plan.sizes,
    machine: { ...machine, Load: load.describe() },
    versions: found,
    series,
    growth,
    huge,
  });
  console.log(page);
  const isWhole =
    !options.quick && [options.corpus, options.modes, options.ops, options.files].every((value) => value === undefined);
  const report = options.report ?? (isWhole ? `${root}/docs/performance.md` : undefined);
  if (report !== undefined) {
    const stored = fs.existsSync(report) ? storedSection(fs.readFileSync(report, 'utf8')) : '';
    fs.writeFileSync(report, replaceSection(page, stored));
  }
  if (options.json !== undefined) fs.writeFileSync(options.json, JSON.stringify({ series, growth, huge }, null, 1));
  const problems = [...series.flatMap(({ runs }) => runs), ...[...growth, ...huge].map(({ run }) => run)].filter(
    ({ problem }) => problem !== undefined,
  );
  if (problems.length > 0) process.exitCode = 1;
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
