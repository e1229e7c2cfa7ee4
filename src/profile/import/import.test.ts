import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Surroundings } from '../../cli/surroundings.ts';
import { commandWords } from '../command-line.ts';
import { parseToml } from '../file/parse-toml.ts';
import { plain } from '../file/tree.ts';
import { loadProfile, type Profile } from '../profile.ts';
import { tomlKey, type TomlValue, tomlValue } from '../write/toml.ts';
import { importProfile } from './import.ts';
import { shellCommands } from './shell.ts';

const top = mkdtempSync(`${tmpdir()}/import-`);
afterAll(() => rmSync(top, { recursive: true }));
let dir = '';
let number = 0;
beforeEach(() => {
  dir = `${top}/${++number}`;
  mkdirSync(`${dir}/.duply/p`, { recursive: true });
});

const around = (): Surroundings => ({
  env: { HOME: dir, PATH: '/usr/bin:/bin' },
  now: 1_700_000_000,
  home: dir,
  homeOf: () => undefined,
  readFile: (path) => readFileSync(path),
  readStdin: () => Buffer.from(''),
});

/** What is printed, and what it means. */
async function imported(word: string): Promise<{ text: string; profile: Profile; words: readonly string[] }> {
  const text = (await importProfile(word, '/secrets', around())).text();
  writeFileSync(`${dir}/made.toml`, text);
  const profile = loadProfile(`${dir}/made.toml`, around());
  const [store] = profile.stores;
  if (store === undefined) throw new Error('no store');
  return { text, profile, words: commandWords(profile, store, 'backup') };
}

describe('crontab', () => {
  test('a line becomes a backup with its time, its retention and sources for its secrets', async () => {
    const line = `10 3 * * * PASSPHRASE=hunter2 FTP_PASSWORD='x y' nice duplicity --exclude "**/x y" --full-if-older-than 1M --volsize 50 /home/me 'ftp://u:geheim@host/d' >/dev/null 2>&1 && duplicity remove-older-than 6M --force ftp://u:geheim@host/d`;
    const { text, profile, words } = await imported(`crontab:${line}`);
    expect(words).toEqual([
      'backup',
      '--volsize',
      '50',
      '--full-if-older-than',
      '1M',
      '--exclude',
      '**/x y',
      '/home/me',
      'ftp://u@host/d',
    ]);
    expect(profile.values).toMatchObject({
      schedule: { every: 86_400, at: { hour: 3, minute: 10 } },
      keep: { within: 180 * 86_400 },
      keys: { passphrase: { file: '/secrets/crontab-passphrase' } },
      store: { main: { password: { file: '/secrets/crontab-password' } } },
    });
    expect(text).not.toMatch(/hunter2|geheim|x y'/);
  });

  test('a whole one is searched for the backup, with the variables above it', async () => {
    writeFileSync(
      `${dir}/tab`,
      `# duplicity /no file:///no\nMAILTO=me\nDEST="file:///mnt/b"\n*/5 * * * * true\n@weekly /usr/bin/duplicity full --include /a/b --exclude '**' /a "$DEST"\n`,
    );
    const { words, text } = await imported(`crontab:${dir}/tab`);
    expect(words).toEqual([
      'backup',
      '--full-if-older-than',
      '1s',
      '--include',
      '/a/b',
      '--exclude',
      '**',
      '/a',
      'file:///mnt/b',
    ]);
    expect(text).toContain('every = "1W"');
  });

  test('without a backup is refused', async () => {
    await expect(importProfile('crontab:0 3 * * * tar c /', '/s', around())).rejects.toThrow(
      'No backup by duplicity was found in the line.',
    );
    await expect(importProfile('rsnapshot:x', '/s', around())).rejects.toThrow(
      'profile import takes what another program is told.',
    );
    await expect(importProfile('borgmatic:/nowhere', '/s', around())).rejects.toThrow('Cannot read /nowhere: ENOENT.');
  });
});

test('the variables of Tecnativa: secrets stay in the environment, jobs become hooks', async () => {
  const lines = [
    'SRC=/data',
    'DST=s3:///b/x',
    'AWS_ACCESS_KEY_ID=AK',
    'AWS_SECRET_ACCESS_KEY=geheim',
    'PASSPHRASE=geheim',
    'OPTIONS=--exclude **/tmp',
    'OPTIONS_EXTRA=--metadata-sync-mode partial --file-prefix-archive a-$(hostname -f)-',
    'EMAIL_TO=a@b',
    'SMTP_HOST=smtp',
    'JOB_200_WHAT=pg_dump > $SRC/x.sql',
    'JOB_200_WHEN=daily',
  ];
  writeFileSync(`${dir}/env`, `${lines.join('\n')}\n`);
  const { words, profile, text } = await imported(`tecnativa:${dir}/env`);
  expect(words).toEqual([
    'backup',
    '--metadata-sync-mode',
    'partial',
    '--file-prefix-archive',
    'a--',
    '--exclude',
    '**/tmp',
    '/data',
    's3:///b/x',
  ]);
  expect(profile.values).toMatchObject({
    store: { main: { user: 'AK', password: { env: 'AWS_SECRET_ACCESS_KEY' } } },
    keys: { passphrase: { env: 'PASSPHRASE' } },
    hook: [{ before: 'backup', sh: 'pg_dump > $SRC/x.sql' }],
    notify: { mail: ['a@b'], smtp: { host: 'smtp', port: 25 } },
    schedule: { every: 86_400, at: { hour: 2 } },
  });
  expect(text).toContain('# - $(hostname -f) in the options can only be told by a shell');
  expect(text).not.toContain('geheim');
});

test('borgmatic: sources, patterns, retention, checks and commands; places beside the repositories', async () => {
  writeFileSync(
    `${dir}/b.yaml`,
    `source_directories: [/home, /etc]
repositories:
    - {path: ssh://u@h:22/./x.borg, label: off}
    - path: /mnt/b.borg
exclude_patterns: ['*.pyc', 'sh:/home/*/.cache', '/home/*/tmp']
exclude_caches: true
keep_daily: 7
keep_within: 2d
encryption_passphrase: geheim
checks: [{name: repository, frequency: 2 weeks}]
commands:
    - {before: action, when: [create], run: [echo hi]}
healthchecks: {ping_url: https://hc/x}
postgresql_databases: [{name: shop, username: pg, password: geheim}]
ntfy: {topic: x}
`,
  );
  const { words, profile, text } = await imported(`borgmatic:${dir}/b.yaml`);
  expect(words).toEqual([
    'backup',
    '--exclude-if-present',
    'CACHEDIR.TAG',
    '--exclude',
    '**.pyc',
    '--exclude',
    '/home/*/.cache',
    '--exclude',
    '/home/**/tmp',
    '--include',
    '/home',
    '--include',
    '/etc',
    '--exclude',
    '**',
    '/',
    'sftp://u@h:22/x-duplicity',
  ]);
  expect(profile.stores.map(({ url }) => url)).toEqual(['sftp://u@h:22/x-duplicity', 'file:///mnt/b-duplicity']);
  expect(profile.values).toMatchObject({
    keep: { daily: 7, within: 172_800 },
    checks: { scrub: { every: 1_209_600 } },
    hook: [{ before: 'backup', sh: 'echo hi' }],
    notify: { heartbeat: 'https://hc/x' },
    dump: { shop: { run: ['pg_dump', '-U', 'pg', 'shop'], path: 'shop.sql' } },
    keys: { passphrase: { file: '/secrets/b-passphrase' } },
  });
  expect(text).toContain('# - ntfy is not taken over.');
  expect(text).not.toContain('geheim');
  writeFileSync(`${dir}/b.yaml`, 'a: [\n');
  await expect(importProfile(`borgmatic:${dir}/b.yaml`, '/s', around())).rejects.toThrow(
    `${dir}/b.yaml:2:1: This is no YAML`,
  );
});

describe('duply', () => {
  const conf = (text: string): void => writeFileSync(`${dir}/.duply/p/conf`, text);

  test('what only a shell can tell is told, not run', async () => {
    conf(
      `SOURCE=/x\nTARGET='file:///y'\nGPG_KEY=disabled\nX=$(touch ${dir}/ran)\nif [ -e /z ]; then DUPL_PARAMS=a; fi\n`,
    );
    const { text, words } = await imported('duply:p');
    expect(text).toContain(`Line 4 of ${dir}/.duply/p/conf can only be told by a shell`);
    expect(() => readFileSync(`${dir}/ran`)).toThrow('ENOENT');
    expect(words).toEqual(['backup', '--name', 'duply_p', '--verbosity', '4', '--no-encryption', '/x', 'file:///y']);
  });

  test('a password in a URL, of a key or of a server becomes a source', async () => {
    conf(
      `SOURCE=/x\nTARGET='ftp://me:geheim@h/y'\nGPG_PW='geheim wort'\nexport SWIFT_TOKEN=geheim\nMAX_FULL_BACKUPS=2\nMAX_AGE=6M\n`,
    );
    writeFileSync(`${dir}/.duply/p/pre`, '');
    const { text, profile } = await imported('duply:p');
    expect(text).not.toContain('geheim');
    expect(profile.values).toMatchObject({
      keep: { within: 180 * 86_400 },
      hook: [{ before: 'backup', run: ['bash', `${dir}/.duply/p/pre`] }],
      keys: { passphrase: { file: '/secrets/p-passphrase' } },
      store: { main: { url: 'ftp://me@h/y', password: { file: '/secrets/p-password' } } },
    });
    expect(text).toContain('MAX_FULL_BACKUPS=2 is not taken over (remove-all-but-n-full 2)');
  });

  test('a profile that is not there, or says too little, is told', async () => {
    await expect(importProfile('duply:q', '/s', around())).rejects.toThrow('duply has no profile "q"');
    conf('SOURCE=/x\n');
    await expect(importProfile('duply:p', '/s', around())).rejects.toThrow(`${dir}/.duply/p/conf says no TARGET.`);
  });
});

test('words of a shell: quotes, escapes, variables, redirections, several commands', () => {
  const text = `a='x y' b="$a"\\ z # no\nexport C=\${a}1; run $b "it's" 2>/dev/null >> log last \\\n next && other \`id\``;
  expect(shellCommands(text, { PATH: '/bin' })).toEqual([
    { assignments: { a: 'x y', b: 'x y z' }, words: [], line: 1, unclear: undefined },
    { assignments: { C: 'x y1' }, words: ['export'], line: 2, unclear: undefined },
    { assignments: {}, words: ['run', 'x y z', "it's", 'last', 'next'], line: 2, unclear: undefined },
    { assignments: {}, words: ['other', ''], line: 3, unclear: '`id`' },
  ]);
});

test('what is written is read as the same', () => {
  const key = fc.string({ unit: 'binary' });
  const { value } = fc.letrec<{ value: TomlValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(key, value, (name, given) => {
      const read = plain(parseToml(`${tomlKey(name)} = ${tomlValue(given)}\n`, 'x'));
      expect(JSON.stringify(read)).toBe(JSON.stringify({ [name]: given }));
    }),
    { numRuns: 200 },
  );
});
