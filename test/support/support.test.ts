import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from './gnupg.ts';
import { testHome } from './home.ts';
import { expectedListing, listing, parseListing } from './listing.ts';
import { root } from './paths.ts';
import { run, start, succeeded } from './processes.ts';
import { runDuplicity, runReference, startDuplicity } from './run.ts';
import { tempDir } from './temp.ts';
import { requireReference, requireRoot, requireTool } from './tools.ts';
import { makeInterruptedSource, makeTree } from './trees.ts';

describe.runIf(requireTool('python3') && requireRoot())('listings and trees', () => {
  test('a listing equals that of the Python tool for the tree with all odd cases, step by step', () => {
    const dir = `${tempDir()}/src`;
    for (const step of [0, 1] as const) {
      makeTree('O', dir, step);
      const python = spawnSync('python3', [`${root}/test/golden/tools/listing.py`, dir], { encoding: 'utf8' });
      expect(python.stderr).toBe('');
      const ours = listing(dir);
      expect(ours).toEqual(parseListing(python.stdout));
      expect(ours.length).toBeGreaterThan(100);
    }
  });

  test('the small tree is what the fixtures expect of it', () => {
    const dir = `${tempDir()}/src`;
    makeTree('S', dir, 0);
    expect(listing(dir)).toEqual(expectedListing('S', 0));
  });

  test('the source of the interrupted fixture has the same files as its restored tree', () => {
    const dir = `${tempDir()}/src`;
    makeInterruptedSource(dir);
    const digests = (list: ReturnType<typeof listing>) => list.map((entry) => [entry.path, entry.sha256]);
    expect(digests(listing(dir))).toEqual(digests(expectedListing('R', 0)));
  });
});

describe('processes', () => {
  const print = "for (const k of ['HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'SECRET', 'GIVEN']) console.log(process.env[k])";

  test('a process sees the home of its test and nothing of the environment but PATH', async () => {
    vi.stubEnv('SECRET', 'leaked');
    const home = testHome();
    const { stdout } = await run(process.execPath, ['-e', print], { env: { GIVEN: 'yes' } });
    expect(stdout.split('\n')).toEqual([home, `${home}/tmp`, `${home}/.cache`, 'undefined', 'yes', '']);
    vi.unstubAllEnvs();
  });

  test('two tests have different homes', () => {
    expect(readdirSync(testHome())).toEqual([]);
    expect(testHome()).toBe(testHome());
  });

  test('input, both outputs and the exit status go through', async () => {
    const script = 'process.stdin.pipe(process.stdout); console.error("e"); process.exitCode = 7';
    const result = await run(process.execPath, ['-e', script], { input: 'in' });
    expect(result).toEqual({ status: 7, signal: null, stdout: 'in', stderr: 'e\n' });
  });

  test('a run that should succeed shows its output when it does not', async () => {
    const result = await run(process.execPath, ['-e', 'console.error("why"); process.exitCode = 3']);
    expect(() => succeeded(result)).toThrow('exit status 3\nwhy');
  });

  test('a process that hangs is killed after its time', async () => {
    const { result } = start(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 });
    expect(await result).toMatchObject({ status: null, signal: 'SIGKILL' });
  });
});

describe('duplicity under test', () => {
  test('is the built bundle', async () => {
    expect((await runDuplicity(['--version'])).stdout).toMatch(/^duplicity 4\.\d+\.\d+\n$/);
  });

  test('can be started and killed', async () => {
    const { child, result } = startDuplicity(['--version']);
    child.kill('SIGKILL');
    expect(await result).toMatchObject({ status: null, signal: 'SIGKILL' });
  });
});

describe('programs', () => {
  test('a missing program skips with a reason, and fails under CI', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.stubEnv('CI', '');
    expect(requireTool('no-such-program')).toBe(false);
    expect(warn).toHaveBeenCalledWith('skipped: the program "no-such-program" is not installed');
    vi.stubEnv('CI', 'true');
    expect(() => requireTool('no-such-program')).toThrow('cannot test: the program "no-such-program" is not installed');
    vi.unstubAllEnvs();
    warn.mockRestore();
  });

  test('an executable in PATH is found', () => {
    expect(requireTool('sh')).toBe(true);
  });
});

describe.runIf(requireTool('gpg'))('a GnuPG home', () => {
  test('can encrypt to and sign with both keys without questions', async () => {
    const home = gnupgHome();
    const args = ['--batch', '--homedir', home, '--pinentry-mode', 'loopback', '--passphrase', PASSPHRASE];
    const made = await run('gpg', [...args, '-r', RSA_KEY, '-r', ECC_KEY, '-u', ECC_KEY, '-s', '-a', '-e'], {
      input: 'text',
    });
    expect(made.status).toBe(0);
    const opened = await run('gpg', [...args, '-d'], { input: made.stdout });
    expect(opened.stdout).toBe('text');
    expect(opened.stderr).toContain('Good signature');
  });

  test('with public keys only it cannot decrypt', async () => {
    const home = gnupgHome('public');
    const made = await run('gpg', ['--batch', '--homedir', home, '-r', RSA_KEY, '-a', '-e'], { input: 'text' });
    expect(made.status).toBe(0);
    const opened = await run('gpg', ['--batch', '--homedir', home, '-d'], { input: made.stdout });
    expect(opened.status).not.toBe(0);
  });
});

describe.runIf(requireReference())('the reference', () => {
  test('backs up and restores in the home of the test', async () => {
    const dir = tempDir();
    mkdirSync(`${dir}/src`);
    succeeded(await runReference(['full', '--no-encryption', `${dir}/src`, `file://${dir}/remote`]));
    expect(existsSync(`${testHome()}/.cache/duplicity`)).toBe(true);
    succeeded(await runReference(['restore', '--no-encryption', `file://${dir}/remote`, `${dir}/back`]));
    expect(listing(`${dir}/back`).map((entry) => entry.path)).toEqual(['.']);
  });
});
