import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/cli/parse.ts';
import { processSurroundings } from '../../src/cli/surroundings.ts';
import { environmentOf, requestFor } from '../../src/profile/command-line.ts';
import { importProfile } from '../../src/profile/import/import.ts';
import { shellCommands } from '../../src/profile/import/shell.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { endedWith } from '../support/ended.ts';
import { gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { parseList, parseStatus } from '../support/outputs.ts';
import type { RunResult } from '../support/processes.ts';
import type { Program } from '../support/programs.ts';
import { names, put, treeOf } from '../support/scene.ts';
import { requireReference, requireTool } from '../support/tools.ts';
import { machine, type Machine } from './machine.ts';

const DAY = 86_400;
/** Forty starts of duply, which take it 0.3 s, and of two programs, on a machine that is busy with other tests. */
const LONG_MS = 300_000;
const NOW = Math.floor(Date.now() / 1000);

/** A profile that duply has made, set to `source` and `remote` of the machine. */
interface Profile extends Machine {
  readonly source: string;
  readonly remote: string;
  /** `duply p WORDS..`, which must end with `status`. */
  readonly duply: (words: readonly string[], status?: number) => Promise<RunResult>;
}

// The words of the profile's own file: VARIABLE='value' lines, here in the way its comments describe.
async function profile(
  program: Program,
  settings: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Profile> {
  const at = await machine(program, env);
  const source = `${at.home}/my files`;
  const remote = `${at.home}/remote`;
  const duply = async (words: readonly string[], status = 0): Promise<RunResult> =>
    endedWith(status, await at.run('duply', ['p', ...words]));
  await duply(['create']);
  const conf = `${at.home}/.duply/p/conf`;
  const all = { SOURCE: source, TARGET: `file://${remote}`, TEMP_DIR: `${at.home}/tmp`, ARCH_DIR: '', ...settings };
  let text = readFileSync(conf, 'latin1');
  for (const [name, value] of Object.entries(all)) {
    text = text.replaceAll(new RegExp(`^${name}=.*\n`, 'gm'), '');
    if (value !== '') text += `${name}='${value}'\n`;
  }
  writeFileSync(conf, `${text}DUPL_PARAMS="$DUPL_PARAMS --volsize 1 --exclude-if-present '.nobackup' "\n`, 'latin1');
  writeFileSync(`${at.home}/.duply/p/exclude`, '# what may be lost\n- **.tmp\n');
  put(source, {
    'letter.txt': 'Dear Sir\n',
    "sub/it's": 'a',
    'sub/x.tmp': 'no',
    'thumbs/.nobackup': '',
    'thumbs/1': '1',
  });
  return { ...at, source, remote, duply };
}

const daysAgo = (days: number): readonly string[] => ['--current-time', String(NOW - days * DAY)];

describe.runIf(requireTool('duply'))('duply', () => {
  test.runIf(requireReference())(
    'shows the same and ends with the same status as with the reference',
    { timeout: LONG_MS },
    async () => {
      const settings = { GPG_KEY: 'disabled', MAX_AGE: '30D', MAX_FULL_BACKUPS: '1', MAX_FULLS_WITH_INCRS: '1' };
      const cycle = async (program: Program): Promise<Step[]> => wholeCycle(await profile(program, settings));
      const [ours, theirs] = await Promise.all([cycle('ours'), cycle('the reference')]);
      expect(ours.map(({ words }) => words)).toEqual(theirs.map(({ words }) => words));
      for (const [k, step] of ours.entries()) expect(step).toEqual(theirs[k]);
    },
  );

  describe.runIf(requireTool('gpg'))('backs up, shows, prunes and restores', () => {
    let gnupg = '';

    beforeAll(() => {
      gnupg = gnupgHome();
    });

    // As duply's manual asks for with gpg 2.1 and newer.
    const loopback = '--pinentry-mode loopback';

    test('with a passphrase', async () => {
      const settings = { GPG_KEY: '', GPG_PW: PASSPHRASE, GPG_OPTS: `${loopback} --s2k-count 65536` };
      const at = await profile('ours', settings, { GNUPGHOME: gnupg });
      const { stdout } = await shortCycle(at, /^duplicity-\S+\.(?:difftar|sigtar|manifest)\.gpg$/);
      expect(stdout).toContain('Test - Encryption with passphrase (OK)');
    });

    test('with a key, which signs too and is saved in the profile', async () => {
      const at = await profile(
        'ours',
        { GPG_KEY: RSA_KEY, GPG_PW: PASSPHRASE, GPG_OPTS: loopback },
        { GNUPGHOME: gnupg },
      );
      const { stdout } = await shortCycle(at, /^duplicity-\S+\.gpg$/);
      expect(stdout).toContain(`Autoset found secret key of first GPG_KEY entry '${RSA_KEY}' for signing.`);
      expect(names(`${at.home}/.duply/p`)).toContain(`gpgkey.${RSA_KEY}.sec.asc`);
      // What is damaged on the remote is noticed.
      const [volume = ''] = names(at.remote).filter((name) => name.includes('difftar'));
      const data = readFileSync(`${at.remote}/${volume}`);
      writeFileSync(`${at.remote}/${volume}`, data.fill(0, 600, 700));
      expect((await at.duply(['verify'], 1)).stderr).toMatch(/failed with exit code '\d+'/);
    });

    test('but not with another passphrase', async () => {
      const at = await profile('ours', { GPG_KEY: '', GPG_PW: PASSPHRASE, GPG_TEST: 'disabled' }, { GNUPGHOME: gnupg });
      await at.duply(['bkp']);
      const conf = `${at.home}/.duply/p/conf`;
      writeFileSync(conf, readFileSync(conf, 'latin1').replace(PASSPHRASE, 'wrong'));
      const { stderr } = await at.duply(['restore', `${at.home}/back`], 1);
      expect(stderr).toMatch(/Bad session key[^]*Task 'RESTORE' failed with exit code '31'/);
    });
  });
});

describe.runIf(requireTool('duply'))('a profile made of one of duply', () => {
  test.each([
    ['without encryption', { GPG_KEY: 'disabled', MAX_AGE: '30D', VERBOSITY: '5' }],
    [
      'with a passphrase',
      { GPG_KEY: '', GPG_PW: PASSPHRASE, GPG_OPTS: '--pinentry-mode loopback', GPG_TEST: 'disabled' },
    ],
    [
      'with a server, a name and a password',
      { GPG_KEY: 'disabled', TARGET: 'ftp://host/d', TARGET_USER: 'a b', TARGET_PASS: 'geheim' },
    ],
    ['with an archive dir', { GPG_KEY: 'disabled', ARCH_DIR: '/var/cache/duply' }],
  ])('%s has the arguments that duply shows', async (_what, settings) => {
    const at = await profile('ours', settings, { GNUPGHOME: requireTool('gpg') ? gnupgHome() : '' });
    const around = { ...processSurroundings(), env: at.env, home: at.home };
    const { stdout } = await at.duply(['bkp', '--preview']);
    const shown = shellCommands(stdout, {}).find(({ words }) => words[0] === 'duplicity');
    const theirs = parseCommandLine(shown?.words.slice(1) ?? [], around);

    const text = (await importProfile('duply:p', '/secrets', around)).text();
    writeFileSync(`${at.home}/p.toml`, text);
    const made = loadProfile(`${at.home}/p.toml`, around);
    const [store] = made.stores;
    if (store === undefined) throw new Error('no store');
    const ours = requestFor(made, store, 'backup', around);
    // duply gives the directory for temporary files as a variable.
    const { TMPDIR: tempdir } = shown?.assignments ?? {};
    expect(ours).toEqual({ ...theirs, settings: { ...('settings' in theirs && theirs.settings), tempdir } });
    const secrets = Object.keys(shown?.assignments ?? {}).filter((name) => name !== 'TMPDIR');
    expect(Object.keys(environmentOf(made, store))).toEqual(secrets);
    expect(text).not.toMatch(new RegExp(`${PASSPHRASE}|geheim`));
  });
});

interface Step {
  readonly words: string;
  readonly status: number | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Each command of duply at least once, over three chains, the oldest and the second of which go. */
async function wholeCycle({ run, source, remote, home }: Profile): Promise<Step[]> {
  const steps: Step[] = [];
  const step = async (...words: readonly string[]): Promise<void> => {
    const { status, stdout, stderr } = await run('duply', ['p', ...words]);
    const [out, err] = [wordsOfDuplicity(stdout, home), wordsOfDuplicity(stderr, home)];
    steps.push({ words: words.join(' ').replaceAll(home, '~'), status, stdout: out, stderr: err });
  };
  await step('bkp', ...daysAgo(40));
  put(source, { 'letter.txt': 'Dear Sir\nYours\n' }, NOW - 36 * DAY);
  await step('incr', ...daysAgo(35));
  await step('full', ...daysAgo(20));
  put(source, { 'new.txt': 'new' }, NOW - 16 * DAY);
  await step('incr', ...daysAgo(15));
  await step('full', ...daysAgo(2));
  await step('incr', ...daysAgo(1));
  await step('status_list_verify');
  await step('list_verify', '17D', '--compare-data');
  await step('verifyPath', 'letter.txt', `${source}/letter.txt`, '--compare-data');
  await step('fetch', 'letter.txt', `${home}/letter`, '38D');
  expect(readFileSync(`${home}/letter`, 'latin1')).toBe('Dear Sir\n');
  await step('fetch', 'absent', `${home}/absent`);
  await step('restore', `${home}/back`);
  expect(treeOf(`${home}/back`)).toEqual(kept(source));
  await step('restore', `${home}/back`);
  await step('purge_purgeIncr_purgeFull');
  await step('purge_purgeIncr_purgeFull', '--force');
  await step('cleanup');
  writeFileSync(`${remote}/duplicity-full.20200101T000000Z.vol1.difftar.gz`, '');
  await step('cleanup');
  await step('cleanup_status', '--force');
  return steps;
}

/** Two chains and what can be done with them; every file on the remote must be `stored`. */
async function shortCycle({ duply, source, remote, home }: Profile, stored: RegExp): Promise<RunResult> {
  const first = await duply(['bkp', ...daysAgo(40)]);
  put(source, { 'letter.txt': 'Dear Sir\nYours\n' }, NOW - 36 * DAY);
  await duply(['incr', ...daysAgo(35)]);
  await duply(['full', ...daysAgo(1)]);
  expect(names(remote)).toHaveLength(9);
  expect(names(remote).filter((name) => !stored.test(name))).toEqual([]);

  const { stdout } = await duply(['status_list_verify']);
  expect(parseStatus(stdout).map(({ type }) => type)).toEqual(['Full', 'Incremental', 'Full']);
  expect(
    parseList(stdout.slice(0, stdout.indexOf('--- Finished state OK', stdout.indexOf('command LIST')))),
  ).toHaveLength(4);
  expect(stdout).toContain('\nVerify complete: 4 files compared, 0 differences found.\n');

  await duply(['fetch', 'letter.txt', `${home}/letter`, '38D']);
  expect(readFileSync(`${home}/letter`, 'latin1')).toBe('Dear Sir\n');
  // On another machine: nothing in the archive dir.
  rmSync(`${home}/.cache`, { recursive: true });
  await duply(['restore', `${home}/back`]);
  expect(treeOf(`${home}/back`)).toEqual(kept(source));
  const pruned = await duply(['purge_cleanup_incr', '30D', '--force']);
  expect(pruned.stdout.match(/^--- Finished state OK/gm)).toHaveLength(3);
  expect(names(remote)).toHaveLength(6);
  return first;
}

/** What the exclude file and the settings of the profile leave in the backup. */
function kept(source: string): ReturnType<typeof treeOf> {
  return treeOf(source).filter(({ path }) => !/\.tmp$|^thumbs/.test(path));
}

/** Where the programs differ on purpose; of no use to duply, which goes by the exit status. */
const OWN_WORDS = new RegExp(
  [
    // The text of a warning, and hints after errors.
    'Command line warning: Selection options .*',
    'currently work only when backing up,not restoring\\.',
    'Paths are relative to the root of the backup; .*',
    'Name a new or empty directory, or add --force .*',
    // cleanup needs no metadata.
    'Local and Remote metadata are synchronized, no sync needed\\.',
    'Warning, found incomplete backup sets, probably left from aborted session',
    // What duply says of the program and of the time; it looks for Python in the first line of a script.
    'Using installed duplicity .*',
    'Start duply .*',
    '.*WARNING:: command not found',
  ]
    .map((line) => `^${line}$`)
    .join('|'),
);

/** What duply shows, without clocks and sizes of compressed bytes. */
function wordsOfDuplicity(text: string, home: string): string[] {
  return text
    .replaceAll(home, '~')
    .replaceAll(/^(StartTime|EndTime|ElapsedTime|TotalDestinationSizeChange) .*$/gm, '$1')
    .replaceAll(/^Incomplete backup sets, .*:\n(?:duplicity-.*\n)+/gm, '')
    .replaceAll(/ at \d{4}-\d\d-\d\d .*$|^\d{4}-\d\d-\d\d [\d:.]+/gm, '')
    .split('\n')
    .filter((line) => !OWN_WORDS.test(line));
}
