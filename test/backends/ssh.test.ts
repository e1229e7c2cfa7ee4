import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend, Body } from '../../src/backends/backend.ts';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { KEY_PASSPHRASE, startSshd, type Sshd } from '../servers/sshd.ts';
import { endedWith } from '../support/ended.ts';
import { testHome } from '../support/home.ts';
import { some } from '../support/forms.ts';
import { PROGRAMS } from '../support/programs.ts';
import { runDuplicity } from '../support/run.ts';
import { tempDir } from '../support/temp.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';
import { requireReference, requireRoot, requireTool } from '../support/tools.ts';
import { exchange, fullCycle, homeOf, sceneAt } from './cycle.ts';

const call = { signal: new AbortController().signal };
const PASSWORD = 'p@ss:wo/rd %41';

function bodyOf(text: string): Body {
  return {
    size: text.length,
    open: async function* () {
      yield Buffer.from(text);
    },
  };
}

function listed(backend: Backend): Promise<string[]> {
  return (async () => {
    const names: string[] = [];
    for await (const { name } of backend.list(call)) names.push(name);
    return names;
  })();
}

describe.runIf(requireTool('sshd'))('a server with everything', () => {
  const dir = tempDir();
  let server: Sshd;
  const opened: Backend[] = [];

  beforeAll(async () => {
    server = await startSshd(dir);
  });
  afterAll(async () => {
    for (const backend of opened) await backend[Symbol.asyncDispose]();
    await server.stop();
  });

  async function open(path: string, more: Partial<OpenOptions> = {}, options = server.options): Promise<Backend> {
    const url = path.includes('://') ? path : `sftp://127.0.0.1:${server.port}${path}`;
    const backend = await openBackend(parseUrl(url), {
      ...call,
      env: { HOME: testHome() },
      settings: { sshOptions: options },
      ...more,
    });
    opened.push(backend);
    return backend;
  }
  async function failureOf(backend: Backend): Promise<unknown> {
    return listed(backend).catch((error: unknown) => error);
  }

  test('every action works through the program', async () => {
    const place = sceneAt(`sftp://127.0.0.1:${server.port}/cycle`);
    expect(await fullCycle(place, ['--ssh-options', server.options])).toEqual(['Full 1']);
  });

  describe.runIf(requireReference())('and the reference', () => {
    test.each(some(PROGRAMS, (first) => first === 'ours'))(
      'a chain begun by %s is continued and read by both',
      async (first) => {
        const place = tempDir();
        for (const program of PROGRAMS) {
          const own = `${homeOf(place, program)}/.ssh`;
          mkdirSync(own, { recursive: true });
          symlinkSync(server.knownHosts, `${own}/known_hosts`);
          symlinkSync(server.key, `${own}/id_ed25519`);
        }
        const url = `sftp://${server.user}@127.0.0.1:${server.port}/interop-${first.replace(' ', '-')}`;
        const words = ['--ssh-options', server.options];
        const urls = { ours: url, 'the reference': url };
        const args = { ours: words, 'the reference': words };
        expect(await exchange(first, urls, args, { dir: place })).toEqual(['Full']);
      },
    );
  });

  test('one slash is below the login directory, two are absolute', async () => {
    await (await open('/rel')).put('name', bodyOf('x'), call);
    expect(readdirSync(`${server.home}/rel`)).toEqual(['name']);
    expect(await listed(await open(`/${server.home}/rel`))).toEqual(['name']);
    expect(await listed(await open(''))).toEqual([]);
  });

  test.each(['paramiko+sftp', 'pexpect+sftp', 'ssh', 'scp', 'paramiko+scp', 'pexpect+scp'])(
    '%s is the same place',
    async (scheme) => {
      const backend = await open(`${scheme}://${server.user}@127.0.0.1:${server.port}/same`);
      await backend.put(scheme, bodyOf('x'), call);
      expect(existsSync(`${server.home}/same/${scheme}`)).toBe(true);
    },
  );

  test('a part that a killed run left is replaced, also when it is a link to elsewhere', async () => {
    const backend = await open('/parts');
    await listed(backend);
    writeFileSync(`${server.home}/victim`, 'untouched');
    symlinkSync('../victim', `${server.home}/parts/.name.part`);
    await backend.put('name', bodyOf('new'), call);
    expect(readFileSync(`${server.home}/parts/name`, 'utf8')).toBe('new');
    expect(readFileSync(`${server.home}/victim`, 'utf8')).toBe('untouched');
    expect(readdirSync(`${server.home}/parts`)).toEqual(['name']);
  });

  test('after a lost connection the next operation connects again', async () => {
    const backend = await open('/again');
    await backend.put('name', bodyOf('x'), call);
    for (const pid of sessionsOf(server)) process.kill(pid);
    const failures: unknown[] = [];
    for (let i = 0; i < 3; i++) await listed(backend).catch((error: unknown) => failures.push(error));
    for (const failure of failures) expect(failure).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    expect(await listed(backend)).toEqual(['name']);
  });

  test('a key with a passphrase is opened by the password of the URL, FTP_PASSWORD or an answer', async () => {
    const options = `-oIdentityFile=${server.lockedKey} -oUserKnownHostsFile=${server.knownHosts}`;
    const url = `sftp://${server.user}:${encodeURIComponent(KEY_PASSPHRASE)}@127.0.0.1:${server.port}/locked`;
    expect(await listed(await open(url, {}, options))).toEqual([]);
    expect(await listed(await open('/locked', { env: { FTP_PASSWORD: KEY_PASSPHRASE } }, options))).toEqual([]);
    const asked: unknown[] = [];
    const asking: Partial<OpenOptions> = {
      settings: { sshOptions: options, sshAskpass: true },
      ask: async (question) => {
        asked.push(question);
        return KEY_PASSPHRASE;
      },
    };
    expect(await listed(await open('/locked', asking))).toEqual([]);
    expect(asked).toEqual([{ prompt: `Passphrase of the key ${server.lockedKey}: `, isVisible: false }]);
    expect(await failureOf(await open('/locked', {}, options))).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      message: expect.stringContaining('needs a passphrase'),
    });
  });

  test.runIf(requireTool('ssh-agent'))('an agent logs in', async () => {
    const socket = `${tempDir()}/agent`;
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((resolve) => agent.stdout.once('data', resolve));
      spawnSync('ssh-add', ['-q', server.key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      const env = { HOME: testHome(), SSH_AUTH_SOCK: socket };
      const options = `-oUserKnownHostsFile=${server.knownHosts}`;
      expect(await listed(await open('/by-agent', { env }, options))).toEqual([]);
    } finally {
      agent.kill();
    }
  });

  test('a login that fails is 51 at once and says what was tried', async () => {
    const backend = await open('/x', {}, `-oIdentityFile=/no/such/key -oUserKnownHostsFile=${server.knownHosts}`);
    expect(await failureOf(backend)).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      message: `${server.user}@127.0.0.1:${server.port} refused the login: tried key /no/such/key (not found).`,
    });
  });

  test('a server that is not there is worth a retry', async () => {
    expect(await failureOf(await open('sftp://127.0.0.1:1/x'))).toMatchObject({
      code: 'BACKEND_ERROR',
      retryable: true,
      message: expect.stringMatching(/^Cannot connect to .*ECONNREFUSED/),
    });
  });

  test('a host of ~/.ssh/config brings name, port, key and known hosts', async () => {
    const own = `${testHome()}/.ssh`;
    mkdirSync(own, { recursive: true });
    const lines = [
      'Host store',
      '  HostName 127.0.0.1',
      `  Port ${server.port}`,
      `  User ${server.user}`,
      `  IdentityFile ${server.key}`,
      `  UserKnownHostsFile ${server.knownHosts}`,
    ];
    writeFileSync(`${own}/config`, `${lines.join('\n')}\n`);
    expect(await listed(await open('sftp://store/configured', {}, ''))).toEqual([]);
    expect(existsSync(`${server.home}/configured`)).toBe(true);
  });

  test.runIf(requireTool('ssh'))('ProxyJump goes through the ssh program', async () => {
    const file = `${testHome()}/config`;
    const lines = [
      'Host jump',
      `  HostName 127.0.0.1\n  Port ${server.port}\n  IdentityFile ${server.key}`,
      `  UserKnownHostsFile ${server.knownHosts}`,
      'Host 127.0.0.1',
      `  ProxyJump ${server.user}@jump`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const before = (server.log().match(/Accepted publickey/g) ?? []).length;
    const jumping = lines.slice(0, 3).join('\n');
    writeFileSync(file, `${jumping}\nHost far\n  HostName 127.0.0.1\n  Port ${server.port}\n  ProxyJump jump\n`);
    expect(await listed(await open('sftp://far/jumped', {}, `-F ${file} ${server.options}`))).toEqual([]);
    expect((server.log().match(/Accepted publickey/g) ?? []).length - before).toBe(2);
  });

  test('an option that means nothing here is told', async () => {
    const said: string[] = [];
    await open('/x', { warn: (text) => said.push(text) }, '-oCompression=yes -C');
    expect(said).toEqual([
      '-oCompression=yes in --ssh-options is not supported and is ignored.',
      '-C in --ssh-options is not supported and is ignored.',
    ]);
  });

  describe('whose key is not known', () => {
    const keyOnly = (): string => `-oIdentityFile=${server.key}`;

    test('is refused by a sentence with the fingerprint and the command that adds it', async () => {
      const failure = await failureOf(await open('/x', {}, keyOnly()));
      const [type = '', key = ''] = server.hostKeys[0]?.split(' ') ?? [];
      const shown = spawnSync('ssh-keygen', ['-lf', `${dir}/host_ed25519.pub`], { encoding: 'utf8' }).stdout;
      const fingerprint = /SHA256:\S+/.exec(shown)?.[0];
      expect(failure).toMatchObject({
        code: 'BACKEND_PERMISSION_DENIED',
        retryable: false,
        message: `The key of [127.0.0.1]:${server.port} is not known: ${type} ${fingerprint}.`,
        hint: `Compare the fingerprint, then run: mkdir -p ${testHome()}/.ssh && echo '[127.0.0.1]:${server.port} ${type} ${key}' >> ${testHome()}/.ssh/known_hosts`,
      });
    });

    test('is written down after a yes, into a file that is made', async () => {
      const answers = ['no', 'yes'];
      const ask: OpenOptions['ask'] = async () => answers.shift();
      expect(await failureOf(await open('/x', { ask }, keyOnly()))).toMatchObject({
        code: 'BACKEND_PERMISSION_DENIED',
      });
      expect(existsSync(`${testHome()}/.ssh/known_hosts`)).toBe(false);
      expect(await listed(await open('/x', { ask }, keyOnly()))).toEqual([]);
      expect(await listed(await open('/x', {}, `${keyOnly()} -oStrictHostKeyChecking=yes`))).toEqual([]);
    });

    test('StrictHostKeyChecking=accept-new accepts it, and never one that has changed', async () => {
      const file = `${testHome()}/known`;
      const options = `${keyOnly()} -oUserKnownHostsFile=${file} -oStrictHostKeyChecking=accept-new`;
      expect(await listed(await open('/x', {}, options))).toEqual([]);
      const other = readFileSync(`${server.key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
      writeFileSync(file, `[127.0.0.1]:${server.port} ${other}\n`);
      expect(await failureOf(await open('/x', {}, options))).toMatchObject({
        code: 'BACKEND_PERMISSION_DENIED',
        message: expect.stringContaining(`is not the known one (${file}:1)`),
      });
    });

    test('of a server with several keys the known one is asked for', async () => {
      const file = `${testHome()}/known`;
      writeFileSync(file, `[127.0.0.1]:${server.port} ${server.hostKeys[1]}\n`);
      expect(await listed(await open('/x', {}, `${keyOnly()} -oUserKnownHostsFile=${file}`))).toEqual([]);
    });
  });
});

describe.runIf(requireTool('sshd'))('a read-only server', () => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir, { only: 'read-only' });
  });
  afterAll(() => server.stop());

  test('a put is 51', async () => {
    await using backend = await openBackend(parseUrl(`sftp://127.0.0.1:${server.port}`), {
      ...call,
      settings: { sshOptions: server.options },
    });
    expect(await backend.put('name', bodyOf('x'), call).catch((error: unknown) => error)).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
    });
    expect(await listed(backend)).toEqual([]);
  });
});

describe.runIf(requireTool('sshd') && requireMount())('a full disk', () => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir);
  });
  afterAll(() => server.stop());

  test('is 53, and leaves nothing behind', async () => {
    const full = tmpfs(1_000_000) ?? '';
    await using backend = await openBackend(parseUrl(`sftp://127.0.0.1:${server.port}/${full}`), {
      ...call,
      settings: { sshOptions: server.options },
    });
    const failure = await backend.put('name', bodyOf('x'.repeat(3_000_000)), call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_NO_SPACE', retryable: false });
    expect(readdirSync(full)).toEqual([]);
  });
});

describe.runIf(requireTool('sshd') && requireTool('useradd') && requireRoot())(
  'an account with a password, over IPv6',
  () => {
    const dir = tempDir();
    let server: Sshd;
    beforeAll(async () => {
      server = await startSshd(dir, {
        account: { name: 'duplicity-test', password: PASSWORD },
        config: ['ListenAddress ::1'],
      });
    });
    afterAll(() => server.stop());

    function url(password: string): string {
      return `sftp://duplicity-test:${encodeURIComponent(password)}@[::1]:${server.port}/place`;
    }

    test('logs in by it, and shows it to nobody', async () => {
      const home = testHome();
      mkdirSync(`${home}/source`);
      const options = ['--no-encryption', '--ssh-options', `-oUserKnownHostsFile=${server.knownHosts}`];
      const made = endedWith(0, await runDuplicity([...options, '-v9', `${home}/source`, url(PASSWORD)], { home }));
      const wrong = endedWith(51, await runDuplicity([...options, '-v9', `${home}/source`, url('wr:ong')], { home }));
      expect(wrong.stderr).toMatch(/refused the login: tried password/);
      for (const output of [made.stdout, made.stderr, wrong.stdout, wrong.stderr]) {
        for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'wr:ong']) expect(output).not.toContain(secret);
      }
    });
  },
);

/** Processes that serve connections. */
function sessionsOf(server: Sshd): number[] {
  const list = spawnSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).stdout.split('\n');
  const all = list.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)).filter((match) => match !== null);
  const dir = server.knownHosts.replace(/\/known_hosts$/, '');
  const master = all.find((match) => match[3]?.includes(`-f ${dir}/sshd_config`))?.[1];
  return all.filter((match) => match[2] === master).map((match) => Number(match[1]));
}
