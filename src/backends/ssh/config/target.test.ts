import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { requireTool } from '../../../../test/support/tools.ts';
import { parseUrl } from '../../url/url.ts';
import { sshTarget, type SshTarget } from './target.ts';

const home = mkdtempSync(join(tmpdir(), 'ssh-target-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
mkdirSync(`${home}/.ssh`);
mkdirSync(`${home}/parts`);
writeFileSync(`${home}/parts/one`, 'Host store\n  Port 2301\n');
writeFileSync(`${home}/parts/two`, 'Host store\n  Port 2302\n  User two\n');

const { signal } = new AbortController();
const BASE = { HOME: home, LOGNAME: 'local', PATH: process.env['PATH'], AGENT: '/run/agent', WITH: '/with' };

interface Case {
  readonly url?: string;
  readonly config: string;
  readonly options?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

function targetOf({ url = 'sftp://me@store/x', config, options = '', env = {} }: Case): Promise<SshTarget> {
  writeFileSync(`${home}/.ssh/config`, config);
  const settings = { sshOptions: options };
  return sshTarget(parseUrl(url), { signal, env: { ...BASE, ...env }, settings, tempDir: () => home });
}

/** Each with a part of the target that it makes. */
const TABLE: readonly (readonly [config: string, expected: object, more?: Omit<Case, 'config'>])[] = [
  ['', { host: 'store', port: 22, user: 'me', strictness: 'ask', proxyCommand: undefined, family: 0 }],
  ['Host store\n HostName store.example', { host: 'store.example', knownAs: 'store.example' }],
  ['Host store\n HostName %h.example', { host: 'store.example' }],
  ['Host other\n Port 1\nHost store\n Port 2200', { port: 2200 }],
  ['Host store\n Port 2200\nHost *\n Port 1', { port: 2200 }],
  ['Host store\n Port 2200', { port: 99 }, { url: 'sftp://me@store:99/x' }],
  ['Host store\n User other', { user: 'me' }],
  ['Host store\n User other', { user: 'other' }, { url: 'sftp://store/x' }],
  ['Host *\n User other', { user: 'by-option' }, { url: 'sftp://store/x', options: '-l by-option' }],
  ['Host MyStore\n Port 2201', { port: 2201, host: 'mystore' }, { url: 'sftp://me@MyStore/x' }],
  ['Host mystore\n Port 2201', { port: 22 }, { url: 'sftp://me@MyStore/x' }],
  ['Host st?re\n Port 2202', { port: 2202 }],
  ['Host * !store\n Port 2203\nHost *\n Port 2204', { port: 2204 }],
  ['Host !store\n Port 2203', { port: 22 }],
  ['Match host store\n Port 2205', { port: 2205 }],
  ['Match user me\n Port 2206', { port: 2206 }],
  ['Match user you\n Port 2206', { port: 22 }],
  ['Match user you,m*\n Port 2207', { port: 2207 }],
  ['Match !user you host store\n Port 2208', { port: 2208 }],
  ['Match !host store\n Port 2209', { port: 22 }],
  ['Match exec "test %h = store"\n Port 2210', { port: 2210 }],
  ['Match exec "test %r = you"\n Port 2211', { port: 22 }],
  ['Match !exec "false"\n Port 2212', { port: 2212 }],
  ['Host store\n HostName far.example\nMatch host far.example\n Port 2213', { port: 2213 }],
  ['Host store\n HostName far.example\nMatch originalhost store\n Port 2214', { port: 2214 }],
  ['Match all\n Port 2215', { port: 2215 }],
  ['Match final all\n Port 2216\nHost store\n Port 2217', { port: 2217 }],
  ['Match final host store\n Port 2216', { port: 2216 }],
  ['Match canonical all\n Port 2216', { port: 22 }],
  [`Include ${home}/parts/*`, { port: 2301, user: 'two' }, { url: 'sftp://store/x' }],
  [`Host other\n Include ${home}/parts/*\nHost *\n Port 2`, { port: 2 }],
  ['Host=store\n Port = 2218', { port: 2218 }],
  ['IdentityFile ${HOME}/keys/%u_%h', { identityFiles: [`${home}/keys/local_store`], defaultKeys: [] }],
  ['IdentityFile ~/a\nIdentityFile "%d/b %r"', { identityFiles: [`${home}/a`, `${home}/b me`] }],
  ['IdentityFile ~/a', { identityFiles: ['/c', `${home}/a`] }, { options: '-i /c' }],
  ['IdentityFile none', { identityFiles: [], defaultKeys: [] }],
  [
    'IdentitiesOnly yes',
    { identitiesOnly: true, defaultKeys: ['id_rsa', 'id_ecdsa', 'id_ed25519'].map((k) => `${home}/.ssh/${k}`) },
  ],
  ['UserKnownHostsFile /k/%h ${WITH}/b', { knownHosts: expect.objectContaining({ user: ['/k/store', '/with/b'] }) }],
  ['GlobalKnownHostsFile /a "/b c"', { knownHosts: expect.objectContaining({ global: ['/a', '/b c'] }) }],
  ['', { knownHosts: expect.objectContaining({ user: [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`] }) }],
  ['HostKeyAlias box\nHostName 10.0.0.1', { knownAs: 'box', host: '10.0.0.1' }],
  ['IdentityAgent none', { agent: undefined }, { env: { SSH_AUTH_SOCK: '/run/usual' } }],
  ['IdentityAgent $AGENT', { agent: '/run/agent' }, { env: { SSH_AUTH_SOCK: '/run/usual' } }],
  ['IdentityAgent "/run/my agent"', { agent: '/run/my agent' }],
  ['', { agent: '/run/usual' }, { env: { SSH_AUTH_SOCK: '/run/usual' } }],
  [
    'ProxyCommand nc -x %n:%r %h %p %% %L\nHostName h',
    { proxyCommand: `nc -x store:me h 22 % ${hostname().split('.')[0]}` },
  ],
  ['ProxyJump u@jump:2', { proxyCommand: "ssh -oBatchMode=yes -l u -p 2 -W '[store]:22' -- jump" }],
  ['ProxyJump a,b', { proxyCommand: "ssh -oBatchMode=yes -J a -W '[store]:22' -- b" }],
  ['ProxyCommand none\nProxyJump jump', { proxyCommand: undefined }],
  ['AddressFamily inet6\nBindAddress ::1', { family: 6, bindAddress: '::1' }],
  ['AddressFamily inet6', { family: 4 }, { options: '-4' }],
  ['ConnectTimeout 3\nServerAliveInterval 5', { connectMs: 3000, timeoutMs: 30_000 }],
  ['StrictHostKeyChecking accept-new', { strictness: 'accept-new' }],
  ['StrictHostKeyChecking no', { strictness: 'no' }],
  ['StrictHostKeyChecking no', { strictness: 'yes' }, { options: '-oStrictHostKeyChecking=yes' }],
  ['KexAlgorithms diffie-hellman-group14-sha1', { algorithms: { kex: ['diffie-hellman-group14-sha1'] } }],
  ['Ciphers aes256-ctr,aes128-cbc', { algorithms: { cipher: ['aes256-ctr', 'aes128-cbc'] } }],
  ['CertificateFile ~/c', { certificates: [`${home}/c`] }],
];

/** What ssh itself says under the same names. */
const SAME = { host: 'hostname', port: 'port', user: 'user' } as const;

describe.runIf(requireTool('ssh'))('a configuration is read as ssh reads it', () => {
  test.each(TABLE.map(([config, expected, more = {}]) => ({ config, expected, more })))('$config', async (row) => {
    const { config, expected, more } = row;
    const target = await targetOf({ config, ...more });
    expect(target).toMatchObject(expected);
    const url = parseUrl(more.url ?? 'sftp://me@store/x');
    const words = [...(url.user === undefined ? [] : ['-l', url.user]), ...(url.port ? ['-p', String(url.port)] : [])];
    const options = more.options?.split(' ') ?? [];
    const args = ['-G', '-F', `${home}/.ssh/config`, ...words, ...options, url.alias ?? url.host ?? ''];
    const { stdout } = spawnSync('ssh', args, { encoding: 'utf8', env: { ...BASE, ...more.env } });
    for (const [field, keyword] of Object.entries(SAME)) {
      const said = new RegExp(`^${keyword} (.*)$`, 'm').exec(stdout)?.[1];
      expect([field, String(target[field as keyof typeof SAME])]).toEqual([field, said]);
    }
  });

  test('what ssh refuses ends the run with its words', async () => {
    const refused = targetOf({ config: '', options: `-F ${home}/absent` });
    await expect(refused).rejects.toMatchObject({
      code: 'USER_ERROR',
      message: expect.stringContaining(`${home}/absent`),
    });
    await expect(targetOf({ config: 'Host store\n Foo bar' })).rejects.toThrow('Bad configuration option: foo');
    await expect(targetOf({ config: '', options: '-oCiphers=none' })).rejects.toThrow(/Bad SSH2 cipher spec/);
    await expect(targetOf({ config: 'IdentityFile ${NOT_SET}/a' })).rejects.toThrow('NOT_SET is not set');
  });

  test('what a command of Match exec sees holds no secret', async () => {
    const env = { FTP_PASSWORD: 'hush', PASSPHRASE: 'hush', SIGN_PASSPHRASE: 'hush' };
    const config = 'Match exec "env | grep -q hush"\n Port 1';
    expect(await targetOf({ config, env })).toMatchObject({ port: 22 });
  });
});

describe('where there is no ssh', () => {
  const without = { env: { PATH: '/nowhere' } };

  test.each([
    [
      'Host store\n HostName far\n Port 2200\n User other\n IdentityFile ~/%u',
      { host: 'far', port: 2200, user: 'other', identityFiles: [`${home}/local`] },
    ],
    [
      'KexAlgorithms +diffie-hellman-group14-sha1',
      { algorithms: { kex: expect.arrayContaining(['curve25519-sha256', 'diffie-hellman-group14-sha1']) } },
    ],
    ['UserKnownHostsFile /k/%h ${WITH}/b', { knownHosts: expect.objectContaining({ user: ['/k/store', '/with/b'] }) }],
  ])('the library reads %j', async (config, expected) => {
    expect(await targetOf({ url: 'sftp://store/x', config, ...without })).toMatchObject(expected);
  });
});
