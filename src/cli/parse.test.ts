import { bytePath } from '../util/bytepath.ts';
import { describe, expect, test } from 'vitest';

import { DuplicityError } from '../errors/errors.ts';
import type { RunCommand } from './command.ts';
import { parseCommandLine } from './parse.ts';
import type { Settings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

const URL = 'file:///mnt/backup';

const around: Surroundings = {
  env: { HOME: '/home/me', DIR: '/data' },
  now: 1_700_000_000,
  home: '/home/me',
  homeOf: () => undefined,
  readFile: (path) => {
    if (String(path) !== '/lists/a') throw new Error('ENOENT');
    return Buffer.from('+ x\n');
  },
  readStdin: () => Buffer.from('from stdin'),
};

function run(...argv: readonly string[]): RunCommand {
  const command = parseCommandLine(argv, around);
  if (command.action === 'help' || command.action === 'version' || command.action === 'profile')
    throw new Error(`unexpected ${command.action}`);
  return command;
}

/** Settings of a status command with these options. */
const settings = (...options: readonly string[]): Settings => run('collection-status', URL, ...options).settings;

function failure(...argv: readonly string[]): DuplicityError {
  try {
    parseCommandLine(argv, around);
  } catch (error) {
    if (error instanceof DuplicityError) return error;
    throw error;
  }
  throw new Error('no failure');
}

/** Exactly this text, or a text like this. */
function matching(message: string | RegExp): RegExp {
  return typeof message === 'string' ? new RegExp(`^${message.replace(/[^\w\s]/g, '\\$&')}$`) : message;
}

const words = (line: string): readonly string[] => line.trim().split(/\s+/);

describe('the action', () => {
  test.each([
    [['src', URL], { action: 'backup', source: 'src', url: URL }],
    [[URL, 'out'], { action: 'restore', url: URL, target: 'out' }],
    [['full', 'src', URL], { action: 'full', source: 'src', url: URL }],
    [['fb', 'src', URL], { action: 'full' }],
    [['incremental', 'src', URL], { action: 'incremental' }],
    [['incr', 'src', URL], { action: 'incremental' }],
    [['inc', 'src', URL], { action: 'incremental' }],
    [['ib', 'src', URL], { action: 'incremental' }],
    [['i', 'src', URL], { action: 'incremental' }],
    [['backup', 'src', URL], { action: 'backup' }],
    [['bu', 'src', URL], { action: 'backup' }],
    [['f', 'src', URL], { action: 'full' }],
    [['restore', URL, 'out/'], { action: 'restore', target: 'out' }],
    [['rest', URL, 'out'], { action: 'restore' }],
    [['rb', URL, 'out'], { action: 'restore' }],
    [['v', URL, 'out'], { action: 'verify', url: URL, target: 'out' }],
    [['vb', URL, 'out'], { action: 'verify' }],
    [['list', URL], { action: 'list-current-files', url: URL }],
    [['ls', URL], { action: 'list-current-files' }],
    [['col', URL], { action: 'collection-status' }],
    [['st', URL], { action: 'collection-status' }],
    [['cl', URL], { action: 'cleanup' }],
    [['remove-older-than', '1D', URL], { action: 'remove-older-than', time: 1_699_913_600, url: URL }],
    [['ro', 'now', URL], { action: 'remove-older-than', time: 1_700_000_000 }],
    [['remove-all-but-n-full', '2', URL], { action: 'remove-all-but-n-full', count: 2 }],
    [['ra', '010', URL], { action: 'remove-all-but-n-full', count: 10 }],
    [['ri', '1', URL], { action: 'remove-all-inc-of-but-n-full', count: 1 }],
    [['replicate', URL, 'file:///b'], { action: 'replicate', url: URL, targetUrl: 'file:///b' }],
    [['rep', URL, 'file:///b'], { action: 'replicate' }],
    [['./full', URL], { action: 'backup', source: 'full' }],
    [['full/', URL], { action: 'backup', source: 'full' }],
    [['ba', URL], { action: 'backup', source: 'ba' }],
    [['C:/x', URL], { action: 'backup', source: 'C:/x' }],
    [['~/src/./x//', URL], { action: 'backup', source: '/home/me/src/x' }],
    [['$DIR/$NONE', URL], { action: 'backup', source: '/data/$NONE' }],
    [['-', URL], { action: 'backup', source: '-' }],
    [['--', '--src', URL], { action: 'backup', source: '--src' }],
    [['grüße', URL], { action: 'backup', source: 'gr\xc3\xbc\xc3\x9fe' }],
    [['f\udcff', URL], { action: 'backup', source: 'f\xff' }],
  ])('%j', (argv, expected) => {
    expect(run(...argv)).toMatchObject(expected);
  });

  test('options may stand anywhere among the words', () => {
    const command = run('--no-encryption', 'full', '-v9', 'src', '--volsize', '5', URL, '--dry-run');
    expect(command).toMatchObject({ action: 'full', source: 'src', url: URL });
    expect(command.settings).toMatchObject({ noEncryption: true, verbosity: 9, volsize: 5 * 1024 ** 2, dryRun: true });
  });

  test.each([
    [[], 'COMMAND_LINE', 'Expected 2 args, got 0'],
    [['./src'], 'COMMAND_LINE', 'Expected 2 args, got 1'],
    [['foo', 'bar', 'baz'], 'COMMAND_LINE', '"foo" is no action'],
    [['src'], 'COMMAND_LINE', '"src" is no action'],
    [['resotre', 'x'], 'COMMAND_LINE', '"resotre" is no action'],
    [['collection-status', '--name', '', URL], 'COMMAND_LINE', /^--name must be a name below the archive dir/],
    [
      ['collection-status', '--name=../x', URL],
      'COMMAND_LINE',
      /^--name must be a name below the archive dir, not '..\/x'/,
    ],
    [['collection-status', '--name=a/../../x', URL], 'COMMAND_LINE', /^--name must be/],
    [
      ['collection-status', '--file-prefix', 'a/b', URL],
      'COMMAND_LINE',
      /^--file-prefix begins names of files .*: 'a\/b'/,
    ],
    [['collection-status', '--file-prefix-manifest=/', URL], 'COMMAND_LINE', /^--file-prefix-manifest begins/],
    [['full', 'src', URL, 'x'], 'COMMAND_LINE', 'Expected 2 args, got 3'],
    [['cleanup'], 'COMMAND_LINE', 'Expected 1 args, got 0'],
    [['src', 'dst'], 'COMMAND_LINE', /^One of the arguments must be an URL/],
    [['full', 'src', 'dst'], 'COMMAND_LINE', /^One of the arguments must be an URL/],
    [[URL, URL], 'COMMAND_LINE', /^Two URLs specified\./],
    [['restore', 'dir', URL], 'COMMAND_LINE', 'restore takes the URL first, then the local path.'],
    [['verify', 'dir', URL], 'COMMAND_LINE', 'verify takes the URL first, then the local path.'],
    [['full', URL, 'dir'], 'COMMAND_LINE', 'full takes the source path first, then the URL.'],
    [['col', 'foo:bar'], 'BAD_URL', "Bad URL 'foo:bar'."],
    [['replicate', URL, 'x'], 'BAD_URL', "Bad URL 'x'."],
    [['remove-older-than', 'foo', URL], 'COMMAND_LINE', /^Bad time string "'foo'"/],
    [['remove-all-but-n-full', '0', URL], 'COMMAND_LINE', /count above 0, not '0'/],
    [['remove-all-but-n-full', 'x', URL], 'COMMAND_LINE', /count above 0, not 'x'/],
    [['c', URL], 'COMMAND_LINE', "command 'c' not unique, could be ['collection-status', 'cleanup']"],
    [['re', URL], 'COMMAND_LINE', /^command 're' not unique, could be \['restore', 'remove-older-than', /],
  ])('%j is refused', (argv, code, message) => {
    expect(failure(...argv)).toMatchObject({
      name: 'UsageError',
      code,
      message: expect.stringMatching(matching(message)),
    });
  });
});

describe('what was meant', () => {
  test.each([
    [['resotre', 'x', 'y'], 'Is "restore" meant? The actions are: backup, full, '],
    [['foo', 'bar', 'baz'], 'The actions are: backup, full, '],
    [['full', 'x'], 'full takes PATH URL.'],
    [['col', URL, URL], 'collection-status takes URL.'],
    [['--exlude', 'x', 'src', URL], 'Is --exclude meant?'],
    [['./src'], 'Without an action: PATH URL to back up, URL PATH to restore.'],
  ])('%j', (argv, hint) => {
    expect(failure(...argv).hint).toContain(hint);
  });

  test('a directory with a name like that of an action is backed up, with a warning', () => {
    expect(run('verfy', URL)).toMatchObject({
      action: 'backup',
      source: 'verfy',
      warnings: ['"verfy" is no action but taken for the directory to back up. Is "verify" meant?'],
    });
    expect(run('./verfy', URL).warnings).toEqual([]);
    expect(run('verify-this', URL).warnings).toEqual([]);
  });
});

describe('options', () => {
  test.each<[readonly string[], Partial<Settings>]>([
    [[], { verbosity: 3, volsize: 209_715_200, numRetries: 5, ftpPassive: true, gpgBinary: 'gpg', time: undefined }],
    [['--volsize=010'], { volsize: 10 * 1024 ** 2 }],
    [['--compression-level', '0'], { compressionLevel: 0 }],
    [['--volsize', '0x10'], { volsize: 16 * 1024 ** 2 }],
    [['--volsize', '0b11'], { volsize: 3 * 1024 ** 2 }],
    [['--volsize', '5', '--volsize', '6'], { volsize: 6 * 1024 ** 2 }],
    [['--copy-blocksize', '64'], { copyBlocksize: 65_536 }],
    [['-t3D'], { time: 1_699_740_800 }],
    [['-t', '3D'], { time: 1_699_740_800 }],
    [['-t=3D'], { time: 1_699_740_800 }],
    [['--restore-time', '3D'], { time: 1_699_740_800 }],
    [['--time=now'], { time: 1_700_000_000 }],
    [['-v9'], { verbosity: 9 }],
    [['-v', '1'], { verbosity: 1 }],
    [['-v=4'], { verbosity: 4 }],
    [['-vi'], { verbosity: 5 }],
    [['-vWARNING'], { verbosity: 2 }],
    [['--verbosity', 'e'], { verbosity: 0 }],
    [['--full-if-older-than', '2002-03-05T00:00:00Z'], { fullIfOlderThan: 1_015_286_400 }],
    [['--file-to-restore', '/a/b/'], { pathToRestore: [bytePath('a/b')] }],
    [['--file-to-restore', '.'], { pathToRestore: [bytePath('')] }],
    [['--file-to-restore', '$HOME/a'], { pathToRestore: [bytePath('$HOME/a'), bytePath('home/me/a')] }],
    [['--path-to-restore', './a//./b'], { pathToRestore: [bytePath('a/b')] }],
    [['-r', 'x'], { pathToRestore: [bytePath('x')] }],
    [['--do-not-restore-ownership'], { noRestoreOwnership: true }],
    [['--asynchronous-upload'], { concurrency: 1 }],
    [['--asynchronous-upload', '--concurrency', '4'], { concurrency: 4 }],
    [['--ftp-regular'], { ftpPassive: false }],
    [['--ftp-regular', '--ftp-passive'], { ftpPassive: true }],
    [['--archive-dir', '~/a'], { archiveDir: '/home/me/a' }],
    [['--encrypt-key', 'any thing', '--encrypt-key=B'], { encryptKey: ['any thing', 'B'] }],
    [
      ['--encrypt-sign-key', 'aa0e73d2', '--hidden-encrypt-key', 'H', '--encrypt-sign-key', '0x12345678'],
      { encryptKey: ['aa0e73d2', '0x12345678'], hiddenEncryptKey: ['H'], signKey: '0x12345678' },
    ],
    [
      ['--gpg-options', '--a  --b', '--gpg-options', '', '--gpg-options=-c d'],
      { gpgOptions: ['--a', '--b', '-c', 'd'] },
    ],
    [['--gpg-options', '"--a --b"'], { gpgOptions: ['--a', '--b'] }],
    [['--ssh-options', ''], { sshOptions: '' }],
    [['--ssh-options', '-oA=b', '--ssh-options', '', '--ssh-options', '-oC=d'], { sshOptions: '-oA=b -oC=d' }],
    [['--ssh-options', "'-oA=b'"], { sshOptions: '-oA=b' }],
    [['--ssh-options', '-oProxyCommand="ssh -W %h"'], { sshOptions: '-oProxyCommand="ssh -W %h"' }],
    [['--ssh-options', '"-oA=b" "-oC=d"'], { sshOptions: '"-oA=b" "-oC=d"' }],
    [['--metadata-sync-mode', 'full'], { metadataSyncMode: 'full' }],
    [['--show-changes-in-set', '-1'], { showChangesInSet: -1 }],
    [['--s3-multipart-chunk-size', '5'], { s3MultipartChunkSize: 5 * 1024 ** 2 }],
  ])('%j', (options, expected) => {
    expect(settings(...options)).toMatchObject(expected);
  });

  test('an option takes its value whatever that looks like', () => {
    expect(settings('--ssh-options', '--dry-run')).toMatchObject({ sshOptions: '--dry-run', dryRun: false });
    expect(settings('--file-prefix', '--', '--dry-run')).toMatchObject({ filePrefix: '--', dryRun: true });
  });

  test('--rename takes two words, in both spellings, and accumulates', () => {
    expect(settings('--rename', 'a//b/', './c', '--rename=$DIR', 'e').rename).toEqual([
      { from: 'a/b', to: 'c' },
      { from: 'data', to: 'e' },
    ]);
    expect(failure('st', URL, '--rename', 'a', '../b').message).toMatch(/does not take '\.\.'/);
  });

  test.each([
    ['--bogus', 'no such option: --bogus'],
    ['-x', 'no such option: -x'],
    ['--extra-clean', 'no such option: --extra-clean'],
    ['--use-scp', 'no such option: --use-scp'],
    ['--force=1', '--force does not take a value'],
    ['--ftp-regular=1', '--ftp-regular does not take a value'],
    ['--volsize', '--volsize needs a value'],
    ['--rename=a', '--rename needs 2 values'],
    ['--compression-level=10', '--compression-level must be at most 9, not 10.'],
    ['--volsize=x', "--volsize needs a whole number, not 'x'."],
    ['--volsize=1.5', "--volsize needs a whole number, not '1.5'."],
    ['--volsize=0', '--volsize must be at least 1, not 0.'],
    ['--num-retries=0', '--num-retries must be at least 1, not 0.'],
    ['--timeout=-5', '--timeout must be at least 0, not -5.'],
    ['--log-fd=0', '--log-fd must be at least 1, not 0.'],
    ['-v10', /^--verbosity must be a digit/],
    ['--azure-blob-tier=Warm', "--azure-blob-tier must be one of Hot, Cool, Archive, not 'Warm'."],
    ['--time-separator=-', /^--time-separator must be one character/],
    ['--include=', '--include needs a pattern that is not empty.'],
    ['--time=foo', /^Bad time string "'foo'"/],
  ])('%s is refused', (word, message) => {
    expect(failure('st', URL, word)).toMatchObject({
      code: 'COMMAND_LINE',
      message: expect.stringMatching(matching(message)),
    });
  });

  test('a signing key that is not hexadecimal has a number of its own', () => {
    expect(failure('st', URL, '--sign-key', 'me@example.org').code).toBe('BAD_SIGN_KEY');
    expect(failure('st', URL, '--encrypt-sign-key', 'AA0E73D').code).toBe('BAD_SIGN_KEY');
  });

  test('the separator of times counts for the options after it and for the positional', () => {
    const command = run('--time-separator', '_', 'ro', '2002-04-26T04_22_01Z', URL, '-t2002-04-26T04_22_01Z');
    expect(command).toMatchObject({ time: 1_019_794_921, settings: { time: 1_019_794_921 } });
  });
});

describe('abbreviations', () => {
  test.each<[string, Partial<Settings>]>([
    ['--dry', { dryRun: true }],
    ['--vols=1', { volsize: 1024 ** 2 }],
    // Ambiguous among all releases, but not in 0.8.22.
    ['--con=x', { configDir: 'x' }],
    ['--no-co', { noCompression: true }],
    // Two spellings of the same.
    ['--log-t', { logTimestamp: true }],
  ])('%s is understood', (word, expected) => {
    expect(settings(word)).toMatchObject(expected);
  });

  test('an exact name wins over longer ones', () => {
    expect(settings('--exclude', 'x').selection).toEqual([{ kind: 'glob', sense: 'exclude', pattern: 'x' }]);
  });

  test('an ambiguous one is refused with its candidates', () => {
    expect(failure('--log-f=3', 'st', URL).message).toBe('ambiguous option: --log-f (--log-fd, --log-file?)');
  });
});

describe('selection', () => {
  test('rules are collected in the order of the command line', () => {
    const options = `
      --include /a --exclude-filelist /lists/a --exclude-if-present .no --exclude ** --exclude-regexp \\.o$
      --exclude-device-files --exclude-other-filesystems --exclude-older-than 1D --filter-ignorecase
      --files-from=/lists/a --include-filelist-stdin`;
    const { selection } = settings(...words(options));
    expect(selection).toEqual([
      { kind: 'glob', sense: 'include', pattern: '/a' },
      { kind: 'filelist', sense: 'exclude', name: '/lists/a', content: Buffer.from('+ x\n') },
      { kind: 'if-present', name: '.no' },
      { kind: 'glob', sense: 'exclude', pattern: '**' },
      { kind: 'regexp', sense: 'exclude', pattern: '\\.o$' },
      { kind: 'device-files' },
      { kind: 'other-filesystems' },
      { kind: 'older-than', time: 1_699_913_600 },
      { kind: 'filter', mode: 'ignorecase' },
      { kind: 'files-from', name: '/lists/a', content: Buffer.from('+ x\n') },
      { kind: 'filelist', sense: 'include', name: 'standard input', content: Buffer.from('from stdin') },
    ]);
  });

  test('patterns are not expanded, names are', () => {
    expect(settings('--include', '$DIR/~', '--exclude-if-present', '$DIR').selection).toEqual([
      { kind: 'glob', sense: 'include', pattern: '$DIR/~' },
      { kind: 'if-present', name: '/data' },
    ]);
  });

  test('a list that cannot be read is reported before anything to the right of it', () => {
    const error = failure('st', URL, '--exclude-filelist', 'absent', '--bogus');
    expect(error).toMatchObject({ exitCode: 7, message: 'Error opening file absent' });
  });

  test('a restore ignores rules with a warning, a verify uses them', () => {
    const restore = run('restore', URL, 'out', '--exclude', '/x');
    expect(restore.settings.selection).toEqual([]);
    expect(restore.warnings).toEqual([expect.stringMatching(/^Command line warning: Selection options/)]);
    const verify = run('verify', URL, 'out', '--exclude', '/x');
    expect(verify.settings.selection).toHaveLength(1);
    expect(verify.warnings).toEqual([]);
  });
});

describe('old, odd and combined options', () => {
  test.each([
    '--short-filenames',
    '--old-filenames',
    '--gio',
    '--s3-european-buckets',
    '--s3-use-new-style',
    '--s3-use-multiprocessing',
    '--s3-multipart-max-timeout=5',
    '--scp-command=x',
    '--sftp-command=x',
    '--include-globbing-filelist=/lists/a',
  ])('%s works with a warning', (word) => {
    const { warnings } = run('st', URL, word, word);
    expect(warnings).toEqual([expect.stringContaining(word.split('=')[0] ?? '')]);
  });

  test('a retired option with a value swallows it', () => {
    expect(run('st', '--s3-multipart-max-timeout', '5', URL)).toMatchObject({ url: URL });
  });

  test('--ignore-errors warns', () => {
    expect(run('restore', URL, 'out', '--ignore-errors').warnings).toEqual([
      expect.stringMatching(/^Running in 'ignore errors' mode/),
    ]);
  });

  test('--file-to-restore does not go with a backup', () => {
    expect(failure('src', URL, '--file-to-restore', 'x').exitCode).toBe(2);
  });

  test('storage classes of S3 exclude each other for a backup only', () => {
    expect(failure('src', URL, '--s3-use-rrs', '--s3-use-ia').exitCode).toBe(2);
    expect(run(URL, 'out', '--s3-use-rrs', '--s3-use-ia').action).toBe('restore');
  });

  test.each([
    [['help'], undefined],
    [['help', 'help'], undefined],
    [['help', 'restore'], 'restore'],
    [['help', 'ls'], 'list-current-files'],
    [['-v9', 'help', 'remove-old'], 'remove-older-than'],
    [['inc', '--volsize', '5', '--help'], 'incremental'],
    [['--help', 'full'], undefined],
    [['remove', '--help'], undefined],
    [['/home', '--help'], undefined],
  ])('%j asks for the help of %s', (words, about) => {
    const expected = about === undefined ? { action: 'help' } : { action: 'help', about };
    expect(parseCommandLine(words, around)).toEqual(expected);
  });

  test('help for what is no action names the action that is meant', () => {
    const { exitCode, message, hint } = failure('help', 'verfy');
    expect([exitCode, message]).toEqual([2, '"verfy" is no action']);
    expect(hint).toMatch(/^Is "verify" meant\? The actions are: /);
    expect(failure('help', 'full', 'restore').message).toBe('help takes one action, or nothing.');
  });

  test('a directory called help can still be backed up', () => {
    expect(parseCommandLine(['help', 'file:///b'], around)).toMatchObject({ action: 'backup', source: 'help' });
  });

  test('--help and --version end the command line, whatever follows', () => {
    expect(parseCommandLine(['full', '--help', '--bogus'], around)).toEqual({ action: 'help', about: 'full' });
    expect(parseCommandLine(['-hV'], around)).toEqual({ action: 'help' });
    expect(parseCommandLine(['-V'], around)).toEqual({ action: 'version' });
    expect(failure('--bogus', '--help').exitCode).toBe(2);
  });

  test('the archive dir follows from root, name and URL; a replica has that of its target', () => {
    expect(run('src', 'file:///mnt/a', '--archive-dir', '/a').archiveDir).toBe('/a/c5d4254f4ef9a77e7e9b23062eebb3e1');
    expect(run('replicate', URL, 'file:///mnt/b', '--archive-dir', '/a').archiveDir).toBe(
      '/a/678897530e1875d4a0a32ee27c8f3e12',
    );
    expect(run('src', URL, '--name', 'n/m').archiveDir).toBe('/home/me/.cache/duplicity/n/m');
  });
});

describe('front ends', () => {
  test('duply', () => {
    const before = '--archive-dir /home/me/.cache/duplicity --name duply_p --no-encryption --verbosity 4 --gpg-options';
    const after = '--full-if-older-than 1M --volsize 50 --restore-time 1D --file-to-restore a/b';
    const command = run(...words(before), '--pinentry-mode loopback', ...words(after), URL, '/out');
    expect(command).toMatchObject({
      action: 'restore',
      target: '/out',
      archiveDir: '/home/me/.cache/duplicity/duply_p',
    });
    expect(command.settings).toMatchObject({ gpgOptions: ['--pinentry-mode', 'loopback'], pathToRestore: ['a/b'] });
  });

  test('deja-dup', () => {
    const line = `
      --include=/home/me/a --exclude=/home/me --include=/home --exclude=** --exclude-if-present=CACHEDIR.TAG
      --dry-run --volsize=200 / gio+file:///mnt/x --no-encryption --verbosity=9 --timeout=120 --archive-dir=/c
      --tempdir=/tmp --log-fd=19`;
    const command = run(...words(line));
    expect(command).toMatchObject({ action: 'backup', source: '/', url: 'gio+file:///mnt/x' });
    expect(command.settings).toMatchObject({ timeout: 120, logFd: 19, tempdir: '/tmp' });
    expect(command.settings.selection).toHaveLength(5);
  });

  test('backupninja', () => {
    const line = `
      --no-print-statistics --ssh-options -oIdentityFile=/k --encrypt-key AA0E73D2 --tempdir /t --exclude /proc
      --include /etc --exclude ** / sftp://me@host/dir`;
    const command = run(...words(line));
    expect(command).toMatchObject({ action: 'backup', source: '/', url: 'sftp://me@host/dir' });
    expect(command.settings).toMatchObject({ sshOptions: '-oIdentityFile=/k', noPrintStatistics: true });
  });
});
