import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { PASSPHRASE } from '../support/gnupg.ts';
import { parseStatus } from '../support/outputs.ts';
import { run, type RunResult } from '../support/processes.ts';
import { names, parseRecords, put, treeOf } from '../support/scene.ts';
import { asctime } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { machine, type Machine } from './machine.ts';

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

/** The script of many pages. A night that has passed is told by `TODAY`, and what 7D and 30D meant then. */
const NIGHTLY = `#!/bin/sh
umask 077
export PASSPHRASE='${PASSPHRASE}'
options="--name nightly --gpg-options=--s2k-count=65536 --log-file $HOME/backup.log $TODAY"
target="file://$HOME/usb"
duplicity $options --full-if-older-than \${WEEK:-7D} --exclude "$HOME/me/.cache" "$HOME/me" "$target" || exit
duplicity remove-older-than \${MONTH:-30D} --force $options "$target" || exit
duplicity cleanup --force $options "$target" || exit
unset PASSPHRASE
`;

describe.runIf(requireTool('gpg'))('a nightly job of cron', () => {
  let at: Machine;

  beforeEach(async () => {
    at = await machine('ours');
    writeFileSync(`${at.home}/backup.sh`, NIGHTLY);
    put(`${at.home}/me`, { 'diary.txt': 'day 0\n', 'naïve/ÿ.txt': 'x', '.cache/x': 'x' }, NOW - 60 * DAY);
  });

  /** Nothing of the caller's environment; Node.js may lie anywhere. */
  const asCron = async (words: readonly string[], status = 0, env: readonly string[] = []): Promise<RunResult> => {
    const own = [`PATH=${at.home}/bin:/usr/bin:/bin`, `HOME=${at.home}`, `DUPLICITY_NODE=${at.env['DUPLICITY_NODE']}`];
    return endedWith(status, await run('env', ['-i', ...own, ...env, ...words], { home: at.home }));
  };
  const night = async (daysAgo: number): Promise<RunResult> => {
    const today = NOW - daysAgo * DAY;
    const past = [`TODAY=--current-time ${today}`, `WEEK=${today - 7 * DAY}`, `MONTH=${today - 30 * DAY}`];
    return asCron(['sh', `${at.home}/backup.sh`], 0, daysAgo === 0 ? [] : past);
  };

  test('makes a full backup each week and forgets after a month', async () => {
    for (const daysAgo of [44, 40, 36, 29, 25, 14, 10, 0]) {
      put(`${at.home}/me`, { 'diary.txt': `day ${daysAgo}\n` }, NOW - (daysAgo + 1) * DAY);
      const { stdout, stderr } = await night(daysAgo);
      expect([stdout.match(/^Errors 0$/gm)?.length, stderr]).toEqual([1, '']);
    }
    const secret = ['env', `PASSPHRASE=${PASSPHRASE}`, 'duplicity', '--name', 'nightly'];
    const status = await asCron([...secret, 'collection-status', `file://${at.home}/usb`]);
    const sets = parseStatus(status.stdout);
    // The full of day 44 had an increment 40 days ago; that of day 36 one that is younger than a month.
    expect(sets.map(({ type }) => type.slice(0, 1)).join('')).toBe('FIFFIF');
    expect(sets.slice(0, 5).map(({ time }) => time)).toEqual(
      [36, 29, 25, 14, 10].map((day) => asctime(NOW - day * DAY)),
    );
    expect(names(`${at.home}/usb`)).toHaveLength(18);

    // Nobody else may read what was made, and the log goes on where it ended.
    const places = [`${at.home}/usb`, `${at.home}/.cache/duplicity/nightly`];
    const made = places.flatMap((dir) => [dir, ...readdirSync(dir).map((name) => `${dir}/${name}`)]);
    expect([...made, `${at.home}/backup.log`].filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([]);
    const records = parseRecords(readFileSync(`${at.home}/backup.log`, 'utf8'));
    expect(records.filter(({ text }) => text.includes('[ Backup Statistics ]'))).toHaveLength(8);
    expect(records.filter(({ level }) => level === 'ERROR')).toEqual([]);

    await asCron([...secret, '-t', '26D', `file://${at.home}/usb`, `${at.home}/then`]);
    expect(readFileSync(`${at.home}/then/diary.txt`, 'latin1')).toBe('day 29\n');
    await asCron([...secret, 'restore', `file://${at.home}/usb`, `${at.home}/back`]);
    expect(treeOf(`${at.home}/back`)).toEqual(treeOf(`${at.home}/me`).filter(({ path }) => !path.startsWith('.cache')));
  });

  test('is told by the exit status and the text of verify that a volume was tampered with', async () => {
    await night(1);
    const [volume = ''] = names(`${at.home}/usb`).filter((name) => name.includes('.vol1.'));
    const data = readFileSync(`${at.home}/usb/${volume}`);
    const whole = Buffer.from(data);
    data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 1;
    writeFileSync(`${at.home}/usb/${volume}`, data);
    const verify = ['env', `PASSPHRASE=${PASSPHRASE}`, 'duplicity', 'verify', '--name', 'nightly'];
    const places = [`file://${at.home}/usb`, `${at.home}/me`];
    const { stderr, stdout } = await asCron([...verify, ...places], 21);
    expect(stderr).toContain(`Invalid data - SHA1 hash mismatch for file:\n ${volume}`);
    expect(stdout).not.toContain('Verify complete');
    writeFileSync(`${at.home}/usb/${volume}`, whole);
    const { stdout: again } = await asCron([
      ...verify,
      '--exclude',
      `${at.home}/me/.cache`,
      '--compare-data',
      ...places,
    ]);
    expect(again).toContain('Verify complete: 4 files compared, 0 differences found.\n');
  });

  test('fails with what gpg would say when its passphrase is empty', async () => {
    await night(1);
    const { stderr } = await asCron(
      ['env', 'PASSPHRASE=', 'duplicity', '--name', 'nightly', `${at.home}/me`, `file://${at.home}/usb`],
      31,
    );
    expect(stderr).toContain('GnuPG');
  });
});
