// Dependencies, then the bundle; each only when its content is not up to date, and one process at a time.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { isBuilt } from './inputs.mjs';
import { install, installedKind, kindToRenew } from './install.mjs';
import { root, scratch } from './paths.mjs';
import { run } from './run.mjs';
import { withSetupLock } from './setup-lock.mjs';

/**
 * @param {{ all?: boolean, build?: boolean }} want all: the tools for checks and tests too; build: the bundle too
 * @returns {Promise<string | undefined>} what went wrong, for people
 */
export async function setUp({ all = false, build = true }) {
  const isInstalled = () => (all ? installedKind() === 'all' : installedKind() !== undefined);
  const isReady = () => isInstalled() && (!build || isBuilt());
  if (isReady()) return undefined;
  return withSetupLock(async () => {
    if (isReady()) return undefined; // made by another while we waited
    removeLeftovers();
    try {
      const problem = isInstalled() ? undefined : await installWithNote(all ? 'all' : kindToRenew());
      return problem ?? (!build || isBuilt() ? undefined : await buildBundle());
    } finally {
      giveToOwner();
    }
  }, sayWaiting);
}

export function say(text) {
  process.stderr.write(`duplicity: ${text}\n`);
}

function sayWaiting(holder) {
  say(`waiting for the set-up of this clone by another process (${holder})`);
}

async function installWithNote(kind) {
  const isFirst = !existsSync(`${root}/node_modules`);
  say(isFirst ? 'first run, installing the dependencies' : 'installing the dependencies');
  return install(kind, `${scratch}/install-${process.pid}`);
}

async function buildBundle() {
  // Not where the caller stands: that may be a directory this user cannot enter.
  const built = await run(process.execPath, [`${root}/scripts/build.mjs`], { cwd: root });
  return built.ok ? undefined : `the build failed:\n${built.output.trimEnd()}`;
}

/** Of processes that were killed: we hold the lock, so nobody else is at work. */
function removeLeftovers() {
  const left = readdirSync(scratch).filter((name) => name.startsWith('install-') || name.startsWith('built-'));
  for (const name of left) rmSync(`${scratch}/${name}`, { recursive: true, force: true });
}

/** Root (cron, sudo) leaves nothing behind that the owner of the clone could not replace. */
function giveToOwner() {
  const { uid, gid } = statSync(root);
  if (process.getuid?.() !== 0 || uid === 0) return;
  const made = ['dist', 'node_modules', '.tmp'].map((name) => `${root}/${name}`).filter((path) => existsSync(path));
  spawnSync('chown', ['-hR', `${uid}:${gid}`, ...made]);
}
