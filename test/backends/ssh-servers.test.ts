import { readdirSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { describe, expect, test } from 'vitest';

import type { Backend, Body } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { testHome } from '../support/home.ts';
import { good, noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireRoot, requireTool } from '../support/tools.ts';
import { fullCycle, sceneAt } from './cycle.ts';

const call = { signal: new AbortController().signal };
const CONTENT = noise(300_000);
const BODY: Body = {
  size: CONTENT.length,
  async *open() {
    yield CONTENT;
  },
};

function openAt(server: Sshd, path: string, options = server.options): Promise<Backend> {
  return openBackend(parseUrl(`sftp://${server.user}@127.0.0.1:${server.port}/${path}`), {
    ...call,
    env: { HOME: testHome() },
    settings: { sshOptions: options },
  });
}

/** Stores eight files at once and reads them again; gives how many came back whole. */
async function throughIt(backend: Backend): Promise<number> {
  const names = Array.from({ length: backend.traits.parallel }, (_, i) => `file ${i}`);
  await Promise.all(names.map((name) => backend.put(name, BODY, call)));
  const got = await Promise.all(names.map((name) => backend.get(name, buffer, call)));
  return got.filter((bytes) => bytes.equals(CONTENT)).length;
}

describe.runIf(requireTool('sshd'))('a server', () => {
  test('of old is refused with the line that allows it, and with that a whole backup lives there', async () => {
    const lines: readonly (readonly [server: string, client: string])[] = [
      ['KexAlgorithms diffie-hellman-group14-sha1', 'KexAlgorithms +diffie-hellman-group14-sha1'],
      ['Ciphers aes256-cbc', 'Ciphers +aes256-cbc,aes128-cbc'],
      ['MACs hmac-md5', 'MACs +hmac-sha1,hmac-md5'],
    ];
    const dir = tempDir();
    await using server = await startSshd(dir, {
      config: [...lines.map(([line]) => line), 'HostKeyAlgorithms ssh-rsa', 'PubkeyAcceptedAlgorithms +ssh-rsa'],
    });
    const allowed: string[] = [];
    for (const [, line] of lines) {
      await using backend = await openAt(server, 'old', [server.options, ...allowed].join(' '));
      const failure = await backend.put('name', BODY, call).catch((error: unknown) => error);
      expect(failure).toMatchObject({ retryable: false, hint: expect.stringContaining(`~/.ssh/config: ${line}`) });
      allowed.push(`-o${line.replace(' ', '=')}`);
    }
    const config = ['Host 127.0.0.1', ...lines.map(([, line]) => `  ${line}`)];
    writeFileSync(`${dir}/config`, `${config.join('\n')}\n`);
    const place = sceneAt(`sftp://${server.user}@127.0.0.1:${server.port}/old`);
    const options = `-F ${dir}/config ${server.options}`;
    expect(await fullCycle(place, ['--ssh-options', options])).toEqual(['Full 1']);
  });

  test('that greets by a banner is none the worse', async () => {
    const dir = tempDir();
    writeFileSync(`${dir}/banner`, `${'No trespassing.\r\n'.repeat(200)}SSH-2.0-other\r\n`);
    await using server = await startSshd(dir, { config: [`Banner ${dir}/banner`] });
    await using backend = await openAt(server, 'banner');
    expect(await throughIt(backend)).toBe(8);
  });

  test('that allows one session and one login at a time takes all files', async () => {
    await using server = await startSshd(tempDir(), { config: ['MaxSessions 1', 'MaxStartups 1:100:1'] });
    await using backend = await openAt(server, 'one');
    expect(await throughIt(backend)).toBe(8);
  });

  test('that cuts the line again and again gets a backup that can be restored', async () => {
    await using server = await startSshd(tempDir());
    const proxy = await startFaultProxy(server.port, [
      { count: 1, up: { cutAfter: 400_000, how: 'fin' } },
      { count: 1, up: { cutAfter: 5_000 } },
      { count: 1, down: { cutAfter: 3_000 } },
    ]);
    try {
      const place = sceneAt(`sftp://${server.user}@127.0.0.1:${proxy.port}/cut`);
      writeFileSync(`${place.source}/large`, noise(1_500_000));
      const options = `-oIdentityFile=${server.key} -oUserKnownHostsFile=${server.knownHosts} -oHostKeyAlias=[localhost]:${server.port}`;
      const args = ['--no-encryption', '--backend-retry-delay', '0', '--ssh-options', options];
      await good([...args, 'full', '--volsize', '1', place.source, place.url]);
      await good([...args, 'verify', '--compare-data', place.url, place.source]);
      expect(proxy.struck).toBe(3);
      expect(readdirSync(`${server.home}/cut`).filter((name) => name.endsWith('.part'))).toEqual([]);
    } finally {
      await proxy.stop();
    }
  });
});

describe.runIf(requireTool('sshd') && requireTool('useradd') && requireRoot())('an account with a password', () => {
  test('is reached on a server that knows nothing but questions and answers', async () => {
    const account = { name: 'duplicity-asked', password: 'p@ss:wo/rd %41' };
    const config = [
      'UsePAM yes',
      'KbdInteractiveAuthentication yes',
      'PasswordAuthentication no',
      'PubkeyAuthentication no',
    ];
    await using server = await startSshd(tempDir(), { account, config });
    const url = `sftp://${account.name}:${encodeURIComponent(account.password)}@127.0.0.1:${server.port}/asked`;
    await using backend = await openBackend(parseUrl(url), {
      ...call,
      env: { HOME: testHome() },
      settings: { sshOptions: `-oUserKnownHostsFile=${server.knownHosts}` },
    });
    expect(await throughIt(backend)).toBe(8);
    expect(server.log()).toContain('Accepted keyboard-interactive');
  });
});
