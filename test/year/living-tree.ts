import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { listing } from '../support/listing.ts';
import { noise } from '../support/scene.ts';

type Random = () => number;

/** The directories of somebody who writes, keeps pictures, and has a database that is always in use. */
const FOLDERS = ['letters', 'letters/2023', 'pictures', 'desk/a', 'desk/b/deep', 'desk/ünïcode'] as const;

/** Larger than a volume of 1 MiB: it crosses borders in every full backup, and often in increments. */
const DATABASE = 'database.db';
const DATABASE_SIZE = 1_500_000;

/** What the source is on the first night. */
export function plant(dir: string, random: Random, time: number): void {
  for (const folder of FOLDERS) mkdirSync(`${dir}/${folder}`, { recursive: true });
  writeFileSync(`${dir}/${DATABASE}`, noise(DATABASE_SIZE, 7));
  for (let n = 0; n < 40; n++) write(dir, random, time);
  settle(dir, time);
}

/** What happens on a day: on many nothing, on most a little, on some a lot. */
export function liveADay(dir: string, random: Random, time: number): void {
  const deeds = [0, 1, 2, 3, 5, 12][Math.floor(random() * 6)] ?? 0;
  for (let n = 0; n < deeds; n++) pick(random, DEEDS)(dir, random, time);
  settle(dir, time);
}

const DEEDS: readonly ((dir: string, random: Random, time: number) => void)[] = [
  write,
  write,
  write,
  (dir, random, time) => {
    const file = someFile(dir, random);
    if (file === undefined) return;
    appendFileSync(file, noise(1 + Math.floor(random() * 40_000), Math.floor(random() * 1e9)));
    utimesSync(file, time, time);
  },
  (dir, random, time) => {
    const file = `${dir}/${DATABASE}`;
    const bytes = readFileSync(file);
    for (let page = 0; page < 8; page++) {
      noise(4096, Math.floor(random() * 1e9)).copy(bytes, Math.floor(random() * (bytes.length / 4096)) * 4096);
    }
    const grown = random() < 0.2 ? Buffer.concat([bytes, noise(200_000, Math.floor(random() * 1e9))]) : bytes;
    writeFileSync(file, random() < 0.05 ? grown.subarray(0, DATABASE_SIZE / 2) : grown);
    utimesSync(file, time, time);
  },
  (dir, random) => rmSync(someFile(dir, random) ?? `${dir}/none`, { force: true }),
  (dir, random) => {
    const [from, to] = [someFile(dir, random), newPath(dir, random)];
    if (from !== undefined && !existsSync(to)) renameSync(from, to);
  },
  (dir, random) => {
    const file = someFile(dir, random);
    if (file !== undefined) chmodSync(file, lstatSync(file).mode ^ 0o044);
  },
  (dir, random, time) => {
    // A file becomes a directory, and the other way round.
    const path = `${dir}/desk/changeling`;
    const wasFolder = existsSync(path) && lstatSync(path).isDirectory();
    rmSync(path, { recursive: true, force: true });
    if (wasFolder) writeFileSync(path, 'a file');
    else mkdirSync(`${path}/below`, { recursive: true });
    if (!wasFolder) writeFileSync(`${path}/below/it`, String(random()));
    utimesSync(path, time, time);
  },
  (dir, random) => {
    const path = `${dir}/letters/latest`;
    rmSync(path, { force: true });
    symlinkSync(`2023/${Math.floor(random() * 100)}`, path);
  },
  (dir, random) => {
    const folder = `${dir}/project ${Math.floor(random() * 4)}`;
    if (existsSync(folder)) rmSync(folder, { recursive: true });
    else for (const name of ['readme', 'src/main', 'src/lib/x']) fill(`${folder}/${name}`, random);
  },
];

function write(dir: string, random: Random, time: number): void {
  const path = newPath(dir, random);
  fill(path, random);
  utimesSync(path, time, time);
}

function fill(path: string, random: Random): void {
  const seed = Math.floor(random() * 1e9);
  const size = Math.floor(random() ** 4 * 120_000);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, seed % 2 === 0 ? noise(size, seed) : `letter ${seed}\n`.repeat(size / 12));
}

function newPath(dir: string, random: Random): string {
  return `${dir}/${pick(random, FOLDERS)}/${Math.floor(random() * 60)}`;
}

function someFile(dir: string, random: Random): string | undefined {
  const files = listing(dir).filter(({ type, path }) => type === 'file' && path !== DATABASE);
  return files.length === 0 ? undefined : `${dir}/${pick(random, files).path}`;
}

/** Times that the day has left in fractions of a second are not what is tested here. */
function settle(dir: string, time: number): void {
  for (const { path, type, mtime } of listing(dir)) {
    if (type === 'symlink' || (mtime !== undefined && Number.isInteger(mtime) && mtime <= time)) continue;
    utimesSync(`${dir}/${path}`, time, time);
  }
}

export function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}
