import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { get } from 'node:https';
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { httpAgents } from '../../src/backends/http/agents.ts';
import { requireAzurite, startAzurite } from '../servers/azurite.ts';
import { startConnectProxy } from '../servers/connect-proxy.ts';
import { makeCertificate } from '../servers/certificate.ts';
import { startDovecot } from '../servers/dovecot.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { duplicity, good, PLAIN, put, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

type Env = Readonly<Record<string, string>>;

async function answerThrough(agents: ReturnType<typeof httpAgents>, url: string): Promise<number | string> {
  return new Promise((resolve) => {
    get(url, { agent: agents.https }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', (error) => resolve(error.message));
  });
}

describe.runIf(requireTool('openssl'))('a server whose certificate an authority of ours has signed', () => {
  test('is reached through a proxy with a password, and trusted only when told', async () => {
    const dir = tempDir();
    const { authority, certificate, key } = makeCertificate(dir);
    const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, answer) =>
      answer.end(),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using proxy = await startConnectProxy('user:pass');
    const { signal } = new AbortController();
    const ask = async (env: Env): Promise<number | string> => {
      const agents = httpAgents({ signal, env });
      const answer = await answerThrough(agents, url);
      agents.https.destroy();
      return answer;
    };
    try {
      expect(await ask({ https_proxy: proxy.url, AWS_CA_BUNDLE: authority })).toBe(200);
      expect(proxy.asked).toEqual([url.slice('https://'.length)]);
      expect(await ask({ https_proxy: proxy.url })).toMatch(/certificate/);
      const nobody = proxy.url.replace('user:pass@', '');
      expect(await ask({ https_proxy: nobody, AWS_CA_BUNDLE: authority })).toMatch(/wants user and password/);
      expect(await ask({ REQUESTS_CA_BUNDLE: authority })).toBe(200);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('through a proxy', () => {
  async function asked(url: string, { env, args = [] }: { readonly env: Env; readonly args?: readonly string[] }) {
    await using proxy = await startConnectProxy();
    const { source } = scene();
    put(source, { file: 'content' });
    await good([...args, source, url], { env: { ...env, http_proxy: proxy.url } });
    const before = proxy.asked.length;
    await good(['collection-status', ...args, url], { env: { ...env, http_proxy: proxy.url, no_proxy: '127.0.0.1' } });
    return { before, after: proxy.asked.length - before };
  }

  test.runIf(requireSwift())('s3 and swift go where http_proxy says, unless no_proxy has the server', async () => {
    await using server = await startSwift();
    await server.request('PUT', '/bucket');
    const s3 = { env: server.s3, args: ['--s3-endpoint-url', server.origin] };
    expect(await asked('s3://bucket/proxy', s3)).toEqual({ before: expect.toSatisfy((n) => n > 0), after: 0 });
    const swift = await asked('swift://container', { env: server.v1 });
    expect(swift).toEqual({ before: expect.toSatisfy((n) => n > 0), after: 0 });
  });

  test.runIf(requireAzurite())('azure goes where http_proxy says, unless no_proxy has the server', async () => {
    await using server = await startAzurite();
    const azure = await asked('azure://container', { env: { AZURE_CONNECTION_STRING: server.connectionString } });
    expect(azure).toEqual({ before: expect.toSatisfy((n) => n > 0), after: 0 });
  });

  test('a proxy that is not there is told as such, and no password of it is shown', async () => {
    const env = {
      SWIFT_PREAUTHURL: 'http://127.0.0.1:1/v1',
      SWIFT_PREAUTHTOKEN: 't',
      http_proxy: 'http://u:hush@127.0.0.1:1',
    };
    const { status, stderr } = await duplicity([...PLAIN, '--num-retries', '2', 'collection-status', 'swift://c'], {
      env,
    });
    expect(status).toBe(50);
    expect(stderr).toContain('refuses the connection');
    expect(stderr).not.toContain('hush');
  });
});

describe.runIf(requireSwift())('the stores of one multi URL', () => {
  let server: SwiftServer;
  beforeAll(async () => {
    server = await startSwift();
    for (const bucket of ['one', 'two']) await server.request('PUT', `/${bucket}`);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  function multi(...stores: readonly { readonly url: string; readonly env: Env }[]): string {
    const file = `${tempDir()}/stores.json`;
    const env = (values: Env): object[] => Object.entries(values).map(([name, value]) => ({ name, value }));
    writeFileSync(file, JSON.stringify(stores.map((store) => ({ url: store.url, env: env(store.env) }))));
    return `multi://${file}?mode=mirror&onfail=abort`;
  }

  async function namesIn(container: string): Promise<number> {
    return (await (await server.request('GET', `/${container}`)).text()).split('\n').length - 1;
  }

  async function throughBoth(url: string, args: readonly string[] = []): Promise<void> {
    const { source } = scene();
    put(source, { file: 'content' });
    await good([...args, 'full', source, url]);
    await good(['verify', ...args, url, source]);
  }

  test('log in to Swift in ways of their own, and nothing of one reaches the other', async () => {
    const url = multi({ url: 'swift://first', env: server.v1 }, { url: 'swift://second', env: server.v3 });
    await throughBoth(url);
    expect([await namesIn('first'), await namesIn('second')]).toEqual([3, 3]);
    const lacking = multi({ url: 'swift://first', env: server.v1 }, { url: 'swift://second', env: {} });
    const { status, stderr } = await duplicity([...PLAIN, 'collection-status', lacking]);
    expect([status, stderr]).toEqual([
      23,
      expect.stringContaining('SWIFT_USERNAME and SWIFT_PASSWORD and SWIFT_AUTHURL'),
    ]);
  });

  test('have a profile of the AWS SDK each, from a file of their own', async () => {
    const profile = (name: string): string =>
      `[${name}]\naws_access_key_id = ${server.s3['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = ${server.s3['AWS_SECRET_ACCESS_KEY']}\n`;
    const [common, own] = [`${tempDir()}/common`, `${tempDir()}/own`];
    writeFileSync(common, `[default]\naws_access_key_id = nobody\naws_secret_access_key = x\n${profile('first')}`);
    writeFileSync(own, profile('second'));
    const url = multi(
      { url: 's3://one/multi', env: { AWS_PROFILE: 'first', AWS_SHARED_CREDENTIALS_FILE: common } },
      { url: 's3://two/multi', env: { AWS_PROFILE: 'second', AWS_SHARED_CREDENTIALS_FILE: own } },
    );
    await throughBoth(url, ['--s3-endpoint-url', server.origin]);
    expect([await namesIn('one'), await namesIn('two')]).toEqual([3, 3]);
  });

  test.runIf(requireTool('dovecot') && requireTool('rclone'))(
    'have passwords and configurations of helper programs of their own',
    async () => {
      const mail = await startDovecot(tempDir());
      try {
        const [left, right] = [tempDir(), tempDir()];
        for (const dir of [left, right])
          writeFileSync(`${dir}/rclone.conf`, `[store]\ntype = alias\nremote = ${dir}/data\n`);
        const url = multi(
          { url: 'rclone://store:/x', env: { RCLONE_CONFIG: `${left}/rclone.conf` } },
          { url: mail.url('imap', 'multi'), env: { IMAP_PASSWORD: mail.password } },
          { url: 'rclone://store:/x', env: { RCLONE_CONFIG: `${right}/rclone.conf` } },
        );
        await throughBoth(url, ['--ssl-cacert-file', mail.authority]);
        for (const dir of [left, right]) expect(readdirSync(`${dir}/data/x`).length).toBe(3);
      } finally {
        await mail.stop();
      }
    },
  );
});
