import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { isolatedEnv, killAgents, testHome } from '../support/home.ts';
import {
  command,
  duplicity,
  duplicityAfter,
  names,
  type Outcome,
  put,
  type Scene,
  scene,
  WITHOUT_TERMINAL,
} from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';

const ASK = 'GnuPG passphrase for decryption: ';
const CONFIRM = 'Retype passphrase for decryption to confirm: ';
const SIGNING = 'GnuPG passphrase for signing key: ';
const MISMATCH = 'First and second passphrases do not match!  Please try again.';
const EMPTY = 'Cannot use empty passphrase with symmetric encryption!  Please try again.';

const hasGpg = requireTool('gpg');
let s: Scene;
let GNUPGHOME: string;
beforeAll(() => {
  if (hasGpg) GNUPGHOME = gnupgHome();
});
beforeEach(() => {
  // The agent remembers passphrases.
  if (hasGpg) killAgents(GNUPGHOME);
  s = scene();
  put(s.source, { a: 'content of a' });
});

type Env = Readonly<Record<string, string | undefined>>;

interface Dialogue {
  readonly status: number | null;
  /** All the terminal showed, without carriage returns. */
  readonly shown: string;
}

/**
 * Runs the program on a terminal of its own, as someone at a keyboard does: each answer is typed when a line ends with a
 * colon and a blank. Input and output of the program are that terminal, or not with `</dev/null` and the like.
 */
async function typing(
  answers: readonly string[],
  args: readonly string[],
  env: Env = {},
  more = '',
): Promise<Dialogue> {
  const words = [...(await command()), '--backend-retry-delay', '0', ...args].map((word) => `'${word}'`).join(' ');
  const script = `
import os, pty, sys
answers = sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
shown = b""
asked = 0
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        part = b""
    if not part:
        break
    shown += part
    while shown.count(b"GnuPG passphrase for ") + shown.count(b"Retype passphrase ") > asked and shown.endswith(b": "):
        asked += 1
        if answers:
            os.write(fd, answers.pop(0).encode())
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
  const { status, stdout } = spawnSync('python3', ['-c', script, `${words} ${more}`, ...answers], {
    env: isolatedEnv(testHome(), { GNUPGHOME, ...env }),
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { status, shown: stdout.replaceAll('\r', '') };
}
const run = (args: readonly string[], env: Env = {}, input = ''): Promise<Outcome> =>
  duplicityAfter(WITHOUT_TERMINAL, ['--backend-retry-delay', '0', ...args], { env: { GNUPGHOME, ...env }, input });
const key = ['--encrypt-key', RSA_KEY];
const signed = [...key, '--sign-key', ECC_KEY];
const symmetric: Env = { PASSPHRASE: 'right' };
const backup = (): string[] => [s.source, s.url];
const restore = (): string[] => ['restore', s.url, `${s.dir}/out`];

describe.runIf(hasGpg && requireTool('python3'))('at a terminal', () => {
  test('a symmetric backup asks twice, without echo, once in the run', async () => {
    const { status, shown } = await typing(['secret\r', 'secret\r'], backup());
    expect(status).toBe(0);
    // What was said before stands before the question.
    expect(shown).toContain(`No signatures found, switching to full backup.\n${ASK}\n${CONFIRM}\n`);
    expect(shown.match(/GnuPG/g)).toHaveLength(1);
    expect(shown).not.toContain('secret');
    // One question answers for volumes, signatures and the manifest of the next run.
    const next = await typing(['secret\r', 'secret\r'], backup());
    expect([next.status, next.shown.match(/GnuPG/g)?.length]).toEqual([0, 1]);
    const restored = await typing(['secret\r'], restore());
    expect([restored.status, restored.shown.includes('Retype')]).toEqual([0, false]);
  });

  test('different answers and an empty one are asked again', async () => {
    const { status, shown } = await typing(['\r', 'one\r', 'two\r', 'three\r', 'three\r'], backup());
    expect(status).toBe(0);
    expect(shown).toContain(`${ASK}\n${EMPTY}\n${ASK}\n${CONFIRM}\n${MISMATCH}\n${ASK}\n${CONFIRM}\n`);
    expect((await run(restore(), { PASSPHRASE: 'three' })).status).toBe(0);
  });

  test('it is the terminal that is asked, wherever input and output go', async () => {
    const { status, shown } = await typing(['x\r', 'x\r'], backup(), {}, '</dev/null >/dev/null 2>&1');
    expect(status).toBe(0);
    expect(shown).toBe(`${ASK}\n${CONFIRM}\n`);
  });

  test('a signing key is asked for, once, and its passphrase may be empty', async () => {
    const { status, shown } = await typing([`${PASSPHRASE}\r`], [...signed, ...backup()]);
    expect(status).toBe(0);
    expect(shown).toContain(`${SIGNING}\n`);
    expect(shown).not.toContain('Retype');
    expect(shown.match(/GnuPG/g)).toHaveLength(1);
    killAgents(GNUPGHOME);
    const empty = await typing(['\r'], ['full', ...signed, ...backup()]);
    expect(empty.status).toBe(31);
    expect(empty.shown).not.toContain(EMPTY);
  });

  test('Ctrl-D is the end of input', async () => {
    const { status, shown } = await typing(['\x04'], backup());
    expect(status).toBe(30);
    expect(shown).toContain('The input ended where a passphrase was to be typed.');
    expect(names(s.remote)).toEqual([]);
  });
});

describe.runIf(hasGpg)('without a terminal', () => {
  test('lines on standard input answer', async () => {
    const { status, stderr } = await run(backup(), {}, 'pw\npw\n');
    expect(status).toBe(0);
    expect(stderr).toBe(`${ASK}\n${CONFIRM}\n`);
    expect((await run(restore(), {}, 'pw\n')).status).toBe(0);
  });

  test.each<readonly [string, () => readonly string[], Env]>([
    ['a full backup', () => ['full', ...backup()], {}],
    ['an increment', () => ['incremental', ...backup()], {}],
    ['a restore', restore, {}],
    ['a verification', () => ['verify', s.url, s.source], {}],
    [
      'a list on a machine that knows nothing',
      () => ['list-current-files', '--archive-dir', `${s.dir}/new`, s.url],
      {},
    ],
    ['a signature', () => ['full', ...signed, ...backup()], symmetric],
  ])('and input the question of %s ends with 30 EOFError', async (_what, args, env) => {
    expect((await run(backup(), symmetric)).status).toBe(0);
    const before = names(s.remote);
    const { status, records } = await run(args(), env);
    expect(status).toBe(30);
    expect(records.filter(({ level }) => level === 'ERROR')).toMatchObject([{ code: 30, fields: 'EOFError' }]);
    expect(names(s.remote)).toEqual(before);
    expect(existsSync(`${s.dir}/out`)).toBe(false);
  });
});

describe.runIf(hasGpg)('nobody is asked', () => {
  test.each<readonly [string, () => readonly string[], Env]>([
    ['when the variable is set, for whatever', () => ['full', ...backup()], symmetric],
    ['for public keys, where nothing is to be decrypted', () => ['full', ...key, ...backup()], {}],
    ['for an increment with public keys and an intact cache', () => [...key, ...backup()], {}],
    ['with --no-encryption', () => ['full', '--no-encryption', ...backup()], {}],
    ['with --use-agent', () => ['full', '--use-agent', ...key, ...backup()], {}],
    ['by collection-status', () => ['collection-status', s.url], {}],
    ['by list-current-files with an intact cache', () => ['list-current-files', s.url], {}],
    [
      'by collection-status on a machine that knows nothing',
      () => ['collection-status', '--archive-dir', `${s.dir}/n`, s.url],
      {},
    ],
    ['by cleanup', () => ['cleanup', '--force', s.url], {}],
    ['by remove-older-than', () => ['remove-older-than', '1D', '--force', s.url], {}],
    ['by remove-all-but-n-full', () => ['remove-all-but-n-full', '1', '--force', s.url], {}],
    ['by remove-all-inc-of-but-n-full', () => ['remove-all-inc-of-but-n-full', '1', '--force', s.url], {}],
    ['by prune', () => ['prune', '--keep-last', '1', '--force', s.url], {}],
    ['by the restore that only says what it would need', () => [...restore(), '--dry-run'], {}],
  ])('%s', async (_when, args, env) => {
    expect((await run([...key, ...backup()])).status).toBe(0);
    const { status, stderr } = await run(args(), env);
    expect([status, stderr]).toEqual([0, '']);
  });

  test('where every file to read is unencrypted', async () => {
    expect((await run(['--no-encryption', ...backup()])).status).toBe(0);
    for (const args of [
      restore(),
      ['verify', s.url, s.source],
      ['list-current-files', '--archive-dir', `${s.dir}/n`, s.url],
    ]) {
      const { status, stderr } = await run(args);
      expect([status, stderr]).toEqual([0, '']);
    }
  });
});

describe.runIf(hasGpg)('the variables', () => {
  test.each<readonly [string, Env, string]>([
    ['PASSPHRASE', { PASSPHRASE }, 'Reuse configured PASSPHRASE as SIGN_PASSPHRASE'],
    ['SIGN_PASSPHRASE', { SIGN_PASSPHRASE: PASSPHRASE }, 'Reuse configured SIGN_PASSPHRASE as PASSPHRASE'],
  ])('%s serves for both where the signing key is a recipient, and that is told', async (_name, env, notice) => {
    const args = ['--encrypt-sign-key', RSA_KEY, ...backup()];
    const { status, stdout } = await run(args, env);
    expect(status).toBe(0);
    expect(stdout).toContain(`${notice}\n`);
  });

  test('are not mixed where it is not', async () => {
    expect((await run([...signed, ...backup()], { PASSPHRASE })).status).toBe(30);
    expect((await run([...signed, ...backup()], { SIGN_PASSPHRASE: PASSPHRASE })).status).toBe(0);
  });

  test('count when they are empty: no question, and gpg has none', async () => {
    expect((await run([...key, ...backup()])).status).toBe(0);
    const { status, stderr } = await run(restore(), { PASSPHRASE: '' });
    expect([status, stderr.includes('GnuPG passphrase')]).toEqual([31, false]);
    expect(stderr).toContain('No secret key');
    const full = await run(['full', ...backup()], { PASSPHRASE: '' });
    expect(full.status).toBe(31);
    expect(full.stderr).toMatch(/passphrase/i);
  });

  test('symmetric encryption with a signature takes one passphrase, given once or twice', async () => {
    const args = ['--sign-key', RSA_KEY, ...backup()];
    expect((await run(args, { PASSPHRASE, SIGN_PASSPHRASE: PASSPHRASE })).status).toBe(0);
    expect((await run(['full', ...args], { PASSPHRASE, SIGN_PASSPHRASE: 'other' })).status).toBe(23);
    const asked = await run(['full', ...args], { PASSPHRASE }, `${PASSPHRASE}\n`);
    expect([asked.status, asked.stderr]).toEqual([0, `${SIGNING}\n`]);
  });
});

describe.runIf(hasGpg)('a wrong passphrase', () => {
  test('of the chain stops an increment before anything is written, wherever its metadata come from', async () => {
    expect((await run(backup(), symmetric)).status).toBe(0);
    const before = readdirSync(s.remote);
    for (const more of [[], ['--archive-dir', `${s.dir}/new`]]) {
      const { status, stderr } = await run([...more, 'incremental', ...backup()], { PASSPHRASE: 'wrong' });
      expect(status).toBe(31);
      expect(stderr).toContain('Bad session key');
      expect(readdirSync(s.remote)).toEqual(before);
    }
    expect((await run(['incremental', ...backup()], symmetric)).status).toBe(0);
  });

  test('is a new one for a full backup', async () => {
    expect((await run(backup(), symmetric)).status).toBe(0);
    expect((await run(['full', ...backup()], { PASSPHRASE: 'new' })).status).toBe(0);
    expect((await run(restore(), { PASSPHRASE: 'new' })).status).toBe(0);
  });

  test('of the secret key is told as a key that is not there', async () => {
    expect((await run([...key, ...backup()])).status).toBe(0);
    const { status, stderr } = await run(restore(), { PASSPHRASE: 'wrong' });
    expect(status).toBe(31);
    expect(stderr).toContain('Bad passphrase');
    expect(stderr).toContain('No secret key');
    expect((await duplicity(restore(), { env: { GNUPGHOME, PASSPHRASE } })).status).toBe(0);
  });
});
