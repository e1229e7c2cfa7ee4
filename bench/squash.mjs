// What a squash takes, and what comes out beside one increment over the same time.
//
//   node bench/squash.mjs entries DIR [--amount 1000000]  so many files, new in one increment and touched in the next
//   node bench/squash.mjs file    DIR [--amount 4096]     one file of so many MiB, edited in thousands of places each time
//
// DIR must not be there; it takes three times the amount. Needs GNU time for the memory.
import { execFileSync, spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import fs from 'node:fs';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { amount: { type: 'string' } } });
const [kind, dir = ''] = positionals;
if ((kind !== 'entries' && kind !== 'file') || dir === '') throw new Error('node bench/squash.mjs entries|file DIR');
const amount = Number(values.amount ?? (kind === 'entries' ? 1_000_000 : 4096));
const MIB = 1_048_576;
const TIMES = [1_700_000_000, 1_700_100_000, 1_700_200_000, 1_700_300_000];
const PER_DIRECTORY = 1000;
const source = `${dir}/source`;
const random = createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16));

fs.mkdirSync(source, { recursive: true });
if (kind === 'file') fillFile();
backUp(0);
fs.cpSync(`${dir}/remote`, `${dir}/direct`, { recursive: true });
for (const k of [1, 2, 3]) {
  if (kind === 'file') editFile();
  else touchEntries(TIMES[k] ?? 0);
  backUp(k);
}
const before = bytesOf('remote');
const direct = measured(['--current-time', String(TIMES[3]), source, `file://${dir}/direct`], 'direct');
const squash = ['squash', '--from', String(TIMES[0]), '--to', String(TIMES[3]), '--force'];
const run = measured([...squash, `file://${dir}/remote`], 'archive');
process.stdout.write(
  `${JSON.stringify({ kind, amount, before, after: bytesOf('remote'), direct: bytesOf('direct'), run, directRun: direct })}\n`,
);
// The newest state is still what the source is.
measured(['verify', '--compare-data', `file://${dir}/remote`, source], 'archive');

/** @param {number} k */
function backUp(k) {
  measured(['--current-time', String(TIMES[k]), source, `file://${dir}/remote`], 'archive');
}

/**
 * @param {readonly string[]} args
 * @param {string} archive
 */
function measured(args, archive) {
  const options = ['--no-encryption', '--allow-source-mismatch', '--archive-dir', `${dir}/${archive}`];
  const words = ['-f', '%e %U %M', new URL('../duplicity', import.meta.url).pathname, ...options, ...args];
  const { status, stderr } = spawnSync('time', words, { encoding: 'utf8', maxBuffer: 64 * MIB });
  const [seconds, cpu, kib] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return { seconds, cpu, mib: Math.round((kib ?? 0) / 1024) };
}

/**
 * Of all increments.
 * @param {string} place
 */
function bytesOf(place) {
  const names = fs.readdirSync(`${dir}/${place}`).filter((name) => name.includes('.to.') && name.includes('.vol'));
  return names.reduce((sum, name) => sum + fs.statSync(`${dir}/${place}/${name}`).size, 0);
}

function fillFile() {
  const fd = fs.openSync(`${source}/large`, 'w');
  for (let i = 0; i < amount; i++) fs.writeSync(fd, random.update(Buffer.alloc(MIB)));
  fs.closeSync(fd);
}

/** Thousands of places are written over, and a part in the middle is put in anew. */
function editFile() {
  const path = `${source}/large`;
  const fd = fs.openSync(path, 'r+');
  const { size } = fs.fstatSync(fd);
  for (let i = 0; i < amount * 20; i++) {
    const at = Math.floor((random.update(Buffer.alloc(4)).readUInt32LE() / 2 ** 32) * (size - 4096));
    fs.writeSync(fd, random.update(Buffer.alloc(200)), 0, 200, at);
  }
  fs.closeSync(fd);
  const middle = Math.floor(size / MIB / 2);
  const words = (/** @type {string} */ more) => execFileSync('sh', ['-c', more], { stdio: 'pipe' });
  words(
    `cd '${source}' && { head -c ${middle * MIB} large; head -c ${Math.ceil(amount / 50)}M /dev/urandom; tail -c +${middle * MIB + 1} large; } > ../new && mv ../new large`,
  );
}

/** @param {number} time */
function touchEntries(time) {
  for (let i = 0; i < amount; i++) {
    const within = `${source}/${Math.floor(i / PER_DIRECTORY)}`;
    if (i % PER_DIRECTORY === 0) fs.mkdirSync(within, { recursive: true });
    const path = `${within}/file ${i}`;
    if (!fs.existsSync(path)) fs.writeFileSync(path, '');
    fs.utimesSync(path, time - 1000, time - 1000);
  }
}
