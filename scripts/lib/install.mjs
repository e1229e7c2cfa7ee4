// Dependencies. `runtime` is what running and building the program takes (about 25 MB), `all` adds the tools for
// checks and tests (about 280 MB).
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {'runtime' | 'all'} Kind */

const MODULES = `${root}/node_modules`;
/** npm's own record of what it put there. */
const RECORD = `${MODULES}/.package-lock.json`;
/** The bundle holds the second and third. */
const BUILD_TOOLS = ['esbuild', 'toml-eslint-parser', 'zod'];
const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;

/** What is there now, or undefined when that is nothing or not what the lock file asks for. @returns {Kind | undefined} */
export function installedKind() {
  if (!existsSync(RECORD)) return undefined;
  const { packages: present } = readJson(RECORD);
  const { packages: wanted } = readJson(`${root}/package-lock.json`);
  for (const [path, entry] of Object.entries(present)) {
    const { version, integrity } = wanted[path] ?? {};
    if (version !== entry.version || (integrity && integrity !== entry.integrity)) return undefined;
  }
  const absent = Object.entries(wanted).filter(
    ([path, entry]) => path !== '' && !entry.optional && !entry.devOptional && !present[path],
  );
  if (absent.length === 0) return 'all';
  return absent.every(([path, entry]) => entry.dev && !isBuildTool(path)) ? 'runtime' : undefined;
}

/** An `all` that has gone stale is renewed as such: somebody works in this clone. @returns {Kind} */
export function kindToRenew() {
  return existsSync(`${MODULES}/vitest`) ? 'all' : 'runtime';
}

/**
 * `npm ci` beside the clone, then a swap: a backup that runs meanwhile keeps finding its modules.
 * @param {Kind} kind
 * @param {string} temporary directory on the same file system
 * @returns {Promise<string | undefined>} what went wrong, for people
 */
export async function install(kind, temporary) {
  const manifest = readJson(`${root}/package.json`);
  const lock = readJson(`${root}/package-lock.json`);
  if (kind === 'runtime') {
    manifest.devDependencies = Object.fromEntries(
      Object.entries(manifest.devDependencies).filter(([name]) => BUILD_TOOLS.includes(name)),
    );
    lock.packages[''].devDependencies = manifest.devDependencies;
  }
  mkdirSync(temporary, { recursive: true });
  writeFileSync(`${temporary}/package.json`, JSON.stringify(manifest));
  writeFileSync(`${temporary}/package-lock.json`, JSON.stringify(lock));
  if (existsSync(`${root}/.npmrc`)) copyFileSync(`${root}/.npmrc`, `${temporary}/.npmrc`);

  const args = [
    'ci',
    '--prefix',
    temporary,
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--global=false',
    '--dry-run=false',
  ];
  args.push('--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error');
  args.push(
    '--fetch-retries=2',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
    '--fetch-timeout=60000',
  );
  if (!hasOwnHome()) args.push('--cache', `${temporary}/npm-cache`);
  // npm needs a node in PATH, too; ours may have been named by DUPLICITY_NODE.
  const path = `${process.env.PATH ?? ''}${delimiter}${dirname(process.execPath)}`;
  const result = await run('npm', args, { cwd: temporary, env: { ...process.env, PATH: path } });
  if (result.missing)
    return 'npm is needed to install the dependencies, and it was not found in PATH. Install npm and run this again.';
  const offline = OFFLINE.exec(result.output);
  if (!result.ok && offline) {
    return `the npm registry cannot be reached (${offline[0]}), and the dependencies are not installed yet. Connect this machine to the network and run this again.`;
  }
  if (!result.ok) return `npm ci failed:\n${withoutUsage(result.output)}`;
  swap(temporary);
  return undefined;
}

function swap(temporary) {
  const old = `${temporary}/old`;
  const fresh = `${temporary}/node_modules`;
  mkdirSync(fresh, { recursive: true });
  if (existsSync(`${MODULES}/.cache`)) renameSync(`${MODULES}/.cache`, `${fresh}/.cache`);
  if (existsSync(MODULES)) renameSync(MODULES, old);
  renameSync(fresh, MODULES);
  rmSync(temporary, { recursive: true, force: true });
}

/** Without a home directory of one's own (cron, sudo) npm would fail, or leave files of root in somebody's cache. */
function hasOwnHome() {
  try {
    accessSync(homedir(), constants.W_OK);
    return statSync(homedir()).uid === process.getuid?.();
  } catch {
    return false;
  }
}

/** npm follows some errors by all its options. */
function withoutUsage(output) {
  return output.split('npm error Clean install a project')[0].trimEnd();
}

function isBuildTool(path) {
  return BUILD_TOOLS.some((name) => path === `node_modules/${name}`);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
