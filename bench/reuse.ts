// A second full backup that takes over volumes of the first, beside restic and borg for the same change: npx tsx
// bench/reuse.ts. Everything has to be built before: node scripts/build.mjs.
import { createCipheriv, createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { isInstalled, measure } from './lib/measure.mjs';
import { SCHEMES, type Store } from './lib/stores.ts';
import { remove } from './lib/tree.mjs';

const HELP = `Usage: npx tsx bench/reuse.ts [options]

  --files N        (default 10000) in directories of 50
  --size MIB       in all (default 2048)
  --volsize MIB    (default 25)
  --schemes LIST   (default file,sftp,boto3+s3,webdav) of ${SCHEMES.map(({ name }) => name).join(',')}
  --spread         the changed files lie anywhere, not in 5 % of the directories
  --alone          without restic and borg
  --verify         the second backup is compared with the source
  --work DIR       for sources and stores, five times the size (default: TMPDIR)`;

const root = dirname(import.meta.dirname);
const MIB = 1_048_576;
const FILES_IN_DIRECTORY = 50;
const BORN = 1_600_000_000;
const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const { values: options } = parseArgs({
  options: {
    files: { ...text, default: '10000' },
    size: { ...text, default: '2048' },
    volsize: { ...text, default: '25' },
    schemes: { ...text, default: 'file,sftp,boto3+s3,webdav' },
    spread: flag,
    alone: flag,
    verify: flag,
    work: text,
    help: { type: 'boolean', short: 'h' },
  },
});
const count = Number(options.files);
const fileBytes = Math.floor((Number(options.size) * MIB) / count);
if (options.help === true) console.log(HELP);
else await main();

interface Row {
  readonly tool: string;
  readonly first: { readonly wallS: number; readonly sent: number };
  readonly second: { readonly wallS: number; readonly sent: number; readonly read?: number };
}

async function main(): Promise<void> {
  const work = mkdtempSync(`${options.work ?? tmpdir()}/duplicity-bench-`);
  chmodSync(work, 0o755);
  process.on('exit', () => remove(work));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  process.env['TMPDIR'] = work;
  const source = `${work}/source`;
  for (let i = 0; i < count; i++) writeBytes(pathOf(source, i), i, BORN + i);
  let edition = 0;
  const change = (): void => {
    edition++;
    for (const i of changed()) writeBytes(pathOf(source, i), edition * count + i, BORN + edition * 100_000 + i);
  };
  for (const name of options.schemes.split(',')) {
    const scheme = SCHEMES.find((one) => one.name === name);
    if (scheme === undefined) throw new Error(`no scheme ${name}`);
    const dir = `${work}/${name.replace(/\W/g, '-')}`;
    mkdirSync(`${dir}/home`, { recursive: true });
    chmodSync(dir, 0o755);
    const store = await scheme.start(dir, `${dir}/home`, ['a']);
    try {
      print(await ours(name, { work, dir, source, store, change }));
    } finally {
      await store.stop();
      remove(dir);
    }
  }
  if (options.alone) return;
  for (const tool of ['restic', 'borg'] as const) {
    if (isInstalled(tool)) print(other(tool, { work, source, change }));
  }
}

interface Place {
  readonly work: string;
  readonly source: string;
  readonly change: () => void;
}

/** This runs beside its server: nothing here may wait for it. */
async function ours(
  name: string,
  { work, dir, source, store, change }: Place & { readonly dir: string; readonly store: Store },
): Promise<Row> {
  const { spawn } = await import('node:child_process');
  const run = async (k: number, words: readonly string[]): Promise<{ wallS: number; result: Result }> => {
    const argv = [
      '--no-encryption',
      '--json',
      '--reuse-volumes',
      'auto',
      '--volsize',
      options.volsize,
      '--num-retries',
      '1',
    ];
    argv.push('--archive-dir', `${dir}/archive`, '--current-time', String(BORN + 50_000_000 + k * 86_400));
    const began = process.hrtime.bigint();
    const child = spawn(
      `${root}/duplicity`,
      [...words.slice(0, 1), ...argv, ...(store.args ?? []), ...words.slice(1)],
      {
        env: { ...process.env, HOME: `${dir}/home`, ...store.env },
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: work,
      },
    );
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (output += more));
    const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
    const wallS = Number(process.hrtime.bigint() - began) / 1e9;
    const last = output.trimEnd().split('\n').at(-1) ?? '';
    if (status !== 0) throw new Error(`exit ${status}: ${last}`);
    return { wallS, result: (JSON.parse(last) as { result: Result }).result };
  };
  const url = store.url('a');
  const first = await run(0, ['full', source, url]);
  change();
  const second = await run(1, ['full', source, url]);
  if (options.verify) await run(2, ['verify', '--compare-data', url, source]);
  const { statistics } = first.result;
  const { reuse } = second.result;
  if (reuse === undefined) throw new Error('nothing was reused');
  console.log(`# ${name}: ${JSON.stringify(reuse.plan)}, ${second.result.volumes} volumes`);
  return {
    tool: `full, ${name}`,
    first: { wallS: first.wallS, sent: statistics.totalDestinationSizeChange },
    second: { wallS: second.wallS, sent: reuse.bytesSent, read: reuse.bytesRead },
  };
}

interface Result {
  readonly volumes: number;
  readonly statistics: { readonly totalDestinationSizeChange: number };
  readonly reuse?: { readonly bytesSent: number; readonly bytesRead: number; readonly plan: object };
}

function other(tool: 'restic' | 'borg', { work, source, change }: Place): Row {
  const repo = `${work}/${tool}`;
  const env = { RESTIC_PASSWORD: 'x', BORG_PASSPHRASE: 'x', HOME: work, XDG_CACHE_HOME: `${work}/cache` };
  const run = (argv: readonly string[]): number => {
    const { status, wallS, errors } = measure(argv, { cwd: work, env, scratch: `${work}/last` });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${errors}`);
    return wallS;
  };
  const words = {
    restic: {
      init: ['restic', '-q', '-r', repo, 'init'],
      backup: () => ['restic', '-q', '-r', repo, 'backup', source],
    },
    borg: {
      init: ['borg', 'init', '-e', 'repokey', repo],
      backup: () => ['borg', 'create', `${repo}::{now:%s.%f}`, source],
    },
  }[tool];
  run(words.init);
  const empty = bytesIn(repo);
  const first = run(words.backup());
  const one = bytesIn(repo);
  change();
  const second = run(words.backup());
  const two = bytesIn(repo);
  remove(repo);
  return { tool, first: { wallS: first, sent: one - empty }, second: { wallS: second, sent: two - one } };
}

function print({ tool, first, second }: Row): void {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  const read = second.read === undefined ? '' : `${mib(second.read)} MiB (${percent(second.read, count * fileBytes)})`;
  const sent = `${mib(second.sent)} MiB (${percent(second.sent, first.sent)})`;
  const wall = `${second.wallS.toFixed(2)} s (${(second.wallS / first.wallS).toFixed(2)})`;
  console.log(`| ${tool} | ${mib(first.sent)} MiB | ${first.wallS.toFixed(2)} s | ${sent} | ${read} | ${wall} |`);
}

/** Twenty second-level directories in each of the first level. */
function pathOf(source: string, i: number): string {
  const directory = Math.floor(i / FILES_IN_DIRECTORY);
  const [top, below] = [Math.floor(directory / 20), directory % 20];
  return `${source}/d${String(top).padStart(3, '0')}/e${String(below).padStart(2, '0')}/f${i % FILES_IN_DIRECTORY}`;
}

/** One file in a hundred, in one directory of twenty unless they are spread. */
function changed(): readonly number[] {
  const wanted = Math.floor(count / 100);
  if (options.spread) return Array.from({ length: wanted }, (_none, i) => (i * 9973 + 17) % count);
  const directories = Math.floor(count / FILES_IN_DIRECTORY);
  const few = Math.max(1, Math.floor(directories / 20));
  const each = Math.ceil(wanted / few);
  return Array.from({ length: few * each }, (_none, i) => {
    const directory = (Math.floor(i / each) * 61 + 7) % directories;
    return directory * FILES_IN_DIRECTORY + (((i % each) * 5 + 3) % FILES_IN_DIRECTORY);
  });
}

/** Bytes that cannot be compressed, the same for the same seed. */
function writeBytes(path: string, seed: number, mtime: number): void {
  if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  const key = createHash('sha256').update(String(seed)).digest();
  writeFileSync(path, createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(fileBytes)));
  utimesSync(path, mtime, mtime);
  utimesSync(dirname(path), BORN, BORN);
}

function bytesIn(dir: string): number {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const stats = statSync(`${dir}/${name}`);
    return sum + (stats.isFile() ? stats.size : 0);
  }, 0);
}
