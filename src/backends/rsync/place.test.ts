import { expect, test } from 'vitest';

import { parseUrl } from '../url/url.ts';
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

test.each([
  ['rsync://h/a/b', 'h:./', 'a/b/'],
  ['rsync://u@h//a/b', 'u@h:/', 'a/b/'],
  ['rsync://h/../a/../b', 'h:./../a/../', 'b/'],
  ['rsync://h', 'h:/', ''],
  ['rsync://h::mod/a/b', 'h::mod/', 'a/b/'],
  ['rsync://h::mod', 'h::mod/', ''],
])('of %s what is there is %j, what may have to be made %j', (url, base, below) => {
  expect(rsyncPlace(parseUrl(url), options, '/s')).toMatchObject({ base, below, directory: `${base}${below}` });
});

const OURS = /-oServerAliveInterval=15 .*-oControlMaster=auto .*-oControlPath=\/s$/;

test.each([
  ['', undefined, 'ssh -p 2222 -oBatchMode=yes -i /k ', []],
  [`-e "ssh -i KEY"`, undefined, 'ssh -i KEY -p 2222 -i /k ', []],
  [`-z -e "ssh -i KEY" --bwlimit=9`, 'ssh -x', 'ssh -i KEY -p 2222 -i /k ', ['-z', '--bwlimit=9']],
  [`-zessh`, undefined, 'ssh -p 2222 -i /k ', ['-z']],
  [`-e "ssh -v" "--rsh=/opt/my ssh/x -q" --rsh ssh`, undefined, 'ssh -p 2222 -i /k ', []],
  [`"--rsh='/opt/my dir/ssh' -p 9"`, undefined, "'/opt/my dir/ssh' -p 9 -p 2222 -i /k ", []],
  ['-Tstore --exclude=-e', 'ssh -x', 'ssh -x -p 2222 -i /k ', ['-Tstore', '--exclude=-e']],
])('with --rsync-options %s and RSYNC_RSH %s the remote shell is %s…', (rsyncOptions, RSYNC_RSH, shell, rest) => {
  const settings = { rsyncOptions, sshOptions: '-i /k' };
  const place = rsyncPlace(parseUrl('rsync://us@h:2222/dir'), { ...options, settings, env: { RSYNC_RSH } }, '/s');
  const [flag, command = '', , ...others] = place.args;
  expect([flag, command.slice(0, shell.length), others]).toEqual(['-e', shell, rest]);
  expect(command).toMatch(OURS);
  expect(place.directory).toBe('us@h:./dir/');
});

test('a remote shell that is not ssh stays as it is, and rsync tells it the user', () => {
  const settings = { rsyncOptions: '-e "sshpass -e ssh -p 22"', sshOptions: '-i /k' };
  const place = rsyncPlace(parseUrl('rsync://us@h:2222/dir'), { ...options, settings }, '/s');
  expect([place.args, place.directory]).toEqual([['-e', 'sshpass -e ssh -p 22', '--timeout=30'], 'us@h:./dir/']);
  expect(place.closing).toBeUndefined();
});

test('the connection that is shared is closed by the same ssh, one that the user shares is not', () => {
  const own = { rsyncOptions: `-e "'/opt/my ''dir''/ssh' -i 'a b'"` };
  const { closing } = rsyncPlace(parseUrl('rsync://us@h/dir'), { ...options, settings: own }, '/s');
  expect([closing?.slice(0, 3), closing?.slice(-4)]).toEqual([
    ["/opt/my 'dir'/ssh", '-i', 'a b'],
    ['-O', 'exit', '--', 'h'],
  ]);
  const shared = { sshOptions: '-oControlPath=/mine' };
  expect(rsyncPlace(parseUrl('rsync://us@h/dir'), { ...options, settings: shared }, '/s').closing).toBeUndefined();
});

test('a user whose name rsync would take apart is told to ssh', () => {
  const place = rsyncPlace(parseUrl('rsync://a%2Fb@h/dir'), options, '/s');
  expect(place.directory).toBe('h:./dir/');
  expect(place.args[1]).toContain(' -l a/b ');
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
