// What the generators share: a file made from the sources, written, or with --check only compared.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { root, tool } from './paths.mjs';

/**
 * @param {string} name below the root
 * @param {string} text
 * @param {string} generator its name in scripts/, for whom it is stale
 */
export function writeOrCheck(name, text, generator) {
  const path = `${root}/${name}`;
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (readIfThere(path) !== text) {
    process.stderr.write(`${name} is stale: run node scripts/${generator}.mjs\n`);
    process.exitCode = 1;
  }
}

/** As the formatter wants the file, so that the check for formats leaves it alone. */
export function formatted(/** @type {string} */ name, /** @type {string} */ text) {
  const words = ['--stdin-filepath', name];
  const { stdout, status, stderr } = spawnSync(tool('oxfmt'), words, { cwd: root, input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
