// Files that people get must not name directories of the machine they were written on.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { root } from './paths.mjs';

/** Parents that a document may well name for their own sake. */
const COMMON = new Set(['/', '/home', '/opt', '/root', '/srv', '/src', '/tmp', '/usr/local', '/usr/src', '/var/tmp']);

/** @returns {string[]} `file:line: text`; nothing outside of git */
export function machinePaths() {
  const listed = spawnSync('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  if (listed.status !== 0) return [];
  const parent = dirname(root);
  const pattern = new RegExp(
    `(?<![\\w.})~/-])(?:${[root, ...(COMMON.has(parent) ? [] : [parent])].map(escape).join('|')})(?![\\w.-])`,
  );
  return listed.stdout
    .split('\0')
    .filter((name) => name !== '')
    .flatMap((name) => find(name, pattern));
}

function find(name, pattern) {
  const lines = read(name).split('\n');
  return lines.flatMap((line, i) => (pattern.test(line) ? [`${name}:${i + 1}: ${line.trim().slice(0, 120)}`] : []));
}

function read(name) {
  try {
    return readFileSync(`${root}/${name}`, 'latin1');
  } catch {
    return ''; // deleted and not committed yet, or a link to nowhere
  }
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
