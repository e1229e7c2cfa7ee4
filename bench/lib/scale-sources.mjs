// What bench/scale.mjs measures with: many entries, a long chain, one huge file that is mostly holes.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { FULL_TIME, HOUR, openPlace, runAction } from './action.mjs';
import { difference, describeTree, fileDigest } from './tree.mjs';

const BORN = 1_600_000_000;
/** ext4 allows 65,000 links of a file. */
const MOST_LINKS = 60_000;
const PER_DIRECTORY = 1000;

/** Empty files, hard links of a few: an entry costs its name on the disk and no inode. */
export function makeEntries({ source, size, paths }) {
  fs.mkdirSync(source);
  let pool = '';
  for (let i = 0; i < size; i++) {
    const directory = `${source}/${String(Math.floor(i / PER_DIRECTORY)).padStart(6, '0')}`;
    if (i % PER_DIRECTORY === 0) fs.mkdirSync(directory);
    if (i % MOST_LINKS === 0) {
      pool = `${paths.work}/empty-${i}`;
      fs.writeFileSync(pool, '');
      fs.utimesSync(pool, BORN, BORN);
    }
    fs.linkSync(pool, `${directory}/entry-${i}.txt`);
    if (i % PER_DIRECTORY === PER_DIRECTORY - 1) fs.utimesSync(directory, BORN, BORN);
  }
  const last = Math.floor(size * 0.9);
  return {
    one: `${String(Math.floor(last / PER_DIRECTORY)).padStart(6, '0')}/entry-${last}.txt`,
    after: FULL_TIME + HOUR,
    problem({ action, out, printed }) {
      if (action === 'restore one' && fs.statSync(out, { throwIfNoEntry: false })?.size !== 0)
        return 'nothing was restored';
      const wanted = size + Math.ceil(size / PER_DIRECTORY) + 1;
      if (action === 'restore') return entriesBelow(out) === wanted ? undefined : 'not all was restored';
      return action === 'list' ? wrongCount(printed, wanted) : undefined;
    },
  };
}

function entriesBelow(/** @type {string} */ root) {
  let count = 1;
  for (const name of fs.readdirSync(root)) count += 1 + fs.readdirSync(`${root}/${name}`).length;
  return count;
}

/** Lines of entries begin with a day of the week and a month; the others say how the archive is. */
const ENTRY = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d /;
const HEAD = 11;

function wrongCount(path, wanted) {
  const buffer = Buffer.alloc(1_048_576);
  const fd = fs.openSync(path, 'r');
  let count = 0;
  let kept = 0;
  for (let length = fs.readSync(fd, buffer); length > 0; length = fs.readSync(fd, buffer, { offset: kept })) {
    const end = kept + length;
    let at = 0;
    for (let next = buffer.indexOf(10); next !== -1 && next < end; next = buffer.indexOf(10, at)) {
      if (ENTRY.test(buffer.latin1Slice(at, at + HEAD))) count++;
      at = next + 1;
    }
    kept = buffer.copy(buffer, 0, at, end);
  }
  fs.closeSync(fd);
  return count === wanted ? undefined : `${count} entries were listed, not ${wanted}`;
}

const FILES = 200;
const content = (i, set) => createHash('sha512').update(`${i} ${set}`).digest('hex').repeat(20);

/** A chain of `size` sets over 200 files of 2.5 KB: in each set four of them change, one of them always the same. */
export function makeChain({ source, size, tool, paths, next }) {
  fs.mkdirSync(source);
  const place = next(tool);
  openPlace(tool, place, paths.work);
  const put = (i, set) => {
    const path = `${source}/file-${i}`;
    fs.writeFileSync(path, content(i, set));
    fs.utimesSync(path, BORN + set, BORN + set);
    fs.utimesSync(source, BORN, BORN);
  };
  const change = (set) => {
    for (const i of [100, set % FILES, (set * 7) % FILES, (set * 13) % FILES]) put(i, set);
  };
  for (let i = 0; i < FILES; i++) put(i, 0);
  for (let set = 0; set < size; set++) {
    if (set > 0) change(set);
    const time = FULL_TIME + set * HOUR;
    const { problem } = runAction(tool, set === 0 ? 'full' : 'inc', { ...place, time }, { work: paths.work });
    if (problem !== undefined) throw new Error(`no chain to measure with: ${problem}`);
  }
  const tree = describeTree(source);
  const one = 'file-100';
  const digest = fileDigest(`${source}/${one}`);
  return {
    one,
    hasChain: true,
    after: FULL_TIME + size * HOUR,
    change: () => change(size),
    undo: () => {
      for (const i of [100, size % FILES, (size * 7) % FILES, (size * 13) % FILES]) put(i, lastSet(i, size));
    },
    problem({ action, out, printed }) {
      if (action === 'restore') return difference(tree, out);
      if (action === 'restore one')
        return fs.existsSync(out) && fileDigest(out) === digest ? undefined : 'a wrong file was restored';
      if (action === 'list' || action === 're-sync') return wrongCount(printed, FILES + 1);
      if (
        action === 'status' &&
        !fs.readFileSync(printed, 'latin1').includes(`Number of contained backup sets: ${size}`)
      )
        return 'the status is wrong';
      return undefined;
    },
  };
}

/** The last set before `size` in which file `i` changed. */
function lastSet(i, size) {
  for (let set = size - 1; set > 0; set--) {
    if ([100, set % FILES, (set * 7) % FILES, (set * 13) % FILES].includes(i)) return set;
  }
  return 0;
}

const STEP = 268_435_456;

/** One file of `size` GiB with 64 KiB of data in each 256 MiB, and a small one behind it. */
export function makeHuge({ source, size }) {
  fs.mkdirSync(source);
  const disk = `${source}/disk.img`;
  const fd = fs.openSync(disk, 'wx');
  fs.ftruncateSync(fd, size * 2 ** 30);
  const block = (n) => Buffer.alloc(65_536, createHash('sha512').update(`${n}`).digest());
  for (let at = 0; at < size * 2 ** 30; at += STEP) fs.writeSync(fd, block(at), 0, 65_536, at);
  const times = () => fs.utimesSync(disk, BORN, BORN);
  times();
  fs.writeFileSync(`${source}/small.txt`, 'small');
  const middle = Math.floor((size * 2 ** 30) / STEP / 2) * STEP;
  return {
    one: 'small.txt',
    after: FULL_TIME + HOUR,
    change() {
      // Bytes in the middle are new, and all blocks are where they were.
      fs.writeSync(fd, block('new'), 0, 65_536, middle + 1_000_000);
      fs.utimesSync(disk, BORN + 1, BORN + 1);
    },
    undo() {
      fs.writeSync(fd, Buffer.alloc(65_536), 0, 65_536, middle + 1_000_000);
      times();
    },
    problem({ action, out }) {
      if (action === 'restore one')
        return fs.existsSync(out) && fs.readFileSync(out, 'latin1') === 'small'
          ? undefined
          : 'a wrong file was restored';
      return undefined;
    },
  };
}
