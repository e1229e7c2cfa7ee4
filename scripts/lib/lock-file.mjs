// What the lock file must hold, so that `npm ci` works on every platform and from every registry.
import { readFileSync } from 'node:fs';
import { root } from './paths.mjs';

export const LOCK_FILE = `${root}/package-lock.json`;

/**
 * Optional dependencies without an entry: npm leaves out what its registry does not offer (platforms a mirror lacks), and
 * `npm ci` then refuses the lock file everywhere.
 * @returns {{ name: string, version: string, path: string, isDev: boolean }[]}
 */
export function missingEntries({ packages }) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isResolvable(packages, path, name))
      .map(([name, version]) => ({ name, version, path: `node_modules/${name}`, isDev: dev })),
  );
}

/** @returns {string[]} sentences */
export function lockFileProblems() {
  const text = readFileSync(LOCK_FILE, 'utf8');
  const hosts = [...text.matchAll(/"resolved": *"(https?:[^"]*)"/g)].map((match) => `names a registry: ${match[1]}`);
  const [first, ...more] = missingEntries(JSON.parse(text));
  const missing =
    first === undefined
      ? []
      : [`lacks ${first.name}@${first.version} and ${more.length} others: run node scripts/complete-lock.mjs`];
  return [...hosts, ...missing];
}

/** Node's own search: beside the package that asks, then outwards. */
function isResolvable(packages, from, name) {
  for (let dir = from; ; dir = dir.slice(0, Math.max(0, dir.lastIndexOf('/node_modules/')))) {
    if (packages[`${dir === '' ? '' : `${dir}/`}node_modules/${name}`] !== undefined) return true;
    if (dir === '') return false;
  }
}
