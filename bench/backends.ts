// Throughput of the storage drivers beside the reference's, on servers of this machine: npx tsx bench/backends.ts
import { spawn, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, versions, watchLoad } from './lib/machine.mjs';
import { isInstalled } from './lib/measure.mjs';
import { replaceSection, STORAGE } from './lib/section.mjs';
import { SCHEMES, type Scheme, type Store } from './lib/stores.ts';
import { storageSection, type Run } from './lib/storage-section.ts';
import { describeTree, difference, remove } from './lib/tree.mjs';

/** What a scheme may take before another round of it is begun. */
const ENOUGH_S = 100;

const HELP = `Usage: npx tsx bench/backends.ts [options]

  --size MIB       of random data (default 1024)
  --volsize MIB    (default 25)
  -n, --rounds N   (default 3), fewer where they take long: none is begun ${ENOUGH_S} s after the first
  --schemes LIST   of ${SCHEMES.map(({ name }) => name).join(',')}
  --alone          without the reference
  --work DIR       for sources, stores and all else, four times the size (default: /dev/shm, else TMPDIR)
  --runs FILE      adds the figures to those in the file, and tells of all of them
  --report FILE    whose section of the storage is written (docs/performance.md); default: only to the screen

Everything has to be built before: node scripts/build.mjs.`;

const root = dirname(import.meta.dirname);
/** A quarter of the default size each; the reference reads a block at a time, so that the number hardly matters. */
const FILES = 8;
const LIMIT_S = 600;
const MIB = 1_048_576;
const text = { type: 'string' } as const;
const { values: options } = parseArgs({
  options: {
    size: { ...text, default: '1024' },
    volsize: { ...text, default: '25' },
    rounds: { ...text, short: 'n', default: '3' },
    schemes: text,
    alone: { type: 'boolean', default: false },
    work: text,
    runs: text,
    report: text,
    help: { type: 'boolean', short: 'h' },
  },
});
if (options.help === true) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const parent = options.work ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  const work = mkdtempSync(`${parent}/duplicity-bench-`);
  // Apache gives up root and has to get to its files.
  chmodSync(work, 0o755);
  process.on('exit', () => remove(work));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  process.env['TMPDIR'] = work;
  const load = watchLoad();
  const source = `${work}/source`;
  makeSource(source);
  const tree = describeTree(source);
  const runs = storedRuns();
  for (const scheme of chosen()) {
    const started = Date.now();
    for (let round = 0; round < Number(options.rounds); round++) {
      if (Date.now() - started > ENOUGH_S * 1000) break;
      const programs = options.alone || scheme.isAlone === true ? ['ours'] : ['ours', 'reference'];
      await measureRound(scheme, round % 2 === 0 ? programs : programs.toReversed(), { work, source, tree, runs });
      load.look();
    }
  }
  const shown = process.argv
    .slice(2)
    .join(' ')
    .replaceAll(/ ?--(work|report|runs)[ =]\S+/g, '')
    .trim();
  const { Disk, ...machine } = describeMachine({ work, out: work });
  const order = SCHEMES.map(({ name }) => name);
  runs.sort((a, b) => order.indexOf(a.scheme) - order.indexOf(b.scheme));
  const section = storageSection(runs, {
    command: `npx tsx bench/backends.ts ${shown}`.trim(),
    date: new Date().toISOString().slice(0, 10),
    sizeMiB: Number(options.size),
    volumeMiB: Number(options.volsize),
    machine: { ...machine, Disk: Disk ?? '', Load: load.describe() },
    versions: programVersions(),
  });
  console.log(section);
  if (options.runs !== undefined) writeFileSync(options.runs, JSON.stringify(runs, null, 1));
  if (options.report !== undefined) {
    writeFileSync(options.report, replaceSection(readFileSync(options.report, 'utf8'), STORAGE, section));
  }
  if (runs.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
}

function programVersions(): Readonly<Record<string, string>> {
  const { gpg: _, restic: __, borg: ___, ...found } = versions(`${root}/dist/duplicity.cjs`, root);
  const others = [
    ['ssh', '-V'],
    ['rsync', '--version'],
    ['lftp', '--version'],
    ['rclone', '--version'],
    ['proftpd', '--version'],
    ['apache2', '-v'],
    ['dovecot', '--version'],
  ] as const;
  for (const [program, option] of others) {
    const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' });
    const line = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n')[0] ?? '';
    if (line !== '') found[program] = line.replace(/^Server version: /, '');
  }
  return found;
}

function chosen(): readonly Scheme[] {
  const wanted = options.schemes?.split(',') ?? SCHEMES.map(({ name }) => name);
  const unknown = wanted.filter((name) => !SCHEMES.some((scheme) => scheme.name === name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}`);
  return SCHEMES.filter(({ name, needs }) => {
    if (!wanted.includes(name)) return false;
    const missing = needs.filter((program) => !isInstalled(program));
    if (missing.length > 0) console.error(`${name}: not installed: ${missing.join(', ')}`);
    return missing.length === 0;
  });
}

function storedRuns(): Run[] {
  if (options.runs === undefined || !existsSync(options.runs)) return [];
  return JSON.parse(readFileSync(options.runs, 'utf8')) as Run[];
}

function makeSource(source: string): void {
  mkdirSync(source);
  const block = Buffer.allocUnsafe(MIB);
  for (let i = 0; i < FILES; i++) {
    const fd = openSync(`${source}/${i}`, 'wx');
    for (let left = Number(options.size) / FILES; left > 0; left--) writeFileSync(fd, randomFillSync(block));
    closeSync(fd);
  }
}

interface Scene {
  readonly work: string;
  readonly source: string;
  readonly tree: Map<string, string>;
  readonly runs: Run[];
}

/** A new server, on which every program backs up and restores, each time with an archive dir that is empty. */
async function measureRound(scheme: Scheme, programs: readonly string[], scene: Scene): Promise<void> {
  const { work, source, tree, runs } = scene;
  const dir = `${work}/store`;
  mkdirSync(dir);
  const home = `${work}/home`;
  mkdirSync(home);
  const store = await scheme.start(dir, home, programs);
  try {
    for (const program of programs) {
      const url = store.url(program);
      const out = `${work}/out`;
      for (const action of ['backup', 'restore'] as const) {
        const words = action === 'backup' ? ['full', '--volsize', options.volsize, source, url] : ['restore', url, out];
        const { status, said, ...used } = await runMeasured(program, words, { store, work, home });
        const wrong = action === 'restore' && status === 0 ? difference(tree, out) : undefined;
        const problem = status === 0 ? wrong : `exit ${status}: ${said}`;
        const run: Run = { scheme: scheme.name, server: scheme.server, program, action, ...used, problem };
        runs.push(run);
        const figures = `${run.wallS.toFixed(2)} s, CPU ${run.cpuS.toFixed(2)} s, ${run.peakMiB.toFixed(0)} MiB`;
        console.error(
          `${scheme.name}, ${action}, ${program}: ${figures}${problem === undefined ? '' : `; ${problem}`}`,
        );
        remove(out);
      }
    }
  } finally {
    await store.stop();
    remove(dir);
    remove(home);
  }
}

async function runMeasured(
  program: string,
  words: readonly string[],
  { store, work, home }: { readonly store: Store; readonly work: string; readonly home: string },
): Promise<Pick<Run, 'wallS' | 'cpuS' | 'peakMiB'> & { readonly status: number; readonly said: string }> {
  const state = `${work}/state`;
  const temp = `${work}/temp`;
  for (const path of [state, temp]) {
    remove(path);
    mkdirSync(path);
  }
  const start = program === 'ours' ? [process.execPath, `${root}/dist/duplicity.cjs`] : ['duplicity'];
  const common = ['--no-encryption', '--no-compression', '--archive-dir', state, '--num-retries', '1'];
  const log = openSync(`${work}/log`, 'w');
  const child = spawn(
    '/usr/bin/python3',
    [
      `${import.meta.dirname}/lib/run-measured.py`,
      `${work}/used`,
      `${LIMIT_S}`,
      ...start,
      ...words,
      ...common,
      ...(store.args ?? []),
    ],
    {
      stdio: ['ignore', log, log],
      cwd: work,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', HOME: home, TMPDIR: temp, ...store.env },
    },
  );
  closeSync(log);
  await once(child, 'exit');
  const used = JSON.parse(readFileSync(`${work}/used`, 'utf8')) as Run & { readonly status: number };
  const said = readFileSync(`${work}/log`, 'utf8').trim().split('\n').slice(-3).join(' / ');
  return { ...used, said };
}
