// What the bundle is made from. A digest of it stands in the last line of the bundle, so that a clone which was copied,
// checked out anew or touched is not built again for nothing.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { bundle, root } from './paths.mjs';

const SINGLE = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'scripts/build.mjs',
  'scripts/run.cjs',
  'scripts/run-rdiffdir.cjs',
  'scripts/lib/inputs.mjs',
];

export function inputsDigest() {
  const sources = readdirSync(`${root}/src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length + 1));
  const hash = createHash('sha256');
  for (const path of [...SINGLE, ...sources].toSorted((a, b) => (a < b ? -1 : 1))) {
    const content = readFileSync(`${root}/${path}`);
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** The last line of a bundle that was made from inputs with this digest. */
export function inputsLine(digest) {
  return `// inputs ${digest}\n`;
}

export function isBuilt() {
  return existsSync(bundle) && readFileSync(bundle, 'utf8').endsWith(inputsLine(inputsDigest()));
}
