import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { arity, spellings } from '../cli/options/table.ts';
import type { AnyOption } from '../cli/options/option.ts';
import { buildSelection, type Selection } from '../selection/selection.ts';
import { type ProfilePlace, profilePlace, START, storeOf, WHERE } from '../testing/profile-place.ts';
import { bytePath } from '../util/bytepath.ts';
import { commandWords, environmentOf } from './command-line.ts';
import { isOfProfiles } from './parts/option-words.ts';
import type { Profile } from './profile.ts';
import { showLines, shownValues } from './show.ts';

const top = mkdtempSync(`${tmpdir()}/profile-`);
afterAll(() => rmSync(top, { recursive: true }));
let at: ProfilePlace;
beforeEach(() => {
  at = profilePlace(top);
});

describe('three lines', () => {
  test('are a backup, the same that the command line means', () => {
    expect(at.backup(at.load(START + WHERE))).toEqual(at.typed('backup', '/home/me', 'file:///mnt/backup'));
  });

  test('may name several places and several directories, whose common one is the top', () => {
    const profile = at.load(
      `${START}include = ["/etc/", "/home//me", "/home/you/./x"]\nto = ["file:///a", "file:///b"]`,
    );
    expect(profile.source).toBe('/');
    expect(profile.stores.map(({ url }) => url)).toEqual(['file:///a', 'file:///b']);
    const rules = ['--include', '/etc', '--include', '/home/me', '--include', '/home/you/x', '--exclude', '**'];
    expect(profile.rules).toEqual(rules);
  });
});

test('every option of the command line that is not of a single run means the same in a profile', () => {
  const samples = ['1', '1D', '50%', 'AABBCCDD', 'auto', 'partial', 'path', 'Hot', 'pyrax', '_', 'error'];
  // These exclude each other.
  const single = ['--s3-use-rrs', '--s3-use-onezone-ia'];
  const all = [...spellings().long.values()].filter((one) => isOfProfiles(one) && one.option.kind !== 'rule');
  const lines: string[] = [];
  const words: string[] = [];
  for (const spelling of all.filter(({ flag }) => !single.includes(flag))) {
    const { option, flag } = spelling;
    const sample = samples.find((word) => takes(option, word));
    const given = Array.from({ length: arity(spelling) }, () => sample ?? `no sample for ${flag}`);
    const value = given.length === 0 ? 'true' : JSON.stringify(given.length === 1 ? given[0] : given);
    lines.push(`options.${flag.slice(2)} = ${value}`);
    // Only those that concern a backup are on its command line.
    if (option.actions === 'all' || option.actions.includes('backup')) words.push(flag, ...given);
  }
  expect(lines.length).toBeGreaterThan(120);
  const { warnings, ...profile } = at.load(`${START}${WHERE}${lines.join('\n')}\n`);
  expect(at.backup({ ...profile, warnings })).toEqual(at.typed('backup', ...words, '/home/me', 'file:///mnt/backup'));
  expect(warnings.length).toBeGreaterThan(5);
});

function takes(option: AnyOption, word: string): boolean {
  if (option.kind === 'shorthand') return word === 'AABBCCDD';
  if (option.kind !== 'option') return true;
  try {
    option.read([word, word], { flag: option.flag, around: at.around(), timeSeparator: ':', warn: () => undefined });
    return true;
  } catch {
    return false;
  }
}

test('numbers, lists, dates and single values of options are words of the command line', () => {
  const options =
    'volsize = 50\ngpg-options = ["--a", "--b"]\ncopy-links = true\nfile-prefix = "x-"\nno-compression = false\nfull-if-older-than = 2020-01-02 03:04:05Z\n';
  const profile = at.load(`${START}${WHERE}[options]\n${options}rename = [["a", "b"], ["c", "d"]]\n`);
  const line = [
    '--volsize',
    '50',
    '--gpg-options',
    '--a',
    '--gpg-options',
    '--b',
    '--copy-links',
    '--file-prefix',
    'x-',
  ];
  expect(at.backup(profile)).toEqual(
    at.typed('backup', ...line, '--full-if-older-than', '2020-01-02T03:04:05Z', '/home/me', 'file:///mnt/backup'),
  );
  const restoring = profile.options.filter(({ name }) => name === 'rename').flatMap(({ words }) => words);
  expect(restoring).toEqual(['--rename', 'a', 'b', '--rename', 'c', 'd']);
});

test('keys, retention, rules for full backups and options of a store are its options', () => {
  const profile = at.load(`${START}include = ["/home/me"]
to = ["a", "b"]
keep = { last = 3, within = "60D" }
options = { volsize = 10, limit-upload = 5, gpg-options = "--x" }
keys = { encrypt-to = ["AABBCCDD"], sign-with = "AABBCCDD", sign-passphrase = { env = "P" } }
full = { when-older-than = "1M", when-chain-longer-than = 9 }
[store.a]
url = "s3:///bucket/{profile}"
user = "ID"
password = { env = "SECRET" }
env = { AWS_REGION = "eu" }
[store.b]
url = "file:///b"
keep = { daily = 7 }
options = { volsize = 20, gpg-options = ["--y"], limit-upload = false }
`);
  const [a, b] = profile.stores;
  if (a === undefined || b === undefined) throw new Error('a store is missing');
  const keys = ['--encrypt-key', 'AABBCCDD', '--sign-key', 'AABBCCDD'];
  const full = ['--full-if-older-than', '1M', '--full-if-chain-longer-than', '9'];
  expect(commandWords(profile, a, 'backup')).toEqual([
    'backup',
    '--volsize',
    '10',
    '--limit-upload',
    '5',
    '--gpg-options',
    '--x',
    ...keys,
    ...full,
    '/home/me',
    's3:///bucket/p',
  ]);
  expect(commandWords(profile, b, 'backup')).toEqual([
    'backup',
    ...keys,
    ...full,
    '--volsize',
    '20',
    '--gpg-options',
    '--y',
    '/home/me',
    'file:///b',
  ]);
  expect(commandWords(profile, a, 'prune').slice(-5)).toEqual([
    '--keep-last',
    '3',
    '--keep-within',
    '2M',
    's3:///bucket/p',
  ]);
  expect(commandWords(profile, b, 'prune').slice(-3)).toEqual(['--keep-daily', '7', 'file:///b']);
  expect(environmentOf(profile, a)).toEqual({
    SIGN_PASSPHRASE: { env: 'P' },
    AWS_SECRET_ACCESS_KEY: { env: 'SECRET' },
    AWS_ACCESS_KEY_ID: 'ID',
    AWS_REGION: 'eu',
  });
});

test('every section is there for programs, in their values', () => {
  const { values } = at.load(`${START}${WHERE}
[schedule]
every = "1D"
at = "03:10"
spread = "20m"
only-if = ["ac"]
at-latest = "3D"
[guard]
must-exist = ["/home/me/.here"]
shrink = "50%"
[[hook]]
before = "backup"
run = ["true"]
timeout = "10m"
[checks]
scrub = { every = "1D", bytes = "2G" }
[notify]
mail = "me@example.org"
heartbeat = { file = "/x" }
[metrics]
textfile = "/x"
labels = { site-name = "a" }
[dump.my-db]
run = ["pg_dump"]
path = "a.sql"
`);
  expect(values).toMatchObject({
    schedule: { every: 86_400, at: { hour: 3, minute: 10 }, spread: 1200, onlyIf: ['ac'], atLatest: 259_200 },
    guard: { mustExist: ['/home/me/.here'], shrink: 0.5 },
    hook: [{ before: 'backup', run: ['true'], timeout: 600 }],
    checks: { scrub: { every: 86_400, bytes: '2G' } },
    notify: { mail: ['me@example.org'], heartbeat: { file: '/x' } },
    metrics: { textfile: '/x', labels: { 'site-name': 'a' } },
    dump: { 'my-db': { run: ['pg_dump'], path: 'a.sql' } },
  });
});

describe('defaults', () => {
  test('are inherited key by key, lists and values are replaced, exclude-add adds', () => {
    const defaults = `${START}exclude = ["**/a", "**/b"]\nexclude-add = ["**/c"]\nto = "nas"\nkeep = { daily = 7, weekly = 4 }
options = { volsize = 10, limit-upload = 5, copy-links = true }\n[store.nas]\nurl = "sftp://nas/{profile}"\noptions = { timeout = 9 }\n[schedule]\nevery = "1D"\nat = "03:00"\n`;
    at.put(defaults, 'defaults');
    const profile = at.load(
      `${START}include = ["/home/me"]\nexclude-add = ["**/d"]\nkeep = { last = 2 }\n[options]\nvolsize = 20\nlimit-upload = false\n[schedule]\nat = "04:00"\n`,
    );
    const nas = storeOf(profile);
    expect(commandWords(profile, nas, 'backup')).toEqual([
      'backup',
      '--volsize',
      '20',
      '--copy-links',
      '--timeout',
      '9',
      '--exclude',
      '**/a',
      '--exclude',
      '**/b',
      '--exclude',
      '**/c',
      '--exclude',
      '**/d',
      '/home/me',
      'sftp://nas/p',
    ]);
    expect(nas.keep).toEqual({ last: 2 });
    expect(profile.values.schedule).toMatchObject({ every: 86_400, at: { hour: 4 } });
    const origins = shownValues(profile.tree).map(({ key, at }) => `${key} ${at.file.split('/').at(-1)}:${at.line}`);
    expect(origins).toEqual(
      expect.arrayContaining([
        'exclude defaults.toml:2',
        'exclude-add defaults.toml:3',
        'exclude-add p.toml:3',
        'schedule.every defaults.toml:11',
        'schedule.at p.toml:9',
        'options.volsize p.toml:6',
      ]),
    );
  });

  test('can be left aside, and what is wrong in them is told with their own place', () => {
    at.put(`${START}exlude = []\n`, 'defaults');
    expect(at.failure(START + WHERE)).toContain(
      'defaults.toml:2:1: "exlude" is no key of a profile. Is exclude meant?',
    );
    expect(at.backup(at.load(`${START}${WHERE}defaults = false\n`))).toEqual(
      at.typed('backup', '/home/me', 'file:///mnt/backup'),
    );
    at.put(START, 'defaults');
    expect(at.failure(WHERE)).toContain('p.toml:1:1: The profile lacks version. Write version = 1.');
  });
});

/** What a profile selects below its top. */
function selectionOf(profile: Profile): (path: string) => boolean {
  const request = at.backup(profile);
  const selection: Selection = buildSelection(request.settings.selection, {
    root: bytePath(profile.source),
    rootIsDirectory: true,
    rootDevice: 0,
    isThere: () => true,
    nullSeparator: false,
    emit: () => undefined,
  });
  return (path) =>
    selection.decide(bytePath(path), { type: 'reg', mtime: 0, device: 0, holds: () => false }) === 'include';
}

describe('include and exclude', () => {
  const paths = [
    '/home/me/a',
    '/home/me/.cache/x',
    '/home/me/docs/.cache/y',
    '/home/you/a',
    '/etc/x',
    '/etc/ssl/key',
    '/var/a',
  ];

  test('mean the same in any order, and exclude wins', () => {
    const includes = ['/home/me', '/etc'];
    const excludes = ['**/.cache', '/etc/ssl'];
    for (const include of [includes, includes.toReversed()]) {
      for (const exclude of [excludes, excludes.toReversed()]) {
        const lists = [
          `include = ${JSON.stringify(include)}`,
          `exclude = ${JSON.stringify(exclude)}`,
          'to = "file:///x"',
        ];
        for (const lines of [lists, lists.toReversed()]) {
          const isIn = selectionOf(at.load(`${START}${lines.join('\n')}\n`));
          expect(paths.filter(isIn)).toEqual(['/home/me/a', '/etc/x']);
        }
      }
    }
  });

  test('names with wildcards and bytes that are no UTF-8 are taken as they are', () => {
    const bad = Buffer.from('/data/ren\xe9', 'latin1').toString('base64');
    const profile = at.load(
      `${START}include = ["/data/[a] b", { base64 = "${bad}" }]\nexclude = [{ base64 = "${Buffer.from('/data/[a] b/*\xff', 'latin1').toString('base64')}" }]\nto = "file:///x"\n`,
    );
    const isIn = selectionOf(profile);
    const all = [
      '/data/[a] b/c',
      '/data/a b/c',
      '/data/ren\xe9/x',
      '/data/rene/x',
      '/data/[a] b/*\xff',
      '/data/[a] b/1\xff',
    ];
    expect(all.filter(isIn)).toEqual(['/data/[a] b/c', '/data/ren\xe9/x', '/data/[a] b/1\xff']);
    expect(showLines(profile, false, at.around()).at(-1)).toContain("--include $'/data/ren\\xe9'");
  });

  test('~ and variables are replaced in both', () => {
    const profile = at.load(
      `${START}include = ["~/x", "$DATA/y"]\nexclude = ["~/x/no", "**/$RECYCLE.BIN"]\nto = "file:///x"\n`,
      at.around({ DATA: '/home/me/d' }),
    );
    expect([profile.source, profile.rules]).toEqual([
      '/home/me',
      [
        '--exclude',
        '/home/me/x/no',
        '--exclude',
        '**/$RECYCLE.BIN',
        '--include',
        '/home/me/x',
        '--include',
        '/home/me/d/y',
        '--exclude',
        '**',
      ],
    ]);
  });

  test('rules in select keep their order, options that exclude stand among the excludes', () => {
    const list = `${at.dir}/list`;
    writeFileSync(list, '- **/x\n');
    const selected = at.load(
      `${START}${WHERE}select = ["+ /home/me/.cache/x", { exclude-filelist = "${list}" }, "- **/.cache", { exclude-device-files = true }]\n`,
    );
    expect(selected.rules).toEqual([
      '--include',
      '/home/me/.cache/x',
      '--exclude-filelist',
      list,
      '--exclude',
      '**/.cache',
      '--exclude-device-files',
    ]);
    const sets = at.load(
      `${START}include = ["/home/me/a", "/home/me/b"]\nto = "file:///x"\noptions = { exclude-other-filesystems = true, exclude-regexp = ["x", "y"] }\n`,
    );
    expect(sets.rules.slice(0, 5)).toEqual([
      '--exclude-other-filesystems',
      '--exclude-regexp',
      'x',
      '--exclude-regexp',
      'y',
    ]);
  });
});

test('a store that nobody names is a warning, unless it is one of the defaults', () => {
  at.put(`${START}[store.spare]\nurl = "file:///spare"\n`, 'defaults');
  const { warnings } = at.load(`${START}${WHERE}[store.x]\nurl = "file:///x"\n`);
  expect(warnings).toMatchObject([{ at: { line: 4 }, text: 'store.x is not in to: nothing is sent there.' }]);
});
