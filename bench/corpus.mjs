// Source trees for the benchmarks: the same seed gives the same bytes, names, modes and times on every machine.
//
//   node bench/corpus.mjs big    DIR [--seed 1] [--bytes 64000000]  8 files: random and log text in turn
//   node bench/corpus.mjs small  DIR [--seed 1] [--files 10000]     log-normal sizes up to 64 KiB, 1 % links
//   node bench/corpus.mjs scale  DIR [--seed 1] [--files 200000]    0 to 256 bytes each
//   node bench/corpus.mjs change DIR NEW [--seed 2]                 an edited copy of DIR
//
// In the copy what did not change is a hard link to the original, so that tools which look at inode and change time are
// not misled. To go on with the edited tree, rename the two; to undo, rename them back.
import { createCipheriv, createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { walk } from './lib/tree.mjs';

const BORN = 1_600_000_000;
const CHANGED = BORN + 40_000_000;
/** From this size on a file is edited in many places, and every second one is. */
const LARGE = 1_048_576;
const TEXT_POOL = 4_194_304;

const WORDS =
  'accept archive batch block bucket cache chain chunk client commit config copy cursor delta digest drain entry event fetch filter flush group handle header index invalid job key leader limit load lock log loop match merge metric miss mount node notify object offset open order packet page parse patch peer pending pool port prefix proxy queue quota range read record reject remote rename repair reply request reset result retry role root route scan schema scope send serial server session shard signal size skip slot source stage start state stop store stream submit sync table target task thread ticket timeout token topic trace transfer tree update upload user value verify version volume wait watch window worker write zone'.split(
    ' ',
  );
const LEVELS = ['INFO', 'INFO', 'INFO', 'INFO', 'DEBUG', 'DEBUG', 'WARN', 'ERROR'];
const SUFFIXES = ['.txt', '.js', '.json', '.png', '.h', '.c', '', '.log'];

/** @typedef {ReturnType<typeof randomSource>} Random */

/** A seeded source of random numbers; `bytes` cannot be compressed. */
function randomSource(/** @type {string} */ seed) {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  let pool = Buffer.alloc(0);
  let at = 0;
  /** Below 1. */
  function fraction() {
    if (at + 4 > pool.length) {
      pool = cipher.update(Buffer.alloc(65_536));
      at = 0;
    }
    at += 4;
    return pool.readUInt32LE(at - 4) / 2 ** 32;
  }
  const below = (/** @type {number} */ limit) => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    pick: (/** @type {readonly string[]} */ list) => list[below(list.length)] ?? '',
    /** Mean 0, deviation 1. */
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
    bytes: (/** @type {number} */ length) => cipher.update(Buffer.alloc(length)),
  };
}

/** Lines of a server's log; gzip makes about a fifth of it. */
function logText(/** @type {Random} */ random, /** @type {number} */ length) {
  const text = Buffer.allocUnsafe(length);
  let clockMs = BORN * 1000;
  for (let at = 0; at < length;) {
    clockMs += random.below(900);
    const words = Array.from({ length: 4 + random.below(9) }, () => random.pick(WORDS)).join(' ');
    const where = `[${random.pick(WORDS)}-${random.below(64)}] ${random.pick(WORDS)}.${random.pick(WORDS)}`;
    const id = random.below(2 ** 32).toString(16);
    const took = (random.fraction() * 50).toFixed(3);
    const line = `${new Date(clockMs).toISOString()} ${random.pick(LEVELS)} ${where}: ${words} id=${id} took=${took}ms\n`;
    at += text.write(line, at, 'latin1');
  }
  return text;
}

/** Gives file contents: a quarter random, as pictures and archives are, the rest pieces of one long text. */
function contentSource(/** @type {Random} */ random) {
  const text = logText(random, TEXT_POOL);
  return (/** @type {number} */ length) => {
    if (random.fraction() < 0.25 || length > TEXT_POOL) return random.bytes(length);
    const at = random.below(TEXT_POOL - length + 1);
    return text.subarray(at, at + length);
  };
}

function put(path, parts, { mode = 0o644, mtime }) {
  const fd = fs.openSync(path, 'wx', mode);
  fs.writevSync(fd, parts);
  fs.fchmodSync(fd, mode);
  fs.futimesSync(fd, mtime, mtime);
  fs.closeSync(fd);
}

/** @param {string} root a directory that does not exist */
export function makeBig(root, { seed = 1, bytes = 168_000_000 } = {}) {
  fs.mkdirSync(root, { recursive: true });
  for (let i = 0; i < 8; i++) {
    const random = randomSource(`big ${seed} ${i}`);
    const isText = i % 2 === 1;
    const length = Math.floor(bytes / 8);
    const content = isText ? logText(random, length) : random.bytes(length);
    put(`${root}/${isText ? `server-${i}.log` : `blob-${i}.bin`}`, [content], { mtime: BORN + i });
  }
  fs.utimesSync(root, BORN, BORN);
}

export function makeSmall(root, { seed = 1, files = 50_000 } = {}) {
  const random = randomSource(`small ${seed}`);
  makeTree(root, random, files, {
    links: true,
    length: () =>
      random.fraction() < 0.03 ? 0 : Math.min(65_536, Math.floor(Math.exp(Math.log(2200) + 1.5 * random.normal()))),
  });
}

export function makeScale(root, { seed = 1, files = 200_000 } = {}) {
  const random = randomSource(`scale ${seed}`);
  makeTree(root, random, files, { links: false, length: () => random.below(257) });
}

/** About 25 files in a directory, directories up to 8 deep. */
function makeTree(root, random, files, { links, length }) {
  const content = contentSource(random);
  const dirs = [{ path: root, depth: 0 }];
  fs.mkdirSync(root, { recursive: true });
  let dir = root;
  for (let i = 0; i < files; i++) {
    if (i % 25 === 0) {
      let parent = dirs[random.below(dirs.length)];
      while (parent.depth === 8) parent = dirs[random.below(dirs.length)];
      dir = `${parent.path}/${random.pick(WORDS)}-${dirs.length}`;
      fs.mkdirSync(dir);
      dirs.push({ path: dir, depth: parent.depth + 1 });
    }
    const path = `${dir}/${random.pick(WORDS)}_${i.toString(36)}${random.pick(SUFFIXES)}`;
    const mode = random.fraction() < 0.1 ? 0o755 : 0o644;
    put(path, [content(length())], { mode, mtime: BORN + random.below(30_000_000) });
    if (links && random.fraction() < 0.01) link(path.slice(dir.length + 1), `${path}.lnk`, BORN);
  }
  for (const { path } of dirs) fs.utimesSync(path, BORN, BORN);
}

function link(target, path, mtime) {
  fs.symlinkSync(target, path);
  fs.lutimesSync(path, mtime, mtime);
}

/**
 * Of the small files 1 % are edited, 0.1 % each deleted, new and touched, 0.05 % renamed, one becomes a directory and
 * one gets another mode. Every second large one gets 24 inserts, deletions and overwrites of up to 64 KiB.
 */
export function makeChanged(from, to, { seed = 2 } = {}) {
  const random = randomSource(`change ${seed}`);
  const content = contentSource(random);
  const changedDirs = new Set();
  const dirTimes = new Map();
  let large = 0;
  let isFirstDeleted = true;
  let isFirstTouched = true;
  fs.mkdirSync(to, { recursive: true });
  dirTimes.set('', fs.lstatSync(from).mtimeMs / 1000);
  for (const { path, stat } of walk(from)) {
    const source = `${from}/${path}`;
    const copy = `${to}/${path}`;
    const change = (parts, mode = stat.mode & 0o7777) => put(copy, parts, { mode, mtime: CHANGED });
    if (stat.isDirectory()) {
      fs.mkdirSync(copy, { mode: stat.mode & 0o7777 });
      dirTimes.set(path, stat.mtimeMs / 1000);
      continue;
    }
    if (stat.isSymbolicLink()) {
      link(fs.readlinkSync(source), copy, stat.mtimeMs / 1000);
      continue;
    }
    if (stat.size >= LARGE) {
      if (large++ % 2 === 0) change(edited(fs.readFileSync(source), random, content, 24));
      else fs.linkSync(source, copy);
      continue;
    }
    const chance = random.fraction() * 100;
    if (chance < 1) change(edited(fs.readFileSync(source), random, content, 1));
    else if (chance < 1.1) {
      changedDirs.add(dirname(path));
      if (isFirstDeleted) replaceByDirectory(copy, content);
      isFirstDeleted = false;
    } else if (chance < 1.2) {
      changedDirs.add(dirname(path));
      fs.linkSync(source, copy);
      put(`${copy}.new`, [content(1 + random.below(16_384))], { mtime: CHANGED });
    } else if (chance < 1.3) {
      change([fs.readFileSync(source)], isFirstTouched ? 0o600 : undefined);
      isFirstTouched = false;
    } else if (chance < 1.35) {
      changedDirs.add(dirname(path));
      fs.linkSync(source, `${copy}.moved`);
    } else fs.linkSync(source, copy);
  }
  for (const [path, mtime] of dirTimes) {
    const time = changedDirs.has(path === '' ? '.' : path) ? CHANGED : mtime;
    fs.utimesSync(`${to}/${path}`, time, time);
  }
}

function replaceByDirectory(path, content) {
  fs.mkdirSync(path, { mode: 0o755 });
  put(`${path}/inner.txt`, [content(500)], { mtime: CHANGED });
  fs.utimesSync(path, CHANGED, CHANGED);
}

/** The pieces of the edited content. Small edits are the most frequent. */
function edited(bytes, random, content, edits) {
  const longest = Math.max(8, Math.min(65_536, bytes.length >> 3));
  const places = Array.from({ length: edits }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
  const parts = [];
  let at = 0;
  for (const place of places) {
    if (place < at) continue;
    parts.push(bytes.subarray(at, place));
    at = place;
    const kind = random.below(3);
    const length = Math.ceil(Math.exp(random.fraction() * Math.log(longest)));
    if (kind !== 0) parts.push(content(length));
    if (kind !== 1) at = Math.min(bytes.length, at + length);
  }
  parts.push(bytes.subarray(at));
  return parts;
}

if (process.argv[1] === import.meta.filename) {
  const number = { type: 'string' };
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { seed: number, bytes: number, files: number },
  });
  const [kind, dir, changed] = positionals;
  const options = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
  const make = { big: makeBig, small: makeSmall, scale: makeScale }[kind];
  if (make !== undefined && dir !== undefined) make(dir, options);
  else if (kind === 'change' && changed !== undefined) makeChanged(dir, changed, options);
  else {
    console.error('usage: node bench/corpus.mjs big|small|scale DIR | change DIR NEW; options: at the top of the file');
    process.exitCode = 2;
  }
}
