import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Listed } from './listing.ts';
import { randomBytes, seeded } from './random.ts';

/** Changes one regular file; `time` is for what it writes. */
type Edit = (file: string, random: () => number, time: number) => void;

const EDITS: readonly Edit[] = [
  write((old, random) => Buffer.concat([old, randomBytes(1 + Math.floor(random() * 3000), random)])),
  write((old, random) => Buffer.concat([randomBytes(1 + Math.floor(random() * 300), random), old])),
  write((old, random) => {
    const at = Math.floor(random() * old.length);
    return Buffer.concat([old.subarray(0, at), randomBytes(50, random), old.subarray(at + 50)]);
  }),
  write((old) => Buffer.concat([old.subarray(0, old.length / 3), old.subarray(old.length / 2)])),
  write(() => Buffer.alloc(0)),
  write((old) => Buffer.concat([old, old])),
  (file, _random, time) => {
    truncateSync(file, Math.floor(lstatSync(file).size / 2));
    utimesSync(file, time, time);
  },
  (file) => rmSync(file),
  (file) => renameSync(file, `${file}.renamed`),
  (file) => chmodSync(file, lstatSync(file).mode ^ 0o111),
  (file, _random, time) => utimesSync(file, time, time),
  (file) => {
    rmSync(file);
    symlinkSync('nowhere', file);
  },
  (file, random) => {
    rmSync(file);
    mkdirSync(file);
    appendFileSync(`${file}/inside`, randomBytes(100, random));
  },
  (file) => appendFileSync(`${dirname(file)}/a new file`, 'new\n'),
];

/**
 * Changes about every `one-in`-th regular file of a tree, in one of many ways; the same changes for the same tree and
 * seed. What it writes has the time `time`, epoch seconds.
 */
export function editTree(
  dir: string,
  tree: readonly Listed[],
  options: { readonly oneIn: number; readonly seed: number; readonly time: number },
): void {
  const random = seeded(options.seed);
  let turn = 0;
  for (const { path, path_b64, type } of tree) {
    if (type !== 'file' || path_b64 !== undefined || random() * options.oneIn >= 1) continue;
    EDITS[turn % EDITS.length]?.(`${dir}/${path}`, random, options.time);
    turn += 1;
  }
}

function write(change: (old: Buffer, random: () => number) => Buffer): Edit {
  return (file, random, time) => {
    writeFileSync(file, change(readFileSync(file), random));
    utimesSync(file, time, time);
  };
}
