// The programs that are compared, and how each is told to do a thing.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { isInstalled } from './measure.mjs';

/**
 * @typedef {object} Place what a run works on
 * @property {string} repo remote directory
 * @property {string} state archive dir or cache
 * @property {string} source
 * @property {string} out target of a restore
 * @property {string} one path of a file in the source
 * @property {number} time epoch seconds of a backup
 */

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} [mode] of the duplicities
 * @property {Record<string, string>} env
 * @property {(action: string, place: Place) => string[] | undefined} argv undefined: it has no such action
 * @property {(action: string, place: Place) => string} [cwd]
 * @property {(place: Place) => string[]} [init]
 */

const PASSPHRASE = 'benchmark';
export const MODES = ['sym', 'pub', 'gz', 'plain'];
export const REFERENCE = 'duplicity';
export const OURS = 'ours';

/**
 * A duplicity for each mode. `./duplicity` of the clone is measured as it is started by hand: launcher included.
 * @returns {{ reference: Tool, ours: Tool }}
 */
export function duplicityPair(mode, { launcher, keyRing }) {
  const options = {
    sym: () => [],
    pub: () => ['--encrypt-key', keyRing.key()],
    gz: () => ['--no-encryption'],
    plain: () => ['--no-encryption', '--no-compression'],
  }[mode]();
  const env = { GNUPGHOME: keyRing.home, PASSPHRASE: mode === 'pub' ? '' : PASSPHRASE };
  const tool = (name, program) => ({
    name,
    mode,
    env,
    argv: (action, place) => duplicityArgv(program, action, place, options),
  });
  return { reference: tool(REFERENCE, REFERENCE), ours: tool(OURS, launcher) };
}

function duplicityArgv(program, action, { repo, state, source, out, one, time }, options) {
  const url = `file://${repo}`;
  if (action === 'version') return [program, '--version'];
  const [command, ...rest] = {
    full: ['full', '--current-time', `${time}`, source, url],
    'no-op': ['incremental', '--current-time', `${time}`, source, url],
    inc: ['incremental', '--current-time', `${time}`, source, url],
    restore: ['restore', url, out],
    'restore changed': ['restore', url, out],
    'restore one': ['restore', '--file-to-restore', one, url, out],
    verify: ['verify', '--compare-data', url, source],
    list: ['list-current-files', url],
    status: ['collection-status', url],
    // The reference does not fetch what the archive dir lacks for a status.
    're-sync': ['list-current-files', url],
  }[action];
  return [program, command, '--archive-dir', state, '--name', 'bench', ...options, ...rest];
}

/** Those of restic and borg that are installed. @returns {Tool[]} */
export function peers() {
  return [restic(), borg()].filter(({ name }) => isInstalled(name));
}

/** @returns {Tool} */
function restic() {
  const base = ({ repo, state }) => ['restic', '--quiet', '--repo', repo, '--cache-dir', state];
  const backup = ['backup', '.'];
  return {
    name: 'restic',
    env: { RESTIC_PASSWORD: PASSPHRASE },
    init: (place) => [...base(place), 'init'],
    cwd: (_, { source }) => source,
    argv(action, place) {
      const restore = ['restore', 'latest', '--target', place.out];
      const rest = {
        full: backup,
        'no-op': backup,
        inc: backup,
        restore,
        'restore changed': restore,
        'restore one': [...restore, '--include', `/${place.one}`],
        verify: ['check', '--read-data'],
        list: ['ls', 'latest'],
      }[action];
      return rest && [...base(place), ...rest];
    },
  };
}

/** @returns {Tool} */
function borg() {
  const archive = ({ repo, time }) => `${repo}::${time}`;
  const create = (place) => ['create', archive(place), '.'];
  const extract = (place) => ['extract', archive(place)];
  return {
    name: 'borg',
    env: {
      BORG_PASSPHRASE: PASSPHRASE,
      BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    },
    init: ({ repo, state }) => ['env', `BORG_BASE_DIR=${state}`, 'borg', 'init', '--encryption', 'repokey', repo],
    cwd: (action, { source, out }) => (action.startsWith('restore') ? out : source),
    argv(action, place) {
      const rest = {
        full: create,
        'no-op': create,
        inc: create,
        restore: extract,
        'restore changed': extract,
        'restore one': () => [...extract(place), place.one],
        verify: ({ repo }) => ['check', '--verify-data', repo],
        list: () => ['list', archive(place)],
      }[action];
      return rest && ['env', `BORG_BASE_DIR=${place.state}`, 'borg', ...rest(place)];
    },
  };
}

/** A gpg home of our own; the key is made when it is first asked for. */
export function openKeyRing(home) {
  fs.mkdirSync(home, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME: home };
  const gpg = (...args) => spawnSync('gpg', ['--batch', ...args], { env, encoding: 'utf8' });
  let fingerprint;
  return {
    home,
    key() {
      if (fingerprint !== undefined) return fingerprint;
      gpg('--pinentry-mode', 'loopback', '--passphrase', '', '--quick-gen-key', 'bench', 'default', 'default', 'never');
      fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--with-colons', '--list-keys').stdout)?.[1];
      if (fingerprint === undefined) throw new Error('gpg made no key');
      return fingerprint;
    },
    close: () => void spawnSync('gpgconf', ['--kill', 'all'], { env }),
  };
}
