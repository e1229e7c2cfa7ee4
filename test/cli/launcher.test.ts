import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { registryEnv, searchPath } from '../support/home.ts';
import { fakeNpm, freshClone, setGreeting, tinyClone } from '../support/clone.ts';
import { run, start, succeeded, type RunOptions, type RunResult } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { NOBODY, requireRoot } from '../support/tools.ts';

const OLD = new Date('2020-01-01T00:00:00Z');
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What the tiny program prints. */
function said(...words: string[]): string {
  return `${JSON.stringify(['hello', version, ...words, ''])}\n`;
}

let firstRun: RunResult;
let modules: string;
let clone: string;
let npm: ReturnType<typeof fakeNpm>;

function launch(args: readonly string[], options: RunOptions = {}) {
  return run(`${clone}/duplicity`, args, { ...options, env: { PATH: npm.path, ...options.env } });
}

/** Stands for "nothing is done": the launcher would have to call it. */
function forbidSetUp(): void {
  writeFileSync(`${clone}/scripts/setup.mjs`, 'console.error("set-up was called"); process.exitCode = 1;\n');
}

async function setUpOnce(): Promise<void> {
  succeeded(await launch([]));
}

beforeAll(async () => {
  const first = `${tempDir()}/clone`;
  freshClone(first);
  firstRun = await run(`${first}/duplicity`, ['--version'], { env: registryEnv() });
  modules = `${first}/node_modules`;
}, 300_000);

beforeEach(() => {
  const dir = tempDir();
  chmodSync(dir, 0o755);
  clone = `${dir}/a clone`;
  tinyClone(clone);
  npm = fakeNpm(`${dir}/npm`, modules);
});

describe('a fresh clone', () => {
  test('from the real registry, with an empty npm cache: installs, builds and runs duplicity', () => {
    expect(firstRun).toEqual({
      status: 0,
      signal: null,
      stdout: `duplicity ${version}\n`,
      stderr: 'duplicity: first run, installing the dependencies\n',
    });
  });

  test('installs only what running and building takes', () => {
    expect(existsSync(`${modules}/esbuild`)).toBe(true);
    expect(existsSync(`${modules}/vitest`)).toBe(false);
  });

  test('is set up by the first call, with one note on stderr, and leaves no temporary files', async () => {
    const result = await launch(['x']);
    expect(result.stderr).toBe('duplicity: first run, installing the dependencies\n');
    expect(result.stdout).toBe(said('x'));
    expect(npm.calls()).toBe(1);
    expect(readdirSync(`${clone}/.tmp`)).toEqual([]);
  });

  test('called twice at once, installs once, and both calls run', async () => {
    const results = await Promise.all([launch(['1']), launch(['2']), launch(['3'])]);
    expect(results.map(({ stdout }) => stdout)).toEqual([said('1'), said('2'), said('3')]);
    expect(npm.calls()).toBe(1);
  });

  test('has the certificates to fetch packages with, whatever the program is asked for', async () => {
    writeFileSync(
      `${clone}/scripts/setup.mjs`,
      'console.log(process.env.NODE_EXTRA_CA_CERTS); process.exitCode = 1;\n',
    );
    const { stdout } = await launch(['--version'], { env: { NODE_EXTRA_CA_CERTS: '/certificates.pem' } });
    expect(stdout).toBe('/certificates.pem\n');
  });

  test('says in one sentence that there is no network', async () => {
    const env = {
      PATH: searchPath(),
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_cache: `${clone}/cache`,
    };
    const result = await launch([], { env });
    expect(result.status).toBe(1);
    expect(result.stdout).toBe('');
    expect(result.stderr.split('\n')).toEqual([
      'duplicity: first run, installing the dependencies',
      expect.stringMatching(/^duplicity: the npm registry cannot be reached \(ECONNREFUSED\), .* run this again\.$/),
      '',
    ]);
  });

  test('shows what npm says when it fails for another reason', async () => {
    writeFileSync(`${clone}/../npm/npm`, '#!/bin/sh\necho "npm error code ENOSPC"; exit 1\n');
    const result = await launch([]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('duplicity: npm ci failed:\nnpm error code ENOSPC\n');
    expect(existsSync(`${clone}/node_modules`)).toBe(false);
  });

  test('works without HOME and with a bare PATH, as under cron', async () => {
    const node = process.env['DUPLICITY_NODE'] ?? process.execPath;
    const result = await launch(['x'], {
      env: { HOME: undefined, PATH: `${clone}/../npm:/usr/bin:/bin`, DUPLICITY_NODE: node },
    });
    expect(result).toMatchObject({ status: 0, stdout: said('x') });
  });

  test('a private umask makes no private build', async () => {
    const result = await run('sh', ['-c', `umask 077; '${clone}/duplicity' x`], { env: { PATH: npm.path } });
    expect(result.stdout).toBe(said('x'));
    expect(statSync(`${clone}/dist/duplicity.cjs`).mode & 0o777).toBe(0o755);
  });
});

describe('a clone that is set up', () => {
  beforeEach(setUpOnce);

  test('starts the program at once and in silence', async () => {
    forbidSetUp();
    expect(await launch(['x'])).toEqual({ status: 0, signal: null, stdout: said('x'), stderr: '' });
  });

  test('hands over words, input and exit status as they are', async () => {
    forbidSetUp();
    const words = ['fail', 'two words', '', '*', 'line\nbreak', '$HOME', 'ü', "'"];
    const result = await launch(words);
    expect(result).toMatchObject({ status: 42, stdout: said(...words) });
    const fed = await launch(['later'], { input: 'secret' });
    expect(fed.stdout).toBe(`started\n${JSON.stringify(['hello', version, 'later', 'secret'])}\n`);
  });

  test.each([
    [['collection-status', 'file:///backup'], undefined],
    [['--version'], undefined],
    [['collection-status', 's3://host/backup'], 'certificates.pem'],
    [['replicate', 'file:///backup', 'webdavs://host/backup'], 'certificates.pem'],
    [['par2+file:///backup'], 'certificates.pem'],
    [['source', 'relative'], 'certificates.pem'],
  ])('%j: certificates are read where something may speak TLS', async (words, certificates) => {
    forbidSetUp();
    const bin = tempDir();
    writeFileSync(`${bin}/node`, '#!/bin/sh\necho "$NODE_EXTRA_CA_CERTS"\n');
    chmodSync(`${bin}/node`, 0o755);
    const env = { PATH: `${bin}:${searchPath()}`, NODE_EXTRA_CA_CERTS: 'certificates.pem' };
    expect((await launch(words, { env })).stdout).toBe(`${certificates ?? ''}\n`);
  });

  test('works through links, from any directory, by a relative path and through sh', async () => {
    forbidSetUp();
    const bin = tempDir();
    symlinkSync(`${clone}/duplicity`, `${bin}/absolute`);
    symlinkSync('absolute', `${bin}/relative`);
    for (const [command, args, cwd] of [
      [`${bin}/relative`, ['x'], '/'],
      ['./duplicity', ['x'], clone],
      ['sh', ['duplicity', 'x'], clone],
      ['sh', ['-c', 'PATH=$PATH:. relative x'], bin],
    ] as const) {
      expect(await run(command, args, { cwd })).toMatchObject({ stdout: said('x'), stderr: '' });
    }
  });

  test('is built again, silently, after an edit, even one with an old time, and after a file was deleted', async () => {
    setGreeting(clone, 'changed');
    expect(await launch([])).toMatchObject({ stdout: `["changed","${version}",""]\n`, stderr: '' });

    setGreeting(clone, 'unpacked');
    utimesSync(`${clone}/src/greeting.ts`, OLD, OLD);
    expect(await launch([])).toMatchObject({ stdout: `["unpacked","${version}",""]\n`, stderr: '' });

    rmSync(`${clone}/src/greeting.ts`);
    const result = await launch([]);
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toContain('duplicity: the build failed:');
    expect(result.stderr).toContain('Could not resolve "../greeting.ts"');
    expect(npm.calls()).toBe(1);
  });

  test('keeps what V8 compiled, for the next start', async () => {
    const script = `const fs = require('fs');
      const { bundle, compile, readCache } = require(process.argv[1]);
      const source = fs.readFileSync(bundle, 'latin1');
      console.log(compile(source, readCache(source)).cachedDataRejected);`;
    const rejected = (flags: readonly string[]): Promise<string> =>
      run('node', [...flags, '-e', script, `${clone}/scripts/run.cjs`]).then(({ stdout }) => stdout);
    expect(await rejected([])).toBe('false\n');
    // Under other flags it is refused.
    expect(await rejected(['--no-opt'])).toBe('true\n');
    expect((await launch(['x'], { env: { NODE_OPTIONS: '--max-old-space-size=99' } })).stdout).toBe(said('x'));
  });

  test.each([
    ['is missing', () => undefined],
    ['is of another build', (code: Buffer) => Buffer.concat([Buffer.alloc(64, 'f'), code.subarray(64)])],
    ['is cut', (code: Buffer) => code.subarray(0, code.length >> 1)],
    ['is garbage', (code: Buffer) => Buffer.concat([code.subarray(0, 128), Buffer.from('garbage')])],
  ])('runs when that %s', async (_, damage) => {
    const path = `${clone}/dist/duplicity.code`;
    const damaged = damage(readFileSync(path));
    rmSync(path);
    if (damaged !== undefined) writeFileSync(path, damaged);
    forbidSetUp();
    expect(await launch(['x'])).toMatchObject({ stdout: said('x'), stderr: '' });
  });

  test('is not built again for a touch or an edited test', async () => {
    const { ino } = statSync(`${clone}/dist/duplicity.cjs`);
    utimesSync(`${clone}/src/bin/duplicity.ts`, new Date(), new Date());
    writeFileSync(`${clone}/src/bin/duplicity.test.ts`, '// a test\n');
    await setUpOnce();
    expect(statSync(`${clone}/dist/duplicity.cjs`).ino).toBe(ino);
    forbidSetUp();
    expect(await launch(['x'])).toMatchObject({ stdout: said('x'), stderr: '' });
  });

  test('installs again when the lock file asks for something else, and not when it was touched', async () => {
    const lockFile = `${clone}/package-lock.json`;
    utimesSync(lockFile, new Date(), new Date());
    await setUpOnce();
    expect(npm.calls()).toBe(1);

    const lock = readFileSync(lockFile, 'utf8');
    writeFileSync(lockFile, lock.replace(/("node_modules\/esbuild": \{\n\s*"version": ")[^"]*/, '$10.0.1'));
    const result = await launch([]);
    expect(result.stderr).toBe('duplicity: installing the dependencies\n');
    expect(npm.calls()).toBe(2);
  });

  test('a version in package.json is the version of the program', async () => {
    const manifest = readFileSync(`${clone}/package.json`, 'utf8');
    writeFileSync(`${clone}/package.json`, manifest.replace(`"version": "${version}"`, '"version": "9.8.7"'));
    expect((await launch([])).stdout).toBe('["hello","9.8.7",""]\n');
  });

  test('a program that runs during a rebuild still finds its own parts', async () => {
    const { child, result } = start(`${clone}/duplicity`, ['later'], { env: { PATH: npm.path }, holdInput: true });
    await once(child.stdout, 'data');
    setGreeting(clone, 'new');
    expect((await launch([])).stdout).toBe(`["new","${version}",""]\n`);
    child.stdin.end();
    expect(await result).toMatchObject({ stdout: `started\n${said('later')}`, stderr: '' });
  });

  test('the lock of a process that died is no obstacle', async () => {
    setGreeting(clone, 'new');
    mkdirSync(`${clone}/.tmp/setup.lock`);
    utimesSync(`${clone}/.tmp/setup.lock`, OLD, OLD);
    expect(await launch([])).toMatchObject({ stdout: `["new","${version}",""]\n`, stderr: '' });
    expect(readdirSync(`${clone}/.tmp`)).toEqual([]);
  });

  test('calls at once after an edit all run the new program', async () => {
    setGreeting(clone, 'new');
    const results = await Promise.all(['1', '2', '3'].map((word) => launch([word])));
    expect(results.map(({ stdout, stderr }) => stdout + stderr)).toEqual(
      ['1', '2', '3'].map((word) => `["new","${version}","${word}",""]\n`),
    );
  });
});

describe.runIf(requireRoot())('another user than the owner', () => {
  test('runs a clone that is set up, in silence', async () => {
    await setUpOnce();
    const home = tempDir();
    chownSync(home, NOBODY, NOBODY);
    expect(await launch(['x'], { uid: NOBODY, home })).toMatchObject({ stdout: said('x'), stderr: '' });
    // A copy changes the times, not the content.
    renameSync(`${clone}/src`, `${clone}/moved`);
    renameSync(`${clone}/moved`, `${clone}/src`);
    expect(await launch(['x'], { uid: NOBODY, home })).toMatchObject({ stdout: said('x'), stderr: '' });
  });

  test('runs the old build, with a warning, when it may not make the new one', async () => {
    await setUpOnce();
    setGreeting(clone, 'new');
    const result = await launch(['x'], { uid: NOBODY });
    expect(result).toMatchObject({ status: 0, stdout: said('x') });
    expect(result.stderr).toMatch(/^duplicity: warning: .* this user may not write there: the old build runs\. .*\n$/);
  });

  test('is told what to do when nothing is set up and it may not write there', async () => {
    const result = await launch(['x'], { uid: NOBODY });
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toBe(
      `duplicity: ${clone} is not set up yet, and this user may not write there. Run ${clone}/duplicity --version once as its owner.\n`,
    );
  });

  test('as root, leaves everything to the owner, who can build again', async () => {
    succeeded(await run('chown', ['-R', `${NOBODY}:${NOBODY}`, clone]));
    await setUpOnce();
    for (const name of ['dist', 'dist/duplicity.cjs', 'node_modules', 'node_modules/esbuild', '.tmp']) {
      expect([name, statSync(`${clone}/${name}`).uid]).toEqual([name, NOBODY]);
    }
    setGreeting(clone, 'new');
    expect(await launch([], { uid: NOBODY })).toMatchObject({ stdout: `["new","${version}",""]\n`, stderr: '' });
  });
});

describe('Node.js', () => {
  describe.each(['a fresh clone', 'a clone that is set up'])('started from %s', (where) => {
    test.each(['v18.20.4', 'v20.18.3', 'v8.17.0'])('%s is refused with a sentence', async (old) => {
      if (where !== 'a fresh clone') await setUpOnce();
      const bin = tempDir();
      const node = process.env['DUPLICITY_NODE'] ?? process.execPath;
      writeFileSync(`${bin}/old.cjs`, `Object.defineProperty(process, 'version', { value: '${old}' });\n`);
      writeFileSync(`${bin}/node`, `#!/bin/sh\nexec '${node}' -r '${bin}/old.cjs' "$@"\n`);
      chmodSync(`${bin}/node`, 0o755);
      const result = await launch([], { env: { PATH: `${bin}:${searchPath()}` } });
      expect(result).toMatchObject({ status: 1, stdout: '' });
      expect(result.stderr).toBe(
        `duplicity: Node.js 20.19 or newer is needed, but ${realpathSync(node)} is ${old}. Install a newer one, or set DUPLICITY_NODE to its path.\n`,
      );
    });
  });

  test('that is not there is named', async () => {
    const result = await launch([], { env: { DUPLICITY_NODE: '/no/such/node' } });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(
      /^duplicity: Node\.js 20\.19 or newer is needed, but \/no\/such\/node was not found or does not run\./,
    );
  });
});
