import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CODES } from '../../src/errors/codes.ts';
import { gnupgHome, RSA_KEY } from '../support/gnupg.ts';
import { heard } from '../support/heard.ts';
import { testHome } from '../support/home.ts';
import { root } from '../support/paths.ts';
import type { RunOptions } from '../support/processes.ts';
import { startDuplicity } from '../support/run.ts';
import {
  backUp,
  duplicity,
  duplicityAfter,
  faults,
  good,
  type LogRecord,
  type Outcome,
  parseRecords,
  PLAIN,
  put,
  type Scene,
  scene,
  WITHOUT_TERMINAL,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';
import { NOBODY, requireAnotherUser, requireTool } from '../support/tools.ts';

/** One way to end with a code: everything a user or a front end gets to see of it. */
interface Failing {
  readonly code: number;
  /** What happened. */
  readonly when: string;
  /** The sentence: the first line on stderr and of the record. */
  readonly says: RegExp;
  /** What else the text holds. */
  readonly also?: RegExp;
  /** Fields of the record behind the code. Default: none. */
  readonly fields?: RegExp;
  /** Why nothing is suggested behind the sentence. */
  readonly noHint?: string;
  /** Why there is no record. */
  readonly noRecord?: string;
  readonly needs?: () => boolean;
  /** Runs in a scene with a source of two files. */
  readonly run: () => Promise<Outcome>;
}

/** Codes of the reference, and the few it reserves. */
const REFERENCE_CODES: readonly number[] = [
  ...Array.from({ length: 56 }, (_none, i) => i + 1),
  70,
  71,
  72,
  73,
  80,
  81,
  82,
  126,
  127,
  255,
];

/** Codes that no run here ends with, or that other tests show. */
const NOT_HERE: ReadonlyMap<number, string> = new Map([
  [
    4,
    'as a failure: a set without a manifest is incomplete, and nothing builds on it; as an interrupt: interrupt.test.ts',
  ],
  [6, 'a manifest that is damaged in both places is damage (100)'],
  [18, 'the reference does not use it'],
  ...[24, 25, 26, 27, 28, 29, 32].map((code): [number, string] => [code, 'of the old boto and ncftp drivers']),
  [33, 'nothing the command line offers is left out'],
  [34, 'the system always tells the free space'],
  [36, 'where the system does not tell the limit, it is not checked'],
  [38, 'of drivers that log in: see the tests of back ends'],
  [39, 'the reference warns with it when it resumes; here nothing does'],
  [40, 'of gio+ URLs: see the tests of back ends'],
  [41, 'reserved for par2'],
  [43, 'no driver here needs lftp'],
  [45, 'of unfinished sets: see the tests of interrupted backups'],
  [46, 'PYTHONOPTIMIZE is ignored: no part of this is Python'],
  ...[47, 48, 49].map((code): [number, string] => [code, 'of drivers for Dropbox and S3']),
  ...[54, 55].map((code): [number, string] => [code, 'of drivers that run programs']),
  [56, 'a wrong size is 44, whichever release the front end expects'],
  ...[80, 81, 82].map((code): [number, string] => [code, 'the reference never ends with it']),
  ...[126, 127, 255].map((code): [number, string] => [code, 'reserved for shells and programs that start others']),
]);

const FROM_STORAGE = 'the reason comes from the storage';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'content of a', 'd/x': 'content of x' });
});

let keys: string;
const hasGpg = (): boolean => requireTool('gpg');
beforeAll(() => {
  if (hasGpg()) keys = gnupgHome();
});

/** Both kinds of records are written: to a file and to a descriptor. */
function run(args: readonly string[], options: RunOptions = {}, prelude = ':'): Promise<Outcome> {
  return duplicityAfter(`exec 3> "$HOME/descriptor"; ${prelude}`, ['--log-fd', '3', ...args], options);
}

const plain = (...args: readonly string[]): Promise<Outcome> => run([...PLAIN, ...args]);
const faulty = (rule: object, ...args: readonly string[]): Promise<Outcome> => run([...PLAIN, ...args], faults(rule));

/** The same after a backup, which may be spoilt. */
const afterBackup =
  (spoil: () => void, ...args: readonly (() => string)[]) =>
  async (): Promise<Outcome> => {
    await backUp(s, 0, ['--no-compression']);
    spoil();
    return plain(...args.map((word) => word()));
  };

/** The file of the remote whose name has this part. */
function remoteFile(part: string): string {
  const name = readdirSync(s.remote).find((name) => name.includes(part));
  if (name === undefined) throw new Error(`no ${part} in ${s.remote}`);
  return `${s.remote}/${name}`;
}

/** Changes the text of the only manifest, remote and here. */
function editManifest(
  edit: (text: string) => string,
  places: readonly ('remote' | 'local')[] = ['remote', 'local'],
): void {
  const archiveDir = `${testHome()}/.cache/duplicity/${createHash('md5').update(s.url).digest('hex')}`;
  const name = readdirSync(s.remote).find((name) => name.endsWith('manifest')) ?? '';
  for (const place of places) {
    const path = `${place === 'remote' ? s.remote : archiveDir}/${name}`;
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
  }
}

/** Another content for the only volume, of which the manifest knows. */
function replaceVolume(content: (before: Buffer) => Buffer): void {
  const volume = remoteFile('.vol1.');
  const bytes = content(readFileSync(volume));
  writeFileSync(volume, bytes);
  const sha1 = createHash('sha1').update(bytes).digest('hex');
  editManifest((text) => text.replace(/SHA1 \w+/, `SHA1 ${sha1}`));
}

/** What else is true of a run of the table. */
function sure(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}

const target = (): string => `${s.dir}/out`;
const url = (): string => s.url;
const words = (...texts: readonly string[]): readonly (() => string)[] => texts.map((text) => () => text);
const nothing = (): void => undefined;

const USAGE: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an unknown option', ['--nope'], /no such option: --nope$/],
  ['nothing at all', [], /Expected 2 args, got 0$/],
  ['too few words', ['full', 'x'], /Expected 2 args, got 1$/],
  ['two paths', ['x', 'y'], /One of the arguments must be an URL/],
  ['two URLs', ['file://x', 'file://y'], /Two URLs specified/],
  ['the wrong order', ['full', 'file://x', 'y'], /full takes the source path first/],
  ['a restore in the order of a backup', ['restore', 'x', 'file://y'], /restore takes/],
  ['a bad time', ['remove-older-than', 'soon', 'file://x'], /Bad time string "'soon'"/],
  ['a bad time in an option', ['--time', '1w', 'file://x', 'y'], /Bad time string "'1w'"/],
  ['a bad count', ['remove-all-but-n-full', '0', 'file://x'], /remove-all-but-n-full needs a count above 0/],
  ['a count that is no number', ['remove-all-inc-of-but-n-full', 'x', 'file://x'], /needs a count above 0/],
  ['a value that is no number', ['--volsize', 'big', 'x', 'file://y'], /--volsize needs a whole number, not 'big'/],
  ['volumes of no size', ['--volsize', '0', 'x', 'file://y'], /--volsize must be at least 1/],
  ['no attempts', ['--num-retries', '0', 'x', 'file://y'], /--num-retries must be at least 1/],
  ['a flag with a value', ['--force=1', 'file://y'], /--force/],
  ['an option without its value', ['collection-status', 'file://y', '--name'], /--name/],
  ['an ambiguous option', ['--exclude-o', 'x', 'y', 'file://z'], /--exclude-o.*--exclude-older-than/],
  ['a path to restore with a backup', ['--file-to-restore', 'a', 'x', 'file://y'], /--path-to-restore/],
  ['an ambiguous action', ['r', 'file://x'], /command 'r' not unique/],
  ['an empty pattern', ['--exclude', '', 'x', 'file://y'], /--exclude needs a pattern/],
  ['a bad regular expression', ['--exclude-regexp', '(', '.', 'file://y'], /\(/],
  ['a separator that dates use', ['--time-separator', '-', '.', 'file://y'], /--time-separator/],
  ['storage classes that exclude each other', ['--s3-use-ia', '--s3-use-rrs', '.', 'file://y'], /--s3-use/],
  [
    'a descriptor that is closed',
    ['--log-fd', '77', 'collection-status', 'file://x'],
    /--log-fd 77 is not an open file/,
  ],
  ['the descriptor of the input', ['--log-fd', '0', 'collection-status', 'file://x'], /--log-fd must be at least 1/],
];

const FAILURES: readonly Failing[] = [
  ...USAGE.map(([when, args, says]): Failing => ({
    code: 2,
    when,
    says: new RegExp(`^Command line error: .*(?:${says.source})`),
    also: /\nEnter 'duplicity --help' for help screen\.\n$/,
    ...(when === 'a descriptor that is closed' && { noRecord: 'what was to take it cannot' }),
    run: () => duplicity(args),
  })),
  {
    code: 2,
    when: 'a profile that is wrong',
    says: /^.*p\.toml:3:1: "exlude" is no key of a profile\.$/,
    also: /\nIs exclude meant\?\n$/,
    noHint: 'the hint asks',
    run: () => {
      writeFileSync(`${s.dir}/p.toml`, `version = 1\ninclude = ["/etc"]\nexlude = []\nto = "${s.url}"\n`);
      return run(['profile', 'check', `${s.dir}/p.toml`]);
    },
  },
  {
    code: 1,
    when: 'output that cannot be written',
    says: /^Cannot write output to descriptor 1: ENOSPC/,
    noHint: 'the reason says it all',
    run: async () => {
      await backUp(s, 0);
      return run(['list-current-files', s.url], {}, 'exec > /dev/full');
    },
  },
  {
    code: 3,
    when: 'the last set is of another host',
    says: /^Fatal Error: Backup source host has changed\.$/,
    fields: /^'[^']+' 'elsewhere\.example'$/,
    run: afterBackup(
      () => editManifest((text) => text.replace(/^Hostname .*/, 'Hostname elsewhere.example')),
      () => s.source,
      url,
    ),
  },
  {
    code: 5,
    when: 'the last manifest and its copy differ',
    says: /^Fatal Error: The remote manifest .* do not agree\.$/,
    run: afterBackup(
      () => editManifest((text) => text.replace(/^Hostname .*/, 'Hostname elsewhere.example'), ['remote']),
      () => s.source,
      url,
    ),
  },
  {
    code: 7,
    when: 'a file list that is not there',
    says: /^Error opening file .*absent$/,
    run: () => plain('--include-filelist', `${s.dir}/absent`, s.source, s.url),
  },
  {
    code: 7,
    when: 'a list of files that is a directory',
    says: /^Error opening file /,
    run: () => plain('--files-from', s.dir, s.source, s.url),
  },
  {
    code: 8,
    when: 'a path where a URL belongs',
    says: /^Bad URL '\/tmp'\.$/,
    run: () => plain('cleanup', '/tmp'),
  },
  {
    code: 9,
    when: 'an archive dir that cannot be',
    says: /^The archive dir .*\/file\/.* cannot be created/,
    run: () => {
      writeFileSync(`${s.dir}/file`, '');
      return plain('--archive-dir', `${s.dir}/file`, s.source, s.url);
    },
  },
  {
    code: 10,
    when: 'a sign key that is none',
    says: /^The sign key must be 8, 16 or 40 hex/i,
    run: () => plain('--sign-key', 'me', s.source, s.url),
  },
  ...['a directory that is not empty', 'a file', 'a dangling link'].map((what): Failing => ({
    code: 11,
    when: `the target is ${what}`,
    says: /^Restore destination directory .*\/out already exists\.$/,
    also: /\nWill not overwrite\.\n/,
    run: () => {
      if (what === 'a file') writeFileSync(target(), '');
      else if (what === 'a dangling link') symlinkSync('nowhere', target());
      else put(target(), { mine: 'mine' });
      return plain('restore', s.url, target());
    },
  })),
  {
    code: 12,
    when: 'nothing to verify',
    says: /^Verify directory .*\/absent does not exist$/,
    run: () => plain('verify', s.url, `${s.dir}/absent`),
  },
  {
    code: 13,
    when: 'a source that is not there',
    says: /^Backup source directory .*\/absent does not exist\.$/,
    run: () => plain(`${s.dir}/absent`, s.url),
  },
  {
    code: 14,
    when: 'a pattern outside the source',
    says: /cannot match anything below the source/,
    run: () => plain('--exclude=/elsewhere/x', s.source, s.url),
  },
  {
    code: 15,
    when: 'a pattern with an empty component',
    says: /^Consecutive '\/'s found in globbing string/,
    run: () => plain(`--exclude=${s.source}//x`, s.source, s.url),
  },
  {
    code: 16,
    when: 'a last condition that includes',
    says: /^The last selection condition/,
    run: () => plain('--include=**', s.source, s.url),
  },
  {
    code: 17,
    when: 'no signatures for an explicit increment',
    says: /^Fatal Error: Unable to start incremental backup\. {2}Old signatures not found and incremental specified$/,
    run: () => plain('incr', s.source, s.url),
  },
  ...['b', 'd/y', 'a/x', 'conten', 'D', 'X'].map((path): Failing => ({
    code: 19,
    when: `${path} is not in the backup`,
    says: new RegExp(`^${path} not found in archive - no files restored\\.$`),
    run: afterBackup(nothing, ...words('--file-to-restore', path), url, target),
  })),
  {
    code: 20,
    when: 'the backup holds nothing',
    says: /^No files found in archive - nothing restored\.$/,
    run: afterBackup(() => replaceVolume(() => Buffer.alloc(10_240)), url, target),
  },
  {
    code: 107,
    when: 'a drill does not find the backup that it is to find',
    says: /^The drill failed: 1 thing would be wrong with a restore\.$/,
    run: afterBackup(nothing, ...words('drill', '--expect-after', '2030-01-01'), url),
  },
  {
    code: 108,
    when: 'roles finds that a restorer may store and delete',
    says: /^As restorer, these credentials may store, overwrite, delete, and should not\.$/,
    run: afterBackup(() => undefined, ...words('roles', '--check', '--role', 'restorer'), url),
  },
  {
    code: 109,
    when: 'doctor finds that there is no source',
    says: /^1 thing would stop a backup; no warning\.$/,
    run: afterBackup(
      () => undefined,
      ...words('doctor'),
      url,
      () => `${s.dir}/nowhere`,
    ),
  },
  {
    code: 103,
    when: 'check finds that a volume is not there',
    says: /^1 file of 1 backup set is damaged or missing\.$/,
    run: afterBackup(() => rmSync(remoteFile('.vol1.')), ...words('check'), url),
  },
  {
    code: 105,
    when: 'a set has vanished, with --strict',
    says: /^The storage is not as it was left: the full backup of .* has vanished\.$/,
    run: afterBackup(() => rmSync(remoteFile('.manifest')), ...words('--strict', 'collection-status'), url),
  },
  {
    code: 106,
    when: 'a repair has nothing to make a volume of',
    says: /^1 file cannot be made again; 0 were\.$/,
    run: afterBackup(() => rmSync(remoteFile('.vol1.')), ...words('repair'), url),
  },
  {
    code: 104,
    when: 'a salvage does not bring everything back whole',
    says: /^\d paths? ha(?:s|ve) not come back whole\.$/,
    run: afterBackup(() => rmSync(remoteFile('.vol1.')), ...words('restore', '--salvage'), url, target),
  },
  ...['restore', 'verify'].map((action): Failing => ({
    code: 21,
    when: `a volume with another hash, on ${action}`,
    says: /^Invalid data - SHA1 hash mismatch for file:$/,
    also: /\n Calculated hash: \w{40}\n Manifest hash: \w{40}\n/,
    run: afterBackup(
      () => writeFileSync(remoteFile('.vol1.'), 'garbled'.repeat(100)),
      () => action,
      url,
      () => (action === 'verify' ? s.source : target()),
    ),
  })),
  {
    code: 22,
    when: 'a volume that is not signed by the key',
    says: /^Volume was signed by key None, not /,
    needs: hasGpg,
    run: async () => {
      const env = { GNUPGHOME: keys, PASSPHRASE: 'golden' };
      sure((await run(['--encrypt-key', RSA_KEY, s.source, s.url], { env })).status, 0);
      return run(['--sign-key', RSA_KEY, s.url, target()], { env });
    },
  },
  {
    code: 22,
    when: 'a volume that is not even encrypted',
    says: /^Volume was signed by key None, not /,
    run: afterBackup(nothing, ...words('--sign-key', RSA_KEY), url, target),
  },
  {
    code: 23,
    when: 'an unknown scheme',
    says: /^UnsupportedBackendScheme: scheme not supported in url: nope:\/\/host\/x$/,
    fields: /^UnsupportedBackendScheme$/,
    run: () => plain(s.source, 'nope://host/x'),
  },
  {
    code: 23,
    when: 'a temporary directory that is not there',
    says: /^The temporary directory .*absent cannot be used/,
    run: () => plain('--tempdir', `${s.dir}/absent`, s.source, s.url),
  },
  {
    code: 23,
    when: 'an increment while the clock is behind all sets',
    says: /^The clock says .*, but the first backup set is from .*\.$/,
    run: async () => {
      await backUp(s, 5);
      return plain('incremental', '--current-time', String(timeOfSet(0)), s.source, s.url);
    },
  },
  {
    code: 23,
    when: 'another run with the same archive dir',
    says: /^Another duplicity instance is already running with this archive directory/,
    run: async () => {
      // It waits for the listing, lock in hand.
      const wait = faults({ op: 'list', do: 'delay', ms: 600_000, count: 1 });
      const first = startDuplicity([...PLAIN, '-v5', s.source, s.url], wait);
      await heard(first, 'Temp has');
      const result = await plain('collection-status', s.url);
      first.child.kill('SIGINT');
      sure((await first.result).status, 4);
      return result;
    },
  },
  {
    code: 23,
    when: 'two passphrases where one has to do',
    says: /^When using symmetric encryption, the signing passphrase must equal the encryption passphrase\.$/,
    needs: hasGpg,
    run: () =>
      run(['--sign-key', RSA_KEY, s.source, s.url], {
        env: { GNUPGHOME: keys, PASSPHRASE: 'one', SIGN_PASSPHRASE: 'two' },
      }),
  },
  ...(
    [
      ['restore', () => [s.url, target()], 'No backup chains found'],
      ['verify', () => [s.url, s.source], 'No backup chains found'],
      ['list-current-files', () => [s.url], 'No signature chains found'],
    ] as const
  ).map(([action, places, says]): Failing => ({
    code: 30,
    when: `nothing there, on ${action}`,
    says: new RegExp(`^${says}$`),
    fields: /^CollectionsError$/,
    run: () => plain(action, ...places()),
  })),
  {
    code: 30,
    when: 'a passphrase is needed and there is nobody to ask',
    says: /^GnuPG passphrase for decryption: /,
    also: /The input ended where a passphrase was to be typed\.\n/,
    fields: /^EOFError$/,
    run: () => run(['full', s.source, s.url], {}, WITHOUT_TERMINAL),
  },
  ...['full', 'restore'].map((action): Failing => ({
    code: 31,
    when: `no gpg where one is needed, on ${action}`,
    says: /^GPGError: /,
    fields: /^GPGError$/,
    needs: hasGpg,
    run: async () => {
      const env = { PASSPHRASE: 'golden', GNUPGHOME: keys };
      const key = ['--encrypt-key', RSA_KEY];
      if (action === 'restore') sure((await run([...key, s.source, s.url], { env })).status, 0);
      const places = action === 'restore' ? [s.url, target()] : [s.source, s.url];
      return run([action, '--gpg-binary', '/nowhere/gpg', ...key, ...places], { env });
    },
  })),
  ...['restore', 'verify', 'incremental'].map((action): Failing => ({
    code: 31,
    when: `the wrong passphrase, on ${action}, which writes nothing`,
    says: /^GPGError: GPG Failed, see log below:$/,
    also: /\n===== Begin GnuPG log =====\n[^]*Bad session key[^]*\n===== End GnuPG log =====\n/,
    fields: /^GPGError$/,
    run: async () => {
      sure((await run([s.source, s.url], { env: { PASSPHRASE: 'right' } })).status, 0);
      const before = readdirSync(s.remote);
      const places = action === 'incremental' ? [s.source, s.url] : [s.url, action === 'verify' ? s.source : target()];
      const result = await run([action, ...places], { env: { PASSPHRASE: 'wrong' } });
      sure(readdirSync(s.remote), before);
      sure(readdirSync(s.dir).includes('out'), false);
      return result;
    },
  })),
  {
    code: 31,
    when: 'a recipient that gpg does not know',
    says: /^GPGError: GPG Failed, see log below:$/,
    also: /No public key/,
    fields: /^GPGError$/,
    needs: hasGpg,
    run: () => run(['--encrypt-key', '0123456789ABCDEF', s.source, s.url], { env: { GNUPGHOME: keys } }),
  },
  {
    code: 31,
    when: 'the secret key is not here, or locked',
    says: /^GPGError: GPG Failed, see log below:$/,
    also: /No secret key/,
    fields: /^GPGError$/,
    needs: hasGpg,
    run: async () => {
      const args = ['--encrypt-key', RSA_KEY, s.source, s.url];
      sure((await run(args, { env: { GNUPGHOME: keys, PASSPHRASE: 'golden' } })).status, 0);
      return run([s.url, target()], { env: { GNUPGHOME: gnupgHome('public'), PASSPHRASE: 'golden' } });
    },
  },
  {
    code: 35,
    when: 'too little room for temporary files, before anything is asked or written',
    says: /^Temp space has \d+ available, backup needs approx 272629760\.$/,
    needs: requireMount,
    run: async () => {
      const small = tmpfs(1_000_000) ?? '';
      const result = await run(['--tempdir', small, s.source, s.url]);
      sure(readdirSync(small), []);
      sure(readdirSync(s.remote), []);
      return result;
    },
  },
  {
    code: 37,
    when: 'too few open files',
    says: /^Max open files of 512 is too low, should be >= 1024\.$/,
    run: () => run([...PLAIN, s.source, s.url], {}, 'ulimit -n 512'),
  },
  {
    code: 42,
    when: 'the last set is of another source',
    says: /^Fatal Error: Backup source directory has changed\.$/,
    fields: /^'.*\/other' '.*\/source'$/,
    run: afterBackup(
      () => mkdirSync(`${s.dir}/other`),
      () => `${s.dir}/other`,
      url,
    ),
  },
  ...(
    [
      ['short', { do: 'truncate', bytes: 5 }, /^'.*vol1.*' \d+ \d+$/],
      ['nowhere', { do: 'skip' }, /^'.*vol1.*' \d+ -1$/],
    ] as const
  ).map(([how, rule, fields]): Failing => ({
    code: 44,
    when: `an upload that arrives ${how}`,
    says: /^File .*vol1.* was corrupted during upload\./,
    fields,
    run: () => faulty({ op: 'put', match: '.vol1.', ...rule }, '--num-retries', '1', s.source, s.url),
  })),
  {
    code: 44,
    when: '--skip-volume, which tests ask for',
    says: /^File .*vol1.* was corrupted during upload\./,
    fields: /^'.*vol1.*' \d+ -1$/,
    run: () => plain('--skip-volume', '1', '--num-retries', '1', s.source, s.url),
  },
  ...(
    [
      [50, 'BACKEND_ERROR'],
      [51, 'BACKEND_PERMISSION_DENIED'],
      [53, 'BACKEND_NO_SPACE'],
    ] as const
  ).map(([code, name]): Failing => ({
    code,
    when: `an upload fails with ${name}`,
    says: /^Giving up after 2 attempts\./,
    noHint: FROM_STORAGE,
    fields: /^put '.*' 'duplicity-full\..*\.vol1\.difftar\.gz'$/,
    run: async () => {
      const rule = { op: 'put', match: '.vol1.', do: 'error', code: name };
      const result = await faulty(rule, '--num-retries', '2', s.source, s.url);
      sure(result.stdout, expect.stringContaining('Attempt of put Nr. 1 failed.'));
      return result;
    },
  })),
  ...(
    [
      ['get', 'restore', () => [s.url, target()]],
      ['list', 'collection-status', () => [s.url]],
      ['query', 'full', () => [s.source, s.url]],
    ] as const
  ).map(([op, action, places]): Failing => ({
    code: 50,
    when: `${op} fails`,
    says: /^Giving up after 1 attempts\./,
    noHint: FROM_STORAGE,
    fields: new RegExp(`^${op}`),
    run: async () => {
      await backUp(s, 0);
      return faulty({ op, do: 'error' }, '--num-retries', '1', action, ...places());
    },
  })),
  {
    code: 50,
    when: 'a delete fails, after the others were tried',
    says: /^Giving up after 1 attempts\./,
    noHint: FROM_STORAGE,
    fields: /^delete '.*sigtar\.gz'/,
    run: async () => {
      await backUp(s, 0, ['full']);
      await backUp(s, 1, ['full']);
      const before = readdirSync(s.remote).length;
      const rule = { op: 'delete', match: 'sigtar', do: 'error' };
      const result = await faulty(rule, '--num-retries', '1', 'remove-all-but-n-full', '1', '--force', s.url);
      sure(result.stdout, expect.stringMatching(/sigtar\.gz could not be deleted: Giving up/));
      // Volume and manifest of the old set are gone, its signatures are not.
      sure(readdirSync(s.remote).length, before - 2);
      return { ...result, stdout: '' };
    },
  },
  {
    code: 51,
    when: 'a target that may not be written to',
    says: /^Giving up after 1 attempts\. PermissionError: /,
    noHint: FROM_STORAGE,
    fields: /^put /,
    needs: requireAnotherUser,
    run: () => {
      mkdirSync(s.remote);
      chmodSync(s.remote, 0o555);
      mkdirSync(`${testHome()}/tmp`);
      for (const path of [s.dir, s.source, testHome(), `${testHome()}/tmp`]) chmodSync(path, 0o777);
      return run([...PLAIN, s.source, s.url], { uid: NOBODY });
    },
  },
  {
    code: 52,
    when: 'a volume that is gone, before anything is restored',
    says: /^Volume 1 \(.*\) is in the manifest but not on the remote\.$/,
    fields: /^get '.*vol1.*'$/,
    run: async () => {
      const result = await afterBackup(() => rmSync(remoteFile('.vol1.')), url, target)();
      sure(readdirSync(s.dir).includes('out'), false);
      return result;
    },
  },
  {
    code: 52,
    when: 'a volume that is gone, for an explicit increment',
    says: /^Volume .*vol1.* is in the manifest but not on the remote\.$/,
    fields: /^list '.*vol1.*'$/,
    run: afterBackup(
      () => rmSync(remoteFile('.vol1.')),
      () => 'incremental',
      () => s.source,
      url,
    ),
  },
  {
    code: 70,
    when: 'filters that change nothing',
    says: /^The --filter options only name the modes that hold without them\.$/,
    run: () => plain('--filter-globbing', '--exclude', '**/x', s.source, s.url),
  },
  {
    code: 71,
    when: 'a filter behind all conditions',
    says: /^A --filter option has no effect after the last selection option\.$/,
    run: () => plain('--exclude', '**/x', '--filter-literal', s.source, s.url),
  },
  ...(
    [
      [72, '/etc', /^The list of files .* names \/etc, which is not a path relative to the source directory\.$/],
      [73, '', /^The list of files .* names no file\.$/],
    ] as const
  ).map(([code, content, says]): Failing => ({
    code,
    when: `a list of files with ${content === '' ? 'nothing' : content}`,
    says,
    run: () => {
      writeFileSync(`${s.dir}/list`, content);
      return plain('--files-from', `${s.dir}/list`, s.source, s.url);
    },
  })),
  {
    code: 100,
    when: 'damage that the hash does not show',
    says: /^duplicity-full.*vol1.*/,
    noHint: 'what to do depends on the file',
    run: afterBackup(() => replaceVolume((bytes) => bytes.fill('x', 0, 512)), url, target),
  },
  {
    code: 100,
    when: 'a damaged manifest',
    says: /manifest/,
    noHint: 'what to do depends on the file',
    run: afterBackup(() => editManifest((text) => text.replace('EndingPath', 'MiddlePath')), url, target),
  },
  {
    code: 102,
    when: 'a strict backup that could not read everything',
    says: /^1 entry of the source could not be read\.$/,
    run: () => {
      symlinkSync('nowhere', `${s.source}/lost`);
      return plain('--strict', '--copy-links', s.source, s.url);
    },
  },
  {
    code: 101,
    when: 'what is restored is not all of it',
    says: /^The restore is incomplete: 1 entry could not be restored\.$/,
    run: async () => {
      await backUp(s, 0);
      put(target(), { 'a/mine': 'mine' });
      const result = await plain('--force', s.url, target());
      expect(result.records.filter(({ level, code }) => level === 'WARNING' && code === 12)).toMatchObject([
        { fields: "'a'" },
      ]);
      sure(readFileSync(`${target()}/a/mine`, 'utf8'), 'mine');
      sure(readFileSync(`${target()}/d/x`, 'utf8'), 'content of x');
      return result;
    },
  },
];

describe('a failure is one sentence, a hint, a record and a status:', () => {
  test.for(FAILURES)('$code, $when', async ({ code, says, also, fields, noHint, needs, noRecord, run }, { skip }) => {
    if (needs?.() === false) skip();
    const result = await run();
    const { stdout, stderr, records } = result;
    const [first = '', ...rest] = stderr.split('\n').filter((line) => line !== '');
    expect({ status: result.status, first, stderr }).toEqual({
      status: code,
      first: expect.stringMatching(says),
      stderr,
    });
    expect(stderr).toMatch(also ?? /./);
    expect(stderr).not.toMatch(/undefined|\[object|Error: Error/);
    expect(stdout).not.toContain(first);
    expect(noHint === undefined ? rest.at(-1) : 'None.').toMatch(/^[A-Z].+[.)]$/);
    if (noRecord !== undefined) return;
    const errors = records.filter(({ level }) => level === 'ERROR');
    expect(errors).toEqual([
      { level: 'ERROR', code, fields: expect.stringMatching(fields ?? /^$/), data: [], text: expect.anything() },
    ]);
    expect(stderr.endsWith(`${errors[0]?.text ?? ''}\n`)).toBe(true);
    expect(said()).toEqual(records);
  });
});

/** What went to the descriptor; without one, as when the command line is wrong, what went to the file. */
function said(): LogRecord[] {
  const home = testHome();
  const file = readdirSync(home).includes('descriptor') ? 'descriptor' : 'log';
  return parseRecords(readFileSync(`${home}/${file}`, 'utf8'));
}

test('every code of the reference, and every one of ours, is in the table or has a reason not to be', () => {
  const shown = new Set(FAILURES.map(({ code }) => code));
  const open = (code: number): boolean => !shown.has(code) && !NOT_HERE.has(code);
  expect(REFERENCE_CODES.filter(open)).toEqual([]);
  expect(Object.values(CODES).filter(open)).toEqual([]);
  expect([...NOT_HERE.keys()].filter((code) => shown.has(code) || !REFERENCE_CODES.includes(code))).toEqual([]);
});

test('a bug is 30, with its stack and how to report it', async () => {
  const NODE_OPTIONS = `--require=${root}/test/support/broken.cjs`;
  const log = `${testHome()}/records`;
  const { status, stderr } = await startDuplicity(['--log-file', log, ...PLAIN, s.source, s.url], {
    env: { NODE_OPTIONS },
  }).result;
  expect(status).toBe(30);
  expect(stderr).toMatch(/^TypeError: .*bavail.*\n {4}at /);
  expect(stderr).toMatch(/\nThis is a bug in duplicity \d+\.\d+\.\d+\S*: please report it with the lines above\.\n$/);
  expect(parseRecords(readFileSync(log, 'utf8'))).toContainEqual(
    expect.objectContaining({ level: 'ERROR', code: 30, fields: 'TypeError' }),
  );
});

describe('no failure', () => {
  test('1: differences that verify found', async () => {
    await backUp(s, 0);
    put(s.source, { a: 'other' });
    const result = await plain('verify', '--compare-data', s.url, s.source);
    expect([result.status, result.stderr]).toEqual([1, '']);
    expect(result.stdout).toContain('Verify complete: 4 files compared, 1 difference found.\n');
    expect(result.records.filter(({ level }) => level === 'ERROR')).toEqual([]);
  });

  test('is another host or source with permission', async () => {
    await backUp(s, 0);
    editManifest((text) => text.replace(/^Hostname .*/, 'Hostname elsewhere.example'));
    const other = `${s.dir}/other`;
    mkdirSync(other);
    expect(await good(['--allow-source-mismatch', other, s.url])).toMatchObject({ stderr: '' });
  });

  test('is a low soft limit of open files, which is raised, nor a hard one for what opens few', async () => {
    expect((await run([...PLAIN, s.source, s.url], {}, 'ulimit -S -n 512')).status).toBe(0);
    expect((await run(['collection-status', s.url], {}, 'ulimit -n 512')).status).toBe(0);
  });

  test('is PYTHONOPTIMIZE in the environment', async () => {
    expect(await good([s.source, s.url], { env: { PYTHONOPTIMIZE: '2' } })).toMatchObject({ stderr: '' });
  });

  test('are malformed faults, but a usage error', async () => {
    const { status, stderr } = await duplicity(['collection-status', s.url], { env: { DUPLICITY_TEST_FAULTS: '{' } });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Command line error: DUPLICITY_TEST_FAULTS is malformed/);
  });
});
