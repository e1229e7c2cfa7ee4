// What the figures were measured with.
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { isInstalled } from './measure.mjs';

/** @returns {Record<string, string>} */
export function describeMachine({ work, out }) {
  const cpus = os.cpus();
  return {
    CPU: `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown'}`,
    Memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    Kernel: `${os.type()} ${os.release().replace(/-.*/, '')}, ${os.arch()}`,
    Disk: `sources and archives on ${fileSystem(work)}, restores to ${fileSystem(out)}`,
  };
}

/** Load averages of five minutes; `look` is to be called from time to time. */
export function watchLoad() {
  const load = () => os.loadavg()[1] ?? 0;
  const before = load();
  let highest = before;
  return {
    look() {
      highest = Math.max(highest, load());
    },
    describe: () =>
      `${before.toFixed(1)} before the first run, ${highest.toFixed(1)} at its highest, the runs included`,
  };
}

/** @returns {Record<string, string>} programs that are not installed are left out */
export function versions(launcher, root) {
  const found = {
    'this program': `${firstLine(launcher, '--version')}, commit ${commitOf(root)}`,
    'Node.js': process.version.slice(1),
    reference: firstLine('duplicity', '--version'),
    gpg: firstLine('gpg', '--version'),
  };
  if (isInstalled('restic')) found.restic = firstLine('restic', 'version');
  if (isInstalled('borg')) found.borg = firstLine('borg', '--version');
  return found;
}

export function commitOf(/** @type {string} */ root) {
  return firstLine('git', '-C', root, 'describe', '--always', '--dirty') || 'unknown';
}

function firstLine(program, ...args) {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return (stdout ?? '').trim().split('\n')[0] ?? '';
}

function fileSystem(directory) {
  return firstLine('findmnt', '--noheadings', '--output', 'FSTYPE', '--target', directory) || 'an unknown file system';
}
