import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { golden } from '../support/paths.ts';
import { backUp, duplicity, names, put, type Scene, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

/**
 * What a message says has to fit its cause, and what it advises has to help. A row is a mistake, or a misfortune, and the
 * words for it.
 */
interface Row {
  readonly cause: string;
  /** DIR stands for the directory of the scene, which holds a backup of `source` in `remote`. */
  readonly args: readonly string[];
  readonly prepare?: () => void;
  readonly env?: () => Readonly<Record<string, string | undefined>>;
  readonly status: number;
  readonly says: readonly string[];
  /** Words that would lead astray. */
  readonly never?: RegExp;
}

let made: Scene;
let s: Scene;
let publicHome: string | undefined;
let secretHome: string | undefined;

beforeAll(async () => {
  made = scene();
  put(made.source, { 'notes.txt': 'text', 'a/b': '1' });
  await backUp(made, 0);
});

beforeEach(() => {
  s = scene();
  for (const part of ['source', 'remote']) {
    cpSync(`${made.dir}/${part}`, `${s.dir}/${part}`, { recursive: true, preserveTimestamps: true });
  }
});

const PLAIN = '--no-encryption';
const LATER = ['--current-time', String(timeOfSet(2))];
const URL = 'file://DIR/remote';
const list = (content: string) => (): void => writeFileSync(`${s.dir}/list`, content);

const ROWS: readonly Row[] = [
  {
    cause: 'a colon is forgotten in a URL with a password',
    args: [PLAIN, 'DIR/source', 'sftp//me:sesame@host/x'],
    status: 2,
    says: [],
    never: /sesame/,
  },
  {
    cause: 'brackets of the manual are left in a URL',
    args: [PLAIN, 'DIR/source', 'ftp://user[:pass]@host[:21]/dir'],
    status: 23,
    says: ['Brackets stand before the path', 'In manuals they mark what may be left out'],
  },
  { cause: 'an action is mistyped', args: ['resotre', URL, 'DIR/out'], status: 2, says: ['resotre', 'restore'] },
  {
    cause: 'an action does not exist',
    args: ['foo', 'bar', 'baz'],
    status: 2,
    says: ['foo'],
    never: /Expected 2 args/,
  },
  {
    cause: 'a # in a URL is not encoded',
    args: [PLAIN, 'DIR/source', 'file://DIR/a#b'],
    status: 23,
    says: ['%23', '/a#b'],
  },
  {
    cause: 'a ? in a URL is not encoded',
    args: [PLAIN, 'DIR/source', 'file://DIR/a?b'],
    status: 23,
    says: ['%3F', '/a?b'],
  },
  {
    cause: 'a date does not exist',
    args: ['restore', '--time', '2026-02-30', URL, 'DIR/out'],
    status: 2,
    says: ['2026-02-30'],
  },
  {
    cause: 'a unit of time has the wrong case',
    args: ['restore', '--time', '1d', URL, 'DIR/out'],
    status: 2,
    says: ['"1D" is meant'],
  },
  {
    cause: 'days are written without their unit',
    args: [PLAIN, 'remove-older-than', '30', URL],
    status: 0,
    says: ['seconds since 1970', '30D'],
  },
  {
    cause: '--name leads out of the archive dir',
    args: [PLAIN, '--name', '../x', 'DIR/source', URL],
    status: 2,
    says: ['--name'],
  },
  {
    cause: '--file-prefix holds a slash',
    args: [PLAIN, '--file-prefix', 'a/b', 'DIR/source', URL],
    status: 2,
    says: ['--file-prefix', 'Put directories into the URL'],
  },
  {
    cause: 'PASSPHRASE is the text of a key',
    args: ['full', 'DIR/source', URL],
    env: () => ({ PASSPHRASE: '-----BEGIN KEY-----\nAAAA' }),
    status: 23,
    says: ['several lines', 'on one line'],
    never: /BEGIN KEY/,
  },
  {
    cause: 'PASSPHRASE is empty, and the secret key has a passphrase',
    args: ['restore', URL, 'DIR/out'],
    prepare: forKey,
    env: () => ({ GNUPGHOME: (secretHome ??= gnupgHome()), PASSPHRASE: '' }),
    status: 31,
    says: ['the secret key has a passphrase', 'Set PASSPHRASE to the passphrase of the secret key.'],
    never: /Import/,
  },
  {
    cause: 'SIGN_PASSPHRASE is empty, and the signing key has a passphrase',
    args: ['full', ...LATER, '--encrypt-key', RSA_KEY, '--sign-key', RSA_KEY, 'DIR/source', URL],
    env: () => ({ GNUPGHOME: gnupgHome('rsa'), PASSPHRASE: '', SIGN_PASSPHRASE: '' }),
    status: 31,
    says: ['the signing key has a passphrase', 'Set SIGN_PASSPHRASE to the passphrase of the signing key.'],
    never: /Import|not here/,
  },
  {
    cause: 'nobody is there to enter the passphrase of a key that has none',
    args: ['restore', URL, 'DIR/out'],
    prepare: forKey,
    env: () => ({ GNUPGHOME: (secretHome ??= gnupgHome()) }),
    status: 30,
    says: ['PASSPHRASE= will do'],
  },
  {
    cause: 'only the public key is here, and the archive dir is lost',
    args: ['incremental', ...LATER, '--encrypt-key', RSA_KEY, 'DIR/source', URL],
    prepare: forKey,
    env: () => ({ GNUPGHOME: (publicHome ??= gnupgHome('public')) }),
    status: 31,
    says: ['make a full backup, which needs none'],
  },
  {
    cause: 'an encrypted increment goes on a clear chain',
    args: [...LATER, 'DIR/source', URL],
    prepare: () => put(s.source, { new: '' }, timeOfSet(1)),
    env: () => ({ PASSPHRASE }),
    status: 0,
    says: ['stays readable for everybody', 'Make a full backup to encrypt everything'],
  },
  {
    cause: 'the source is a link to a directory',
    args: [PLAIN, 'full', ...LATER, 'DIR/link', URL],
    prepare: () => symlinkSync('source', `${s.dir}/link`),
    status: 0,
    says: ['the link is stored', 'link/ to mean that'],
  },
  {
    cause: 'the source is a link to a file',
    args: [PLAIN, 'full', ...LATER, 'DIR/link', URL],
    prepare: () => symlinkSync('source/notes.txt', `${s.dir}/link`),
    status: 0,
    says: ['the link is stored', 'Use --copy-links'],
    never: /link\/ to mean/,
  },
  {
    cause: 'the target is the source',
    args: [PLAIN, 'full', ...LATER, 'DIR/source', 'file://DIR/source'],
    status: 0,
    says: ['is where this backup is stored, too', 'Store backups in a place of their own'],
  },
  {
    cause: 'the target lies in the source',
    args: [PLAIN, 'full', ...LATER, 'DIR', URL],
    status: 0,
    says: ['remote is where this backup is stored: it is left out'],
  },
  {
    cause: 'a list of files begins with the source',
    args: [PLAIN, '--files-from', 'DIR/list', 'DIR/source', URL],
    prepare: list('source/notes.txt\n'),
    status: 13,
    says: ['list, line 1: source/notes.txt is not in the source', 'relative to the source directory'],
    never: /who may read it|mount/,
  },
  {
    cause: 'a list of files ends its names with NUL',
    args: [PLAIN, '--files-from', 'DIR/list', 'DIR/source', URL],
    prepare: list('a/b\0notes.txt\0'),
    status: 7,
    says: ['list, line 1', '--null-separator'],
  },
  {
    cause: 'a line of an include list lies outside the source',
    args: [PLAIN, '--include-filelist', 'DIR/list', '--exclude', '**', 'DIR/source', URL],
    prepare: list('**/a\n/elsewhere\n'),
    status: 14,
    says: ['list, line 2: The pattern /elsewhere'],
  },
  {
    cause: 'an include list matches nothing',
    args: [PLAIN, ...LATER, '--include-filelist', 'DIR/list', '--exclude', '**', 'DIR/source', URL],
    prepare: list('**/nothing-of-that-name\n'),
    status: 0,
    says: ['list includes nothing that is there'],
  },
  {
    cause: 'a file is there already',
    args: [PLAIN, 'restore', '--file-to-restore', 'notes.txt', URL, 'DIR/source'],
    status: 11,
    says: ['source/notes.txt already exists', 'add --force to replace it'],
  },
  {
    cause: 'a directory has the name of the file',
    args: [PLAIN, 'restore', '--force', '--file-to-restore', 'notes.txt', URL, 'DIR/out'],
    prepare: () => mkdirSync(`${s.dir}/out/notes.txt`, { recursive: true }),
    status: 11,
    says: ['name another target'],
    never: /--force/,
  },
  {
    cause: 'a path to restore begins with the source',
    args: [PLAIN, 'restore', '--file-to-restore', 'source/a/b', URL, 'DIR/out'],
    status: 19,
    says: ['Did you mean a/b?'],
  },
  {
    cause: 'a target cannot be made',
    args: [PLAIN, 'restore', URL, '/proc/none/out'],
    status: 1,
    says: ['/proc/none/out', 'Name a target in a place where directories can be made'],
    never: /processing \n/,
  },
  {
    cause: 'the URL of a reading action is mistyped',
    args: [PLAIN, 'collection-status', 'file://DIR/typo'],
    status: 0,
    says: ['typo is not there'],
  },
  {
    cause: 'the newest set has left only its manifest',
    args: [PLAIN, 'restore', URL, 'DIR/out'],
    prepare: () => {
      const stem = names(s.remote).find((name) => name.includes('manifest')) ?? '';
      const [, stamp = ''] = /full\.(\w+)\./.exec(stem) ?? [];
      const inc = `duplicity-inc.${stamp}.to.20240101T000000Z.manifest`;
      const moved = readFileSync(`${s.remote}/${stem}`);
      writeFileSync(`${s.remote}/${inc}`, moved);
    },
    status: 52,
    says: ['The backup before it', 'can be had with --time'],
  },
  {
    cause: 'a volume is gone',
    args: [PLAIN, 'restore', URL, 'DIR/out'],
    prepare: () => {
      const volume = names(s.remote).find((name) => name.includes('vol1')) ?? '';
      renameSync(`${s.remote}/${volume}`, `${s.dir}/lost`);
    },
    status: 52,
    says: ['is in the manifest but not on the remote', 'restore --salvage'],
  },
];

/** Messages that end in nothing, and mistakes of users that are told as mistakes of the program. */
const NONSENSE = /processing $|This is a bug/m;

test.each(ROWS)('$cause: the words fit', async ({ args, prepare, env, status, says, never = NONSENSE }) => {
  prepare?.();
  const words = args.map((word) => word.replaceAll('DIR', s.dir));
  const result = await duplicity(['--allow-source-mismatch', '--archive-dir', `${tempDir()}/archive`, ...words], {
    env: env?.() ?? {},
  });
  const output = `${result.stdout}\n${result.stderr}`;
  expect([result.status, output]).toEqual([status, output]);
  for (const phrase of says) expect(output).toContain(phrase);
  for (const pattern of [never, NONSENSE]) expect(output).not.toMatch(pattern);
});

/** Another backup in the place of that of the scene: one that is encrypted for the key. */
function forKey(): void {
  rmSync(s.remote, { recursive: true });
  cpSync(golden('pub'), s.remote, { recursive: true });
}
