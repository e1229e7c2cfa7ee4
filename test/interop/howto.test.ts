import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { listing } from '../support/listing.ts';
import { parseList, parseStatus } from '../support/outputs.ts';
import { golden, root } from '../support/paths.ts';
import { run, succeeded, type RunResult } from '../support/processes.ts';
import { runDuplicity } from '../support/run.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

const DAY = 86_400;

const files = [
  ['Documents/letter.txt', 'Dear Sir\n'],
  ['.cache/thumbnails/1', 'picture'],
  ['.profile', 'umask 077\n'],
] as const;

// The steps that most how-to pages show, as they are typed there.
describe.runIf(requireTool('gpg'))('the usual how-to', () => {
  let gnupg = '';
  let home = '';
  let url = '';

  beforeAll(() => {
    gnupg = gnupgHome();
  });

  beforeEach(() => {
    home = tempDir();
    url = `file://${home}/usb/backup`;
    mkdirSync(`${home}/usb`);
    for (const [path, content] of files) {
      mkdirSync(dirname(`${me()}/${path}`), { recursive: true });
      writeFileSync(`${me()}/${path}`, content);
      // A change within the second of the version before is not noticed.
      utimesSync(`${me()}/${path}`, now() - DAY, now() - DAY);
    }
  });

  const env = (): Record<string, string> => ({ GNUPGHOME: gnupg, PASSPHRASE });
  const duplicity = async (words: readonly string[], extra: Record<string, string> = {}): Promise<RunResult> =>
    succeeded(await runDuplicity(words, { home, env: { ...env(), ...extra } }));
  const now = (): number => Math.floor(Date.now() / 1000);
  const me = (): string => `${home}/me`;

  /** A full backup of eight days ago, an increment of yesterday, and one more line in the letter in between. */
  async function backedUp(): Promise<void> {
    await duplicity(['full', `--encrypt-key=${RSA_KEY}`, '--current-time', String(now() - 8 * DAY), me(), url]);
    appendFileSync(`${me()}/Documents/letter.txt`, 'Yours\n');
    await duplicity(['inc', `--encrypt-key=${RSA_KEY}`, '--current-time', String(now() - DAY), me(), url]);
  }

  test('duplicity full --encrypt-key=K SRC URL', async () => {
    await duplicity(['full', `--encrypt-key=${RSA_KEY}`, me(), url]);
    const stored = readdirSync(`${home}/usb/backup`);
    expect(stored).toHaveLength(3);
    expect(stored.filter((name) => !name.endsWith('.gpg'))).toEqual([]);
    await duplicity([url, `${home}/back`]);
    expect(contents(`${home}/back`)).toEqual(contents(me()));
  });

  test('duplicity inc --encrypt-key=K SRC URL', async () => {
    await backedUp();
    const { stdout } = await duplicity(['collection-status', url]);
    expect(parseStatus(stdout).map(({ type }) => type)).toEqual(['Full', 'Incremental']);
    await duplicity(['restore', url, `${home}/back`]);
    expect(readFileSync(`${home}/back/Documents/letter.txt`, 'latin1')).toBe('Dear Sir\nYours\n');
  });

  test('duplicity SRC URL is a full backup first, then increments', async () => {
    const first = await duplicity([`--encrypt-key=${RSA_KEY}`, '--current-time', String(now() - DAY), me(), url]);
    expect(first.stdout).toContain('No signatures found, switching to full backup.\n');
    await duplicity([`--encrypt-key=${RSA_KEY}`, me(), url]);
    const { stdout } = await duplicity(['collection-status', url]);
    expect(parseStatus(stdout).map(({ type }) => type)).toEqual(['Full', 'Incremental']);
  });

  test('duplicity verify --compare-data URL SRC', async () => {
    await backedUp();
    const same = await duplicity(['verify', '--compare-data', url, me()]);
    expect(same.stdout).toContain('Verify complete: 7 files compared, 0 differences found.\n');
    writeFileSync(`${me()}/.profile`, 'umask 000\n');
    const changed = await runDuplicity(['verify', '--compare-data', url, me()], { home, env: env() });
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(/^Difference found: (?:File|Data for file) \.profile /m);
    expect(changed.stdout).toContain('Verify complete: 7 files compared, 1 difference found.\n');
  });

  test('duplicity --time 7D --file-to-restore Documents/letter.txt URL letter_alt.txt', async () => {
    await backedUp();
    await duplicity(['--time', '7D', '--file-to-restore', 'Documents/letter.txt', url, 'letter_alt.txt']);
    expect(readFileSync(`${home}/letter_alt.txt`, 'latin1')).toBe('Dear Sir\n');
    await duplicity(['--file-to-restore', 'Documents/letter.txt', url, 'letter.txt']);
    expect(readFileSync(`${home}/letter.txt`, 'latin1')).toBe('Dear Sir\nYours\n');
  });

  test('duplicity list-current-files URL', async () => {
    await backedUp();
    rmSync(`${me()}/.profile`);
    await duplicity([`--encrypt-key=${RSA_KEY}`, me(), url]);
    const paths = ['.', '.cache', '.cache/thumbnails', '.cache/thumbnails/1', 'Documents', 'Documents/letter.txt'];
    const { stdout } = await duplicity(['list-current-files', url]);
    expect(parseList(stdout).map(({ path }) => path)).toEqual(paths);
  });

  test("duplicity --include /a/home --include /a/etc --exclude '**' /a URL", async () => {
    const a = `${home}/a`;
    for (const path of ['home/me', 'etc/ssl', 'var/log', 'homeless']) {
      mkdirSync(`${a}/${path}`, { recursive: true });
      writeFileSync(`${a}/${path}/file`, path);
    }
    const selection = ['--include', `${a}/home`, '--include', `${a}/etc`, '--exclude', '**'];
    await duplicity([`--encrypt-key=${RSA_KEY}`, ...selection, a, url]);
    await duplicity([url, `${home}/back`]);
    expect(contents(`${home}/back`)).toEqual(
      contents(a).filter(([path]) => /^(?:\.$|(?:home|etc)(?:\/|$))/.test(path)),
    );
    expect(contents(`${home}/back`)).toHaveLength(7);
  });

  test('duplicity --exclude SRC/sub-directory SRC URL', async () => {
    await duplicity([`--encrypt-key=${RSA_KEY}`, '--exclude', `${me()}/.cache`, me(), url]);
    const { stdout } = await duplicity(['list-current-files', url]);
    expect(parseList(stdout).map(({ path }) => path)).toEqual(['.', '.profile', 'Documents', 'Documents/letter.txt']);
  });

  test('a script with its passphrase exported', async () => {
    // An unset GNUPGHOME and the program in PATH, as for a user.
    mkdirSync(`${home}/bin`);
    symlinkSync(`${root}/duplicity`, `${home}/bin/duplicity`);
    symlinkSync(gnupg, `${home}/.gnupg`);
    writeFileSync(
      `${home}/backup.sh`,
      `#!/bin/sh
PATH="$HOME/bin:$PATH"
export PASSPHRASE=${PASSPHRASE}
duplicity full --encrypt-key=${RSA_KEY} --sign-key=${RSA_KEY} "$HOME/me" file://$HOME/usb/backup || exit
duplicity remove-older-than 6M --force file://$HOME/usb/backup || exit
duplicity --sign-key=${RSA_KEY} file://$HOME/usb/backup "$HOME/back" || exit
unset PASSPHRASE
`,
    );
    const node = { DUPLICITY_NODE: process.env['DUPLICITY_NODE'] ?? process.execPath };
    const { stdout } = succeeded(await run('sh', [`${home}/backup.sh`], { home, env: node }));
    expect(stdout).toContain('No old backup sets found, nothing deleted.\n');
    expect(contents(`${home}/back`)).toEqual(contents(me()));
  });

  test('encrypted to a key whose secret half is elsewhere, signed with another', async () => {
    const keys = [`--encrypt-key=${RSA_KEY}`, `--sign-key=${ECC_KEY}`];
    const server = gnupgHome('public');
    succeeded(
      await run('gpg', ['--homedir', server, '--batch', '--quiet', '--import', golden('keys/ecc.sec.asc')], { home }),
    );
    const there = { GNUPGHOME: server, SIGN_PASSPHRASE: PASSPHRASE };
    await duplicity(['full', ...keys, '--current-time', String(now() - DAY), me(), url], there);
    appendFileSync(`${me()}/Documents/letter.txt`, 'Yours\n');
    await duplicity(['inc', ...keys, me(), url], there);

    // The server looks and prunes without the passphrase of either key.
    const keyless = { GNUPGHOME: server, PASSPHRASE: undefined };
    const looking = async (...words: readonly string[]): Promise<string> =>
      succeeded(await runDuplicity([...words, url], { home, env: keyless })).stdout;
    expect(parseStatus(await looking('collection-status'))).toHaveLength(2);
    expect(parseList(await looking('list-current-files'))).toHaveLength(7);
    writeFileSync(`${home}/usb/backup/duplicity-full.20200101T000000Z.vol1.difftar.gpg`, 'x');
    expect(await looking('cleanup', '--force')).toContain('Deleting this file from backend:\n');
    expect(await looking('remove-older-than', '30D', '--force')).toContain('nothing deleted');
    expect(await looking('remove-all-inc-of-but-n-full', '1', '--force')).toContain('nothing deleted');
    expect(readdirSync(`${home}/usb/backup`)).toHaveLength(6);

    const locked = await runDuplicity([`--sign-key=${ECC_KEY}`, url, `${home}/back`], {
      home,
      env: { ...env(), ...there },
    });
    expect(locked.status).toBe(31);
    expect(locked.stderr).toContain('no secret key it was encrypted for is here');
    rmSync(`${home}/back`, { recursive: true, force: true });

    await duplicity([`--sign-key=${ECC_KEY}`, url, `${home}/back`]);
    expect(contents(`${home}/back`)).toEqual(contents(me()));
    const wrongSigner = await runDuplicity([`--sign-key=${RSA_KEY}`, url, `${home}/other`], { home, env: env() });
    expect(wrongSigner.status).toBe(22);
  });
});

/** Times have fractions in a source of this minute. */
function contents(dir: string): [path: string, mode: string | undefined, sha256: string | undefined][] {
  return listing(dir).map(({ path, mode, sha256 }) => [path, mode, sha256]);
}
