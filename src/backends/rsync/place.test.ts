import { expect, test } from 'vitest';

import { parseUrl } from '../url.ts';
import { rsyncPlace } from './place.ts';

const options = { signal: new AbortController().signal };

test.each([
  ['rsync://h/rel', 'h:./rel/'],
  ['rsync://h//abs/dir/', 'h:/abs/dir/'],
  ['rsync://h', 'h:/'],
  ['rsync://h/', 'h:/'],
  ['rsync://[::1]/rel', '[::1]:./rel/'],
  ['rsync://h::mod/sub', 'h::mod/sub/'],
  ['rsync://h::/mod', 'h::mod/'],
  ['rsync://u:pw@[::1]:8730::mod', '[::1]::mod/'],
])('%s is %s', (url, directory) => expect(rsyncPlace(parseUrl(url), options, '/s').directory).toBe(directory));

test('the password of a daemon is in no argument', () => {
  const place = rsyncPlace(parseUrl('rsync://us%40er:p%40ss@h:8730::mod'), options, '/s');
  expect(place.args).toEqual(['--port=8730', '--contimeout=30', '--no-motd', '--timeout=30']);
  expect(place.env).toMatchObject({ USER: 'us@er', RSYNC_PASSWORD: 'p@ss' });
});

test('FTP_PASSWORD is the password of a daemon, and no other program gets to see it', () => {
  const env = { FTP_PASSWORD: 'hush', RSYNC_RSH: 'rsh' };
  expect(rsyncPlace(parseUrl('rsync://h::mod'), { ...options, env }, '/s').env).toMatchObject({
    RSYNC_PASSWORD: 'hush',
  });
  const overSsh = rsyncPlace(parseUrl('rsync://h/dir'), { ...options, env }, '/s').env;
  expect(Object.keys(overSsh)).toEqual(['LC_ALL']);
});

test('ssh options come before ours, quoted as rsync splits them', () => {
  const settings = { sshOptions: `-oIdentityFile="/my key" -oControlMaster=no`, rsyncOptions: '--bwlimit=9 "--x=a b"' };
  const place = rsyncPlace(parseUrl('rsync://u@h:2222/dir'), { ...options, settings }, '/s');
  const [flag, command = '', ...rest] = place.args;
  expect(flag).toBe('-e');
  expect(command).toMatch(
    /^ssh -p 2222 -oBatchMode=yes '-oIdentityFile=\/my key' -oControlMaster=no .*ControlMaster=auto/,
  );
  expect(rest).toEqual(['--timeout=30', '--bwlimit=9', '--x=a b']);
});

test('--timeout 0 is no limit', () => {
  const place = rsyncPlace(parseUrl('rsync://h/x'), { ...options, settings: { timeout: 0 } }, '/s');
  expect(place.args.join(' ')).toContain('-oServerAliveInterval=0');
  expect(place.args.join(' ')).not.toContain('ConnectTimeout');
  expect(place.args).toContain('--timeout=0');
});

test('a path that a shell would change is protected from it', () => {
  const place = rsyncPlace(parseUrl('rsync://h/two%20words'), options, '/s');
  expect([place.directory, place.args[2]]).toEqual(['h:./two words/', '--protect-args']);
});

test('each direction has its limit, and what the user says to rsync comes later', () => {
  const settings = { limitUpload: 100 * 1024, limitDownload: 0, rsyncOptions: '--bwlimit=9' };
  for (const url of ['rsync://h/dir', 'rsync://h::mod']) {
    const { limits, args, silenceMs } = rsyncPlace(parseUrl(url), { ...options, settings }, '/s');
    expect([limits, args.at(-1)]).toEqual([{ upload: ['--bwlimit=100'], download: [] }, '--bwlimit=9']);
    expect(silenceMs).toBe(30_000);
  }
  const slow = { limitUpload: 0, limitDownload: 1024 };
  const { limits, silenceMs } = rsyncPlace(parseUrl('rsync://h/dir'), { ...options, settings: slow }, '/s');
  expect([limits, silenceMs]).toEqual([{ upload: [], download: ['--bwlimit=1'] }, 128_000]);
});
