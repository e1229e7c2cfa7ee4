import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gnupgHome, RSA_KEY } from '../support/gnupg.ts';
import { heard } from '../support/heard.ts';
import { testHome } from '../support/home.ts';
import { startDuplicity } from '../support/run.ts';
import {
  backUp,
  duplicity,
  duplicityAfter,
  faults,
  good,
  type Outcome,
  PLAIN,
  put,
  type Scene,
  scene,
  WITHOUT_TERMINAL,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';
import { requireTool } from '../support/tools.ts';

interface Failure {
  /** First line on stderr. */
  readonly says: string;
  /** Fields of the record behind the code. */
  readonly fields: string;
}

/** A failure, checked for what all have in common: status, a sentence on stderr and nowhere else, one record. */
function failureOf(result: Outcome, status: number): Failure {
  const { stdout, stderr, records } = result;
  const says = stderr.split('\n')[0] ?? '';
  const errors = records.filter(({ level }) => level === 'ERROR');
  const [error] = errors;
  expect({ status: result.status, stdout, stderr }).toEqual({ status, stdout, stderr: expect.stringMatching(/.\n$/) });
  expect(stdout).not.toContain(says);
  expect(errors).toEqual([expect.objectContaining({ code: status, text: stderr.trimEnd() })]);
  return { says, fields: error?.fields ?? '' };
}

const plain = (...args: readonly string[]): Promise<Outcome> => duplicity([...PLAIN, ...args]);

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'content of a', 'd/x': 'content of x' });
});

/** The file of the remote whose name has this part. */
function remoteFile(part: string): string {
  const name = readdirSync(s.remote).find((name) => name.includes(part));
  if (name === undefined) throw new Error(`no ${part} in ${s.remote}`);
  return `${s.remote}/${name}`;
}

function archiveDir(): string {
  return `${testHome()}/.cache/duplicity/${createHash('md5').update(s.url).digest('hex')}`;
}

/** Changes the text of the only manifest, remote and here. */
function editManifest(edit: (text: string) => string, places: readonly ('remote' | 'local')[]): void {
  const name = readdirSync(s.remote).find((name) => name.endsWith('manifest')) ?? '';
  for (const place of places) {
    const path = `${place === 'remote' ? s.remote : archiveDir()}/${name}`;
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
  }
}

describe('2: usage errors', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['an unknown option', ['--nope'], 'no such option: --nope'],
    ['nothing at all', [], 'Expected 2 args, got 0'],
    ['too few words', ['full', 'x'], 'Expected 2 args, got 1'],
    ['two paths', ['x', 'y'], 'One of the arguments must be an URL'],
    ['two URLs', ['file://x', 'file://y'], 'Two URLs specified'],
    ['the wrong order', ['full', 'file://x', 'y'], 'full takes the source path first'],
    ['a bad time', ['remove-older-than', 'soon', 'file://x'], ''],
    ['a bad count', ['remove-all-but-n-full', '0', 'file://x'], 'remove-all-but-n-full needs a count above 0'],
    ['a value that is no number', ['--volsize', 'big', 'x', 'file://y'], ''],
    ['a path to restore with a backup', ['--file-to-restore', 'a', 'x', 'file://y'], '--path-to-restore'],
    ['an ambiguous action', ['r', 'file://x'], "command 'r' not unique"],
  ];
  test.each(cases)('%s is two lines', async (_what, args, says) => {
    const result = await duplicity(args);
    expect(result.status).toBe(2);
    const [first, second, ...rest] = result.stderr.split('\n');
    expect(first).toMatch(/^Command line error: ./);
    expect(first).toContain(says);
    expect([second, ...rest].filter((line) => line !== '').at(-1)).toBe("Enter 'duplicity --help' for help screen.");
    expect(result.stdout).toBe('');
    expect(result.records).toEqual([expect.objectContaining({ level: 'ERROR', code: 2 })]);
  });

  test('a log descriptor that is closed is one', async () => {
    const { status, stderr } = await duplicity(['--log-fd', '77', 'collection-status', s.url]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Command line error: --log-fd 77 is not an open file descriptor/);
  });

  test('malformed faults are one', async () => {
    const { status, stderr } = await duplicity(['collection-status', s.url], { env: { DUPLICITY_TEST_FAULTS: '{' } });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Command line error: DUPLICITY_TEST_FAULTS is malformed/);
  });
});

describe('what the command line names', () => {
  test('8: a path where a URL belongs', async () => {
    expect(failureOf(await plain('cleanup', '/tmp'), 8)).toMatchObject({ says: "Bad URL '/tmp'." });
  });

  test('7: a file list that is not there', async () => {
    const result = await plain('--include-filelist', `${s.dir}/absent`, s.source, s.url);
    expect(failureOf(result, 7)).toMatchObject({ says: expect.stringMatching(/^Error opening file .*absent/) });
  });

  test('10: a sign key that is none', async () => {
    const result = await plain('--sign-key', 'me', s.source, s.url);
    expect(failureOf(result, 10)).toMatchObject({ says: expect.stringMatching(/8, 16 or 40 hex/i) });
  });

  test('9: an archive dir that cannot be', async () => {
    writeFileSync(`${s.dir}/file`, '');
    const result = await plain('--archive-dir', `${s.dir}/file`, s.source, s.url);
    expect(failureOf(result, 9)).toMatchObject({
      says: expect.stringMatching(/^The archive dir .*\/file\/.* cannot be created/),
    });
  });

  test('23: an unknown scheme', async () => {
    expect(failureOf(await plain(s.source, 'nope://host/x'), 23)).toMatchObject({
      says: expect.stringContaining('scheme not supported in url: nope://host/x'),
      fields: expect.stringContaining('UnsupportedBackendScheme'),
    });
  });

  test('23: a temporary directory that is not there', async () => {
    const result = await plain('--tempdir', `${s.dir}/absent`, s.source, s.url);
    expect(failureOf(result, 23)).toMatchObject({
      says: expect.stringMatching(/^The temporary directory .*absent cannot be used/),
    });
  });

  test('13: a source that is not there', async () => {
    expect(failureOf(await plain(`${s.dir}/absent`, s.url), 13)).toMatchObject({
      says: expect.stringMatching(/^Backup source directory .*\/absent does not exist\.$/),
    });
  });

  test('12: nothing to verify', async () => {
    expect(failureOf(await plain('verify', s.url, `${s.dir}/absent`), 12)).toMatchObject({
      says: expect.stringMatching(/^Verify directory .*\/absent does not exist$/),
    });
  });

  test.each(['a directory that is not empty', 'a file', 'a dangling link'])('11: a target that is %s', async (what) => {
    await backUp(s, 0);
    const target = `${s.dir}/out`;
    if (what === 'a file') writeFileSync(target, '');
    else if (what === 'a dangling link') symlinkSync('nowhere', target);
    else put(target, { mine: 'mine' });
    const result = await plain('restore', s.url, target);
    expect(failureOf(result, 11)).toMatchObject({
      says: expect.stringMatching(/^Restore destination directory .*\/out already exists\.$/),
    });
    expect(result.stderr).toContain('\nWill not overwrite.\n');
  });
});

describe('selection', () => {
  test.each<readonly [number, string, RegExp]>([
    [14, '--exclude=/elsewhere/x', /cannot match anything below the source/],
    [15, '--exclude=SOURCE//x', /Consecutive '\/'s found in globbing string/],
    [16, '--include=**', /^The last selection condition/],
  ])('%i: %s', async (status, option, says) => {
    expect(failureOf(await plain(option.replace('SOURCE', s.source), s.source, s.url), status)).toMatchObject({
      says: expect.stringMatching(says),
    });
  });
});

describe('the previous set', () => {
  test('17: none to build an explicit increment on', async () => {
    const result = await plain('incr', s.source, s.url);
    expect(failureOf(result, 17)).toMatchObject({
      says: expect.stringMatching(/^Fatal Error: Unable to start incremental backup\./),
    });
  });

  test('42: of another source; with permission it goes on', async () => {
    await backUp(s, 0);
    const other = `${s.dir}/other`;
    mkdirSync(other);
    expect(failureOf(await plain(other, s.url), 42)).toMatchObject({
      says: expect.stringContaining('Fatal Error: Backup source directory has changed.'),
      fields: expect.stringContaining(`'${other}' '${s.source}'`),
    });
    await good(['--allow-source-mismatch', other, s.url]);
  });

  test('3: of another host; with permission it goes on', async () => {
    await backUp(s, 0);
    editManifest((text) => text.replace(/^Hostname .*/, 'Hostname elsewhere.example'), ['remote', 'local']);
    expect(failureOf(await plain(s.source, s.url), 3)).toMatchObject({
      says: expect.stringContaining('Fatal Error: Backup source host has changed.'),
      fields: expect.stringMatching(/^'[^']+' 'elsewhere\.example'$/),
    });
    await good(['--allow-source-mismatch', s.source, s.url]);
  });

  test('5: whose manifest and its copy differ', async () => {
    await backUp(s, 0);
    editManifest((text) => text.replace(/^Hostname .*/, 'Hostname elsewhere.example'), ['remote']);
    expect(failureOf(await plain(s.source, s.url), 5)).toMatchObject({
      says: expect.stringMatching(/^Fatal Error: The remote manifest .* do not agree\.$/),
    });
  });

  test('23: later than this one', async () => {
    await backUp(s, 5);
    const result = await plain('--current-time', String(timeOfSet(0)), s.source, s.url);
    expect(failureOf(result, 23)).toMatchObject({
      says: expect.stringMatching(/^The clock says .*, but the last backup set is from .*\.$/),
    });
  });
});

describe('the archive', () => {
  test('30 CollectionsError: nothing to restore, verify or list', async () => {
    for (const [args, says] of [
      [['restore', s.url, `${s.dir}/out`], 'No backup chains found'],
      [['verify', s.url, s.source], 'No backup chains found'],
      [['list-current-files', s.url], 'No signature chains found'],
    ] as const) {
      expect(failureOf(await plain(...args), 30)).toMatchObject({
        says: expect.stringMatching(says),
        fields: expect.stringContaining('CollectionsError'),
      });
    }
  });

  test('19: the wanted path is not in it', async () => {
    await backUp(s, 0);
    for (const path of ['b', 'd/y', 'a/x', 'conten']) {
      const result = await plain('--file-to-restore', path, s.url, `${s.dir}/out`);
      expect(failureOf(result, 19)).toMatchObject({
        says: expect.stringContaining(`${path} not found in archive - no files restored.`),
      });
    }
  });

  test('20: it holds nothing', async () => {
    await backUp(s, 0, ['--no-compression']);
    const empty = remoteFile('.vol1.');
    writeFileSync(empty, '');
    const sha1 = createHash('sha1').update('').digest('hex');
    editManifest((text) => text.replace(/SHA1 \w+/, `SHA1 ${sha1}`), ['remote', 'local']);
    expect(failureOf(await plain(s.url, `${s.dir}/out`), 20)).toMatchObject({
      says: expect.stringContaining('No files found in archive - nothing restored.'),
    });
  });

  test('21: a volume with another hash', async () => {
    await backUp(s, 0);
    writeFileSync(remoteFile('.vol1.'), 'garbled');
    for (const args of [
      ['restore', s.url, `${s.dir}/out`],
      ['verify', s.url, s.source],
    ]) {
      const result = await plain(...args);
      expect(failureOf(result, 21)).toMatchObject({
        says: expect.stringContaining('Invalid data - SHA1 hash mismatch for file:'),
      });
      expect(result.stderr).toMatch(/\n Calculated hash: \w{40}\n Manifest hash: \w{40}\n/);
    }
  });

  test('52: a volume that is gone, before anything is written', async () => {
    await backUp(s, 0);
    rmSync(remoteFile('.vol1.'));
    const result = await plain(s.url, `${s.dir}/out`);
    expect(failureOf(result, 52)).toMatchObject({
      says: expect.stringMatching(/^Volume 1 \(.*\) is in the manifest but not on the remote\.$/),
    });
    expect(readdirSync(s.dir)).not.toContain('out');
  });

  test('100: damage that the hash does not show', async () => {
    await backUp(s, 0, ['--no-compression']);
    const volume = remoteFile('.vol1.');
    const bytes = readFileSync(volume).fill('x', 0, 512);
    writeFileSync(volume, bytes);
    const sha1 = createHash('sha1').update(bytes).digest('hex');
    editManifest((text) => text.replace(/SHA1 \w+/, `SHA1 ${sha1}`), ['remote', 'local']);
    expect(failureOf(await plain(s.url, `${s.dir}/out`), 100)).toMatchObject({
      says: expect.stringMatching(/^duplicity-full.*vol1.*/),
    });
  });

  test('100: a damaged manifest', async () => {
    await backUp(s, 0);
    editManifest((text) => text.replace('EndingPath', 'MiddlePath'), ['remote', 'local']);
    expect(failureOf(await plain(s.url, `${s.dir}/out`), 100)).toMatchObject({
      says: expect.stringMatching(/manifest/),
    });
  });

  test('101: what is restored is not all of it', async () => {
    await backUp(s, 0);
    put(`${s.dir}/out`, { 'a/mine': 'mine' });
    const result = await plain('--force', s.url, `${s.dir}/out`);
    expect(failureOf(result, 101)).toMatchObject({
      says: expect.stringContaining('The restore is incomplete: 1 entry could not be restored.'),
    });
    expect(result.records.filter(({ level, code }) => level === 'WARNING' && code === 12)).toMatchObject([
      { fields: "'a'" },
    ]);
    expect(readFileSync(`${s.dir}/out/a/mine`, 'utf8')).toBe('mine');
    expect(readFileSync(`${s.dir}/out/d/x`, 'utf8')).toBe('content of x');
  });

  test('1: verify found differences', async () => {
    await backUp(s, 0);
    put(s.source, { a: 'other' });
    const result = await plain('verify', '--compare-data', s.url, s.source);
    expect(result.status).toBe(1);
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain('Verify complete: 4 files compared, 1 difference found.\n');
    expect(result.records.filter(({ level }) => level === 'ERROR')).toEqual([]);
  });
});

describe('the storage', () => {
  test.each<readonly [string, number]>([
    ['BACKEND_ERROR', 50],
    ['BACKEND_PERMISSION_DENIED', 51],
    ['BACKEND_NO_SPACE', 53],
  ])('%s is %i, named with operation and files', async (code, status) => {
    const result = await duplicity([...PLAIN, '--num-retries', '2', s.source, s.url], {
      ...faults({ op: 'put', match: '.vol1.', do: 'error', code }),
    });
    expect(failureOf(result, status)).toMatchObject({
      says: expect.stringContaining('Giving up after 2 attempts.'),
      fields: expect.stringMatching(/^put '.*' 'duplicity-full\..*\.vol1\.difftar\.gz'$/),
    });
    expect(result.stdout).toContain('Attempt of put Nr. 1 failed.');
  });

  test.each<readonly [string, readonly string[]]>([
    ['get', ['restore']],
    ['list', ['collection-status']],
    ['query', ['full']],
  ])('50: %s fails', async (op, [action = '']) => {
    await backUp(s, 0);
    const words = action === 'full' ? [s.source, s.url] : action === 'restore' ? [s.url, `${s.dir}/out`] : [s.url];
    const result = await duplicity([...PLAIN, '--num-retries', '1', action, ...words], faults({ op, do: 'error' }));
    expect(failureOf(result, 50)).toMatchObject({
      says: expect.stringMatching(/^Giving up after 1 attempts\./),
      fields: expect.stringMatching(new RegExp(`^${op}`)),
    });
  });

  test('50: a delete fails, after the others were tried', async () => {
    await backUp(s, 0, ['full']);
    await backUp(s, 1, ['full']);
    const before = readdirSync(s.remote).length;
    const result = await duplicity(
      [...PLAIN, '--num-retries', '1', 'remove-all-but-n-full', '1', '--force', s.url],
      faults({ op: 'delete', match: 'sigtar', do: 'error' }),
    );
    expect(result.status).toBe(50);
    expect(result.stderr).toMatch(/^Giving up after 1 attempts\./);
    expect(result.stdout).toMatch(/sigtar\.gz could not be deleted: Giving up/);
    // Volume and manifest of the old set are gone, its signatures are not.
    expect(readdirSync(s.remote)).toHaveLength(before - 2);
  });

  test('44: an upload that arrives short, or not at all', async () => {
    for (const [rule, actual] of [
      [{ do: 'truncate', bytes: 5 }, /^'.*vol1.*' \d+ \d+$/],
      [{ do: 'skip' }, /^'.*vol1.*' \d+ -1$/],
    ] as const) {
      const result = await duplicity(
        [...PLAIN, '--num-retries', '1', s.source, s.url],
        faults({ op: 'put', match: '.vol1.', ...rule }),
      );
      expect(failureOf(result, 44)).toMatchObject({
        says: expect.stringMatching(/^File .*vol1.* was corrupted during upload\./),
        fields: expect.stringMatching(actual),
      });
    }
  });

  test.runIf(process.getuid?.() === 0)('51: a target that may not be written to', async () => {
    mkdirSync(s.remote);
    chmodSync(s.remote, 0o555);
    mkdirSync(`${testHome()}/tmp`);
    for (const path of [s.dir, s.source, testHome(), `${testHome()}/tmp`]) chmodSync(path, 0o777);
    const result = await duplicity([...PLAIN, s.source, s.url], { uid: 65_534 });
    expect(failureOf(result, 51)).toMatchObject({
      says: expect.stringMatching(/^Giving up after 1 attempts\. PermissionError: /),
      fields: expect.stringMatching(/^put /),
    });
  });
});

describe('this machine', () => {
  test('37: too few open files', async () => {
    const result = await duplicityAfter('ulimit -n 512', [...PLAIN, s.source, s.url]);
    expect(failureOf(result, 37)).toMatchObject({
      says: expect.stringContaining('Max open files of 512 is too low, should be >= 1024.'),
    });
    expect((await duplicityAfter('ulimit -n 512', ['collection-status', s.url])).status).toBe(0);
  });

  test('a low soft limit is raised', async () => {
    const result = await duplicityAfter('ulimit -S -n 512', [...PLAIN, s.source, s.url]);
    expect(result.status).toBe(0);
  });

  test('23: another run with the same archive dir, even where a second run only lists', async () => {
    // It waits for the listing, lock in hand.
    const first = startDuplicity(
      [...PLAIN, '-v5', s.source, s.url],
      faults({ op: 'list', do: 'delay', ms: 600_000, count: 1 }),
    );
    await heard(first, 'Temp has');
    const result = await plain('collection-status', s.url);
    first.child.kill('SIGINT');
    expect(failureOf(result, 23)).toMatchObject({
      says: expect.stringContaining('Another duplicity instance is already running with this archive directory'),
    });
    expect((await first.result).status).toBe(4);
    expect((await plain('collection-status', s.url)).status).toBe(0);
  });

  test('30 EOFError: a passphrase is needed and there is nobody to ask', async () => {
    const result = await duplicityAfter(WITHOUT_TERMINAL, ['full', s.source, s.url]);
    expect(result.status).toBe(30);
    const [error] = result.records.filter(({ level }) => level === 'ERROR');
    expect(error).toMatchObject({ code: 30, fields: 'EOFError' });
    expect(error?.text).toContain('The input ended where a passphrase was to be typed.');
    expect(readdirSync(s.remote)).toEqual([]);
  });
});

describe.runIf(requireMount())('35', () => {
  test('too little room for temporary files, before anything is asked or written', async () => {
    const small = tmpfs(1_000_000) ?? '';
    const result = await duplicity(['--tempdir', small, s.source, s.url]);
    expect(failureOf(result, 35)).toMatchObject({
      says: expect.stringMatching(/^Temp space has \d+ available, backup needs approx 272629760\.$/),
    });
    expect(readdirSync(small)).toEqual([]);
    expect(readdirSync(s.remote)).toEqual([]);
  });
});

describe.runIf(requireTool('gpg'))('gpg', () => {
  let GNUPGHOME: string;
  beforeAll(() => {
    GNUPGHOME = gnupgHome();
  });

  test('31: the wrong passphrase on restore and on an increment, which writes nothing', async () => {
    const args = [s.source, s.url];
    expect((await duplicity(args, { env: { PASSPHRASE: 'right' } })).status).toBe(0);
    const before = readdirSync(s.remote);
    for (const wrong of [['restore', s.url, `${s.dir}/out`], args]) {
      const result = await duplicity(wrong, { env: { PASSPHRASE: 'wrong' } });
      expect(failureOf(result, 31)).toMatchObject({
        says: expect.stringContaining('GPGError: GPG Failed, see log below:'),
        fields: expect.stringContaining('GPGError'),
      });
      expect(result.stderr).toContain('===== Begin GnuPG log =====');
      expect(result.stderr).toContain('Bad session key');
    }
    expect(readdirSync(s.remote)).toEqual(before);
  });

  test('31: a key that is not there', async () => {
    const result = await duplicity(['--encrypt-key', '0123456789ABCDEF', s.source, s.url], { env: { GNUPGHOME } });
    expect(failureOf(result, 31)).toMatchObject({
      says: expect.stringContaining('GPGError: GPG Failed, see log below:'),
      fields: expect.stringContaining('GPGError'),
    });
    expect(result.stderr).toContain('No public key');
  });

  test('31: no gpg where one is needed', async () => {
    const result = await duplicity(['--gpg-binary', '/nowhere/gpg', s.source, s.url], { env: { PASSPHRASE: 'x' } });
    expect(failureOf(result, 31)).toMatchObject({
      says: expect.stringMatching(/^GPGError: /),
      fields: expect.stringContaining('GPGError'),
    });
  });

  test('23: two passphrases where one has to do', async () => {
    const env = { GNUPGHOME, PASSPHRASE: 'one', SIGN_PASSPHRASE: 'two' };
    const result = await duplicity(['--sign-key', RSA_KEY, s.source, s.url], { env });
    expect(failureOf(result, 23)).toMatchObject({
      says: expect.stringContaining('When using symmetric encryption, the signing passphrase must equal'),
    });
  });

  test('22: a volume that is not signed by the key', async () => {
    const env = { GNUPGHOME, PASSPHRASE: 'golden' };
    expect((await duplicity(['--encrypt-key', RSA_KEY, s.source, s.url], { env })).status).toBe(0);
    const result = await duplicity(['--sign-key', RSA_KEY, s.url, `${s.dir}/out`], { env });
    expect(failureOf(result, 22)).toMatchObject({
      says: expect.stringMatching(/^Volume was signed by key None, not /),
    });
  });
});
