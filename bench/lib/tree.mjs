// Looks at directory trees: what is in them, whether two are equal.
import { createHash } from 'node:crypto';
import fs from 'node:fs';

/** Everything below `root`, directories before what is in them. @returns {Generator<{ path: string, stat: fs.Stats }>} */
export function* walk(root, below = '') {
  for (const name of fs.readdirSync(`${root}/${below}`).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const stat = fs.lstatSync(`${root}/${path}`);
    yield { path, stat };
    if (stat.isDirectory()) yield* walk(root, path);
  }
}

/** One line for each path of all that a restore must bring back. @returns {Map<string, string>} */
export function describeTree(root) {
  const lines = new Map();
  for (const { path, stat } of walk(root)) {
    // The reference does not restore the times of links.
    const mtime = stat.isSymbolicLink() ? '' : Math.floor(stat.mtimeMs / 1000);
    lines.set(path, `${stat.mode.toString(8)} ${mtime} ${content(`${root}/${path}`, stat)}`);
  }
  return lines;
}

function content(path, stat) {
  if (stat.isSymbolicLink()) return fs.readlinkSync(path);
  if (stat.isFile()) return `${stat.size} ${fileDigest(path)}`;
  return '';
}

export function fileDigest(path) {
  return createHash('sha256').update(fs.readFileSync(path)).digest('hex');
}

/** @returns {string | undefined} a sentence about the first difference */
export function difference(expected, root) {
  if (!fs.existsSync(root)) return 'nothing was restored';
  const found = describeTree(root);
  for (const [path, line] of expected) {
    if (found.get(path) !== line) return `${path} should be "${line}" but is "${found.get(path) ?? 'missing'}"`;
  }
  for (const path of found.keys()) if (!expected.has(path)) return `${path} should not be there`;
  return undefined;
}

/** Bytes in files. */
export function treeBytes(root) {
  let bytes = 0;
  for (const { stat } of walk(root)) if (stat.isFile()) bytes += stat.size;
  return bytes;
}

export function remove(path) {
  fs.rmSync(path, { recursive: true, force: true });
}

export function copy(from, to) {
  remove(to);
  fs.cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}
