import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { RSYNC_PASSWORD, startRsyncd, type Rsyncd } from '../servers/rsyncd.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { some } from '../support/forms.ts';
import { PROGRAMS } from '../support/programs.ts';
import { good, PLAIN, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireReference, requireTool } from '../support/tools.ts';
import { exchange, fullCycle, sceneAt } from './cycle.ts';

const call = { signal: new AbortController().signal };
const body = {
  size: 1,
  open: async function* () {
    yield Buffer.from('x');
  },
};

/** What a put into the place ends with. */
async function putting(url: string, more: Partial<OpenOptions> = {}): Promise<unknown> {
  await using backend = await openBackend(parseUrl(url), { ...call, env: { PATH: process.env['PATH'] }, ...more });
  return await backend.put('name', body, call).catch((error: unknown) => error);
}

describe.runIf(requireTool('rsync'))('a daemon', () => {
  const dir = tempDir();
  let server: Rsyncd;
  beforeAll(async () => {
    server = await startRsyncd(dir);
  });
  afterAll(() => server.stop());

  const at = (rest: string, user = ''): string => `rsync://${user}127.0.0.1:${server.port}::${rest}`;

  test('every action works through the program, into a directory that is made', async () => {
    expect(await fullCycle(sceneAt(at('open/new/cycle')))).toEqual(['Full 1']);
    expect(existsSync(`${server.data.open}/new/cycle`)).toBe(true);
  });

  describe.runIf(requireReference())('and the reference', () => {
    test.each(some(PROGRAMS, (first) => first === 'ours'))(
      'a chain begun by %s is continued and read by both',
      async (first) => {
        const name = `interop-${first.replace(' ', '-')}`;
        mkdirSync(`${server.data.secret}/${name}`);
        const env = { FTP_PASSWORD: RSYNC_PASSWORD };
        const url = at(`secret/${name}`, 'dup@');
        const urls = { ours: url, 'the reference': url };
        expect(await exchange(first, urls, { ours: [], 'the reference': [] }, { env })).toEqual(['Full']);
      },
    );
  });

  const words = ['-avz --stats', '--progress', '-q', '-aqz --quiet'];
  test.each(some(words, (_, i) => i % 3 === 0))('may be given %s', async (words) => {
    const { source, url } = sceneAt(at(`open/words/${encodeURIComponent(words)}`));
    put(source, { file: 'content' });
    const options = [...PLAIN, `--rsync-options=${words}`];
    await good([...options, source, url]);
    const { stdout } = await good([...options, 'verify', '--compare-data', url, source]);
    expect(stdout).toContain(' 0 differences found.\n');
  });

  test('a wrong or missing password is 51, and is not asked for', async () => {
    for (const user of ['dup:wrong@', 'dup@']) {
      expect(await putting(at('secret', user))).toMatchObject({
        code: 'BACKEND_PERMISSION_DENIED',
        retryable: false,
        message: expect.stringContaining('auth failed on module secret'),
      });
    }
  });

  test('a read-only module is 51, one that is not there 52, a server that is not there worth a retry', async () => {
    expect(await putting(at('ro'))).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED', retryable: false });
    expect(await putting(at('absent'))).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
    expect(await putting('rsync://127.0.0.1:1::m')).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
  });

  test('a delete removes that name and nothing else, whatever it looks like', async () => {
    const place = `${server.data.open}/delete`;
    mkdirSync(`${place}/directory`, { recursive: true });
    const names = ['a*', 'ab', 'a[b]', 'a?', 'a\\b', 'kept'];
    for (const name of names) writeFileSync(`${place}/${name}`, '');
    await using backend = await openBackend(parseUrl(at('open/delete')), { ...call, env: process.env });
    for (const name of ['a*', 'a[b]', 'a?', 'a\\b']) await backend.delete(name, call);
    expect(readdirSync(place).sort()).toEqual(['ab', 'directory', 'kept']);
  });

  test('without rsync the package is named', async () => {
    expect(await putting(at('open'), { env: { PATH: '/nowhere' } })).toMatchObject({
      code: 'BACKEND_COMMAND_ERROR',
      retryable: false,
      message: 'The program rsync is not installed.',
      hint: expect.stringContaining('apt-get install rsync'),
    });
  });
});

describe.runIf(requireTool('rsync') && requireTool('sshd'))('over ssh', () => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir);
  });
  afterAll(() => server.stop());

  test('every action works through the program, over one connection for each run', async () => {
    const url = `rsync://127.0.0.1:${server.port}/cycle`;
    expect(await fullCycle(sceneAt(url), ['--ssh-options', server.options])).toEqual(['Full 1']);
    const before = logins(server);
    await using backend = await openBackend(parseUrl(url), {
      ...call,
      env: process.env,
      settings: { sshOptions: server.options },
    });
    for (const name of ['a', 'b', 'c']) await backend.put(name, body, call);
    expect(logins(server) - before).toBe(1);
  });

  test.runIf(requireReference())('a chain begun by the reference is continued and read by both', async () => {
    mkdirSync(`${server.home}/interop`);
    const url = `rsync://127.0.0.1:${server.port}/interop`;
    const ours = ['--ssh-options', server.options];
    // It would log in for each file.
    const shared = `-oControlMaster=auto -oControlPath=${dir}/%C -oControlPersist=30`;
    const theirs = ['--ssh-options', `${server.options} ${shared}`];
    const urls = { ours: url, 'the reference': url };
    expect(await exchange('the reference', urls, { ours, 'the reference': theirs })).toEqual(['Full']);
  });

  test.each([
    ['-e', (shell: string) => ({ settings: { rsyncOptions: `-e "${shell}"` } })],
    ['--rsh=', (shell: string) => ({ settings: { rsyncOptions: `"--rsh=${shell}"` } })],
    ['-ze', (shell: string) => ({ settings: { rsyncOptions: `-ze '${shell}'` } })],
    ['RSYNC_RSH', (shell: string) => ({ settings: {}, env: { PATH: process.env['PATH'], RSYNC_RSH: shell } })],
  ])('the user and the port of the URL count with a remote shell given by %s, too', async (_how, more) => {
    const shell = more(`ssh -F none -oIdentityFile=${server.key} -oUserKnownHostsFile=${server.knownHosts}`);
    expect(await putting(`rsync://${server.user}@127.0.0.1:${server.port}/own-shell`, shell)).toBeUndefined();
    expect(await putting(`rsync://keeper@127.0.0.1:${server.port}/own-shell`, shell)).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      message: expect.stringContaining('keeper@127.0.0.1: Permission denied'),
    });
  });

  test('a host key or login that is refused is 51', async () => {
    const url = `rsync://127.0.0.1:${server.port}/x`;
    const unknown = { sshOptions: `-oIdentityFile=${server.key} -oUserKnownHostsFile=/dev/null` };
    expect(await putting(url, { settings: unknown })).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      message: expect.stringContaining('Host key verification failed'),
    });
    const refused = { sshOptions: `-F none -oIdentityFile=none -oUserKnownHostsFile=${server.knownHosts}` };
    expect(await putting(url, { settings: refused })).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      message: expect.stringContaining('Permission denied (publickey'),
    });
  });
});

function logins(server: Sshd): number {
  return (server.log().match(/Accepted publickey/g) ?? []).length;
}
