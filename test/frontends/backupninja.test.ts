import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { gnupgHome, ECC_KEY, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { parseStatus } from '../support/outputs.ts';
import { succeeded, type RunResult } from '../support/processes.ts';
import { names, put, treeOf } from '../support/scene.ts';
import { requireRoot, requireTool } from '../support/tools.ts';
import { machine, type Machine } from './machine.ts';

const DAY = 86_400;
/** Four backups, each with thirty starts of awk, on a machine that is busy with other tests. */
const LONG_MS = 180_000;
const NOW = Math.floor(Date.now() / 1000);

/** It makes a lock for each file of settings, and leaves it. */
const LOCKS = '/var/lock/backupninja';

/** A machine with backupninja's own settings, and one backup by its `dup` handler. */
interface Ninja extends Machine {
  readonly source: string;
  readonly remote: string;
  /** Runs the backup as the given number of days ago; it must end with `status`. What backupninja says in debug mode. */
  backUp(daysAgo: number, status?: number): Promise<string>;
}

const locks: string[] = [];

afterEach(() => {
  for (const lock of locks.splice(0)) rmSync(lock, { force: true });
  try {
    rmdirSync(LOCKS);
  } catch {
    // Not there, or others have theirs in it.
  }
});

/** `gpg` and `dest` are lines of those sections, in the form of the documented example. */
async function ninja(gpg: readonly string[], dest: readonly string[], gnupg: string): Promise<Ninja> {
  const at = await machine('ours', { GNUPGHOME: gnupg });
  const [source, remote, dir] = [`${at.home}/srv`, `${at.home}/remote`, `${at.home}/backup.d`];
  put(source, { 'etc/passwd': 'root', "etc/it's": 'a', 'home/me/.gnupg/key': 'secret', 'home/me/file': 'f' });
  for (const made of [dir, `${at.home}/cache`]) mkdirSync(made, { mode: 0o700 });
  // It would leave files in /tmp.
  writeFileSync(`${at.home}/bin/mktemp`, '#!/bin/sh\nexec /usr/bin/mktemp "$TMPDIR/${1##*/}"\n', { mode: 0o755 });
  const conf = `${at.home}/backupninja.conf`;
  const settings = {
    loglevel: 5,
    reportemail: '',
    logfile: `${at.home}/log`,
    configdirectory: dir,
    scriptdirectory: '/usr/share/backupninja',
    libdirectory: '/usr/lib/backupninja',
    usecolors: 'no',
  };
  writeFileSync(
    conf,
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  );
  const action = `${dir}/90.dup`;
  locks.push(`${LOCKS}/${action.replaceAll('/', '_')}`);
  return {
    ...at,
    source,
    remote,
    async backUp(daysAgo, status = 0) {
      const options = `--archive-dir ${at.home}/cache --gpg-options=--s2k-count=65536`;
      const lines = [
        'when = manual',
        `options = ${options} --current-time ${NOW - daysAgo * DAY}`,
        'testconnect = no',
        `tmpdir = ${at.home}/tmp`,
        '[gpg]',
        ...gpg,
        '[source]',
        `include = ${source}`,
        `exclude = ${source}/home/*/.gnupg`,
        '[dest]',
        `desturl = file://${remote}`,
        ...dest,
      ];
      writeFileSync(action, `${lines.join('\n')}\n`);
      chmodSync(action, 0o600);
      const { stdout, stderr } = endedWith(status, await at.run('backupninja', ['-f', conf, '--run', action]));
      return stdout + stderr;
    },
  };
}

const isHere = requireTool('backupninja') && requireTool('gpg') && requireRoot();

describe.runIf(isHere)('the dup handler of backupninja', () => {
  test('backs up with a passphrase, increments, prunes, and the result restores', { timeout: LONG_MS }, async () => {
    const dest = ['increments = 30', 'keep = 60', 'keepincroffulls = 1'];
    const at = await ninja([`password = ${PASSPHRASE}`], dest, gnupgHome('public'));
    const first = await at.backUp(100);
    expect(first).toMatch(/^Debug: .* duplicity cleanup --force .* --ssh-options '' --full-if-older-than 30D/m);
    expect(first).toMatch(/<<<< finished action .*: SUCCESS$/m);
    for (const done of ['cleanup', 'remove-older-than', 'remove-all-inc-of-but-n-full', '']) {
      expect(first).toMatch(
        new RegExp(`^Info: Duplicity ${done}${done === '' ? '' : ' '}finished successfully\\.$`, 'm'),
      );
    }
    await at.backUp(70);
    // Left by a run that was cut off.
    writeFileSync(`${at.remote}/duplicity-full.20200101T000000Z.vol1.difftar.gpg`, 'x');
    await at.backUp(20);
    put(at.source, { 'etc/new': 'new' }, NOW - 2 * DAY);
    const last = await at.backUp(1);
    // The two old ones are gone, the newest of the day before it has an increment.
    const status = await duplicity(at, ['collection-status']);
    expect(parseStatus(status.stdout).map(({ type }) => type)).toEqual(['Full', 'Incremental']);
    expect(names(at.remote)).toHaveLength(6);
    expect(last).not.toMatch(/^(?:Warning|Error|Fatal)/m);
    await duplicity(at, ['restore', '--file-to-restore', at.source.slice(1)], `${at.home}/back`);
    expect(treeOf(`${at.home}/back`)).toEqual(treeOf(at.source).filter(({ path }) => !path.includes('.gnupg')));
  });

  test('backs up to a key and signs with another', async () => {
    const gpg = ['sign = yes', `encryptkey = ${RSA_KEY}`, `signkey = ${ECC_KEY}`];
    const passwords = [`password = ${PASSPHRASE}`, `signpassword = ${PASSPHRASE}`];
    const at = await ninja([...gpg, ...passwords], ['incremental = no'], gnupgHome());
    const said = await at.backUp(2);
    expect(said).toContain(`--encrypt-key ${RSA_KEY} --sign-key ${ECC_KEY}`);
    await at.backUp(1);
    const status = await duplicity(at, ['collection-status']);
    expect(parseStatus(status.stdout).map(({ type }) => type)).toEqual(['Full', 'Full']);
    await duplicity(at, ['restore', '--sign-key', ECC_KEY], `${at.home}/back`);
    expect(readFileSync(`${at.home}/back${at.source}/etc/passwd`, 'latin1')).toBe('root');
  });

  test('reports a backup that fails', async () => {
    const at = await ninja([`password = ${PASSPHRASE}`], ['keep = yes'], gnupgHome('public'));
    writeFileSync(at.remote, 'not a directory');
    const said = await at.backUp(1, 2);
    expect(said).toMatch(/^Warning: Duplicity cleanup failed\.$/m);
    expect(said).toMatch(/^Fatal: Duplicity failed\.$/m);
    expect(existsSync(`${at.home}/cache/lockfile`)).toBe(false);
  });
});

async function duplicity(at: Ninja, words: readonly string[], ...target: readonly string[]): Promise<RunResult> {
  const args = [...words, '--archive-dir', `${at.home}/cache`, `file://${at.remote}`, ...target];
  return succeeded(await at.run('duplicity', args, { env: { PASSPHRASE, SIGN_PASSPHRASE: PASSPHRASE } }));
}
