import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { some } from '../support/forms.ts';
import { PROGRAMS } from '../support/programs.ts';
import { root } from '../support/paths.ts';
import { duplicity, good, noise, PLAIN, put, treeOf } from '../support/scene.ts';
import { requirePythonModule, requireReference } from '../support/tools.ts';
import { exchange, fullCycle, sceneAt } from './cycle.ts';

describe.runIf(requireSwift())('s3:// on the S3 API of OpenStack Swift', () => {
  let server: SwiftServer;
  let proxy: FaultyProxy;
  let places = 0;

  beforeAll(async () => {
    server = await startSwift();
    proxy = await startFaultyProxy(server.port);
    await server.request('PUT', '/bucket');
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const place = (): string => `bucket/place/${++places}`;
  const direct = (): string[] => ['--s3-endpoint-url', server.origin];
  const faulty = (): string[] => ['--s3-endpoint-url', proxy.origin];
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = server.s3) =>
    duplicity([...PLAIN, ...args], { env });

  test('a backup goes through its whole life', async () => {
    expect(await fullCycle(sceneAt(`boto3+s3://${place()}`), direct(), { env: server.s3 })).toEqual(['Full 1']);
  });

  describe.runIf(requireReference() && requirePythonModule('boto3'))('is exchanged with the reference', () => {
    test.each(some(PROGRAMS, (first) => first === 'ours'))('a chain begun by %s', async (first) => {
      const url = `boto3+s3:///${place()}`;
      const theirs = [...direct(), '--s3-region-name', 'us-east-1'];
      const urls = { ours: url, 'the reference': url };
      const args = { ours: direct(), 'the reference': theirs };
      expect(await exchange(first, urls, args, { env: server.s3 })).toEqual(['Full']);
    });
  });

  test.each([
    ['the first form of s3 names the bucket', () => [`s3://${place()}`, ...direct()]],
    ['three slashes are the same', () => [`s3:///${place()}`, ...direct()]],
    [
      'a host with a port is the old form',
      () => [`s3://127.0.0.1:${server.port}/${place()}`, '--s3-unencrypted-connection'],
    ],
    [
      'boto+s3 knows the old form too',
      () => [`boto+s3://127.0.0.1:${server.port}/${place()}`, '--s3-unencrypted-connection'],
    ],
    ['s3+http is never encrypted', () => [`s3+http://127.0.0.1:${server.port}/${place()}`]],
  ])('%s', async (_title, words) => {
    const { source } = sceneAt('');
    put(source, { file: 'content' });
    const [url = '', ...args] = words();
    await good([...args, source, url], { env: server.s3 });
    const inside = `s3://${url.slice(url.indexOf('bucket/'))}`;
    const status = await good(['collection-status', ...direct(), inside], { env: server.s3 });
    expect(status.stdout).toContain('Found primary backup chain');
  });

  test('gs takes the keys of Google and its own variables', async () => {
    const env = { GS_ACCESS_KEY_ID: 'test:tester', GS_SECRET_ACCESS_KEY: 'testing' };
    const args = [...direct(), '--s3-region-name', 'us-east-1', `gs://${place()}`];
    const { stdout } = await good(['collection-status', ...args], { env });
    expect(stdout).toContain('No backup chains with active signatures found');
  });

  test('a wrong secret is told in one sentence, without the secret', async () => {
    const env = { ...server.s3, AWS_SECRET_ACCESS_KEY: 'hush-hush' };
    const { status, stderr, stdout } = await run(['collection-status', ...direct(), `s3://${place()}`], env);
    expect(status).toBe(51);
    expect(stderr).toMatch(
      /Cannot open the bucket bucket at http:\S+: the secret key is wrong \(SignatureDoesNotMatch, status 403\)\n/,
    );
    expect(stderr + stdout).not.toContain('hush-hush');
  });

  test('no credentials at all are told, and which ones to set', async () => {
    const env = { AWS_EC2_METADATA_DISABLED: 'true' };
    const { status, stderr } = await run(['collection-status', ...direct(), `s3://${place()}`], env);
    expect(status).toBe(51);
    expect(stderr).toContain('there are no credentials');
    expect(stderr).toContain('AWS_ACCESS_KEY_ID');
  });

  test('a bucket that is not there is error 52 and is not created', async () => {
    const { status, stderr } = await run(['collection-status', ...direct(), 's3://absent/x']);
    expect(status).toBe(52);
    expect(stderr).toContain('Create the bucket first');
    expect((await server.request('HEAD', '/absent')).status).toBe(404);
  });

  test('KMS encryption without a key is error 49', async () => {
    const result = await run(['--s3-use-server-side-kms-encryption', 'full', '/etc/hostname', `s3://${place()}`]);
    expect(result.status).toBe(49);
    expect(result.stderr).toContain('--s3-kms-key-id');
  });

  test('a storage class that the server does not have is told at once; manifests do not ask for a cold one', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    const { status, stderr } = await run(['--s3-use-glacier', ...faulty(), source, url]);
    expect(status).toBe(50);
    expect(stderr).toContain('the server does not know this storage class (InvalidStorageClass');
    expect(proxy.seen.filter((line) => line.startsWith('PUT '))).toHaveLength(1);
  });

  test('a busy server is left alone for as long as it asks', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, status: 503, headers: { 'Retry-After': '1' } });
    const startedAt = Date.now();
    const { status, stdout } = await run([...faulty(), source, url]);
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of put Nr. 1 failed.');
    expect(Date.now() - startedAt).toBeGreaterThan(1000);
  });

  test('an upload whose answer is lost is done again, and there is one good copy', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, loseReply: true });
    const { status } = await run([...faulty(), source, url]);
    expect(status).toBe(0);
    expect(proxy.seen.filter((line) => /^PUT .*difftar/.test(line))).toHaveLength(2);
    const verified = await good(['verify', '--compare-data', ...direct(), url, source], { env: server.s3 });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  });

  test('a volume that is cut on its way back is fetched again', async () => {
    const { source, url, dir } = sceneAt(`s3://${place()}`);
    put(source, { file: noise(300_000) });
    await good([...direct(), source, url], { env: server.s3 });
    proxy.set({ method: 'GET', path: /difftar/, count: 1, cutAt: 100_000 });
    const { status, stdout } = await run(['restore', ...faulty(), url, `${dir}/out`]);
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of get Nr. 1 failed.');
    expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
  });

  test('a delete whose answer is lost is no failure', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    await good([...direct(), source, url], { env: server.s3 });
    proxy.set({ method: 'DELETE', path: /difftar/, count: 1, loseReply: true });
    const { status } = await run(['remove-older-than', '0D', '--force', ...faulty(), url]);
    expect(status).toBe(0);
  });

  test('a large volume goes up in parts', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: noise(12_000_000) });
    await good(['--s3-multipart-chunk-size', '5', ...faulty(), source, url], { env: server.s3 });
    expect(proxy.seen.filter((line) => /^PUT .*partNumber=/.test(line))).toHaveLength(3);
    const verified = await good(['verify', '--compare-data', ...direct(), url, source], { env: server.s3 });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  });

  test('a volume of the usual size goes up in one request', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: noise(22_000_000) });
    await good([...faulty(), source, url], { env: server.s3 });
    expect(proxy.seen.filter((line) => /^(PUT|POST) .*difftar/.test(line))).toHaveLength(1);
  });

  test('a part that fails leaves nothing behind', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: noise(12_000_000) });
    proxy.set({ method: 'PUT', path: /partNumber=2/, count: 9, status: 500 });
    const { status } = await run(['--num-retries', '1', '--s3-multipart-chunk-size', '5', ...faulty(), source, url]);
    expect(status).toBe(50);
    const left = await server.request('GET', `/bucket+segments?prefix=${url.slice('s3://bucket/'.length)}`);
    expect(await left.text()).toBe('');
  });

  describe('a server with names of its own', () => {
    const preload = `${root}/test/servers/loopback-names.cjs`;
    const statusAt = (names: string, ...options: string[]) => {
      const env = { ...server.s3, NODE_OPTIONS: `--require ${preload}`, NAMES_BELOW_LOCALHOST: names };
      const endpoint = proxy.origin.replace('127.0.0.1', 'localhost');
      return good(['collection-status', ...options, '--s3-endpoint-url', endpoint, `s3://${place()}`], { env });
    };

    test.each(['yes', 'no'])('is asked in path style, names below its own or not: %s', async (names) => {
      await statusAt(names);
      expect(new Set(proxy.hosts)).toEqual(new Set([proxy.origin.replace('http://127.0.0.1', 'localhost')]));
    });

    test('is asked by the name of the bucket when an option says so', async () => {
      await statusAt('yes', '--s3-addressing-style', 'virtual');
      for (const asked of proxy.hosts) expect(asked).toMatch(/^bucket\.localhost:/);
    });

    test.each([
      ['forbids the other', 403, 'SecondLevelDomainForbidden'],
      ['knows no bucket in the path', 404, 'NoSuchBucket'],
    ])('is asked by the name of the bucket when it %s', async (_title, status, code) => {
      const body = `<Error><Code>${code}</Code><Message>no</Message></Error>`;
      proxy.set({ method: 'GET', path: /./, header: ['host', /^localhost/], count: 99, status, body });
      await statusAt('yes');
      expect(proxy.hosts.filter((host) => !host.startsWith('bucket.localhost:'))).toHaveLength(1);
    });
  });

  test('the server of AWS_ENDPOINT_URL is asked, and the keys of AWS_DEFAULT_PROFILE are used', async () => {
    const { source, url, dir } = sceneAt(`s3:///${place()}`);
    put(source, { file: 'content' });
    const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: key = '', ...rest } = server.s3;
    const keys = (name: string, secret: string) =>
      `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;
    writeFileSync(`${dir}/credentials`, keys('default', 'wrong') + keys('backup', key));
    const files = { AWS_SHARED_CREDENTIALS_FILE: `${dir}/credentials`, AWS_DEFAULT_PROFILE: 'backup' };
    await good([source, url], { env: { ...rest, ...files, AWS_ENDPOINT_URL: proxy.origin } });
    expect(proxy.seen.filter((line) => line.startsWith('PUT '))).toHaveLength(3);
  });

  test('a bucket with Object Lock, which takes nothing without a digest, takes whole files and parts', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: noise(12_000_000) });
    const body = '<Error><Code>InvalidRequest</Code><Message>Content-MD5 header is required</Message></Error>';
    proxy.set({ method: 'PUT', path: /./, header: ['content-md5', /^$/], count: 99, status: 400, body });
    await good(['--s3-multipart-chunk-size', '5', ...faulty(), source, url], { env: server.s3 });
    expect(proxy.seen.filter((line) => /^PUT .*partNumber=/.test(line))).toHaveLength(3);
    expect(proxy.seen.filter((line) => /^PUT .*manifest/.test(line))).toHaveLength(1);
  });

  test('the region that the server names is used, once it has named it', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    const body =
      '<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message><Region>us-east-1</Region></Error>';
    const wrong = { path: /./, header: ['authorization', /eu-nowhere-1/], count: 99, status: 400, body } as const;
    proxy.set({ method: 'GET', ...wrong }, { method: 'PUT', ...wrong }, { method: 'HEAD', ...wrong });
    const { stdout } = await good(['-v5', '--s3-region-name', 'eu-nowhere-1', ...faulty(), source, url], {
      env: server.s3,
    });
    expect(stdout).toContain('The bucket bucket is in the region us-east-1: that is used.');
    expect(proxy.seen.filter((line) => /^PUT .*difftar/.test(line))).toHaveLength(1);
  });

  test('a key that may list its own prefix only is enough', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    const body = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const whole = /^\/bucket\/?(\?(?!.*prefix=place%2F).*)?$/;
    const denied = { path: whole, count: 99, status: 403, body } as const;
    proxy.set({ method: 'HEAD', ...denied }, { method: 'GET', ...denied });
    await good([...faulty(), source, url], { env: server.s3 });
    const { stdout } = await good(['verify', '--compare-data', ...faulty(), url, source], { env: server.s3 });
    expect(stdout).toContain(' 0 differences found.\n');
  });

  test('a key that may store and list, and not read, is enough for a backup', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    proxy.set({ method: 'HEAD', path: /place/, count: 99, status: 403 });
    await good([...faulty(), source, url], { env: server.s3 });
    const { stdout } = await good(['verify', '--compare-data', ...direct(), url, source], { env: server.s3 });
    expect(stdout).toContain(' 0 differences found.\n');
  });

  test('a server that refuses the second version of the listing is asked by the first', async () => {
    const { source, url } = sceneAt(`s3://${place()}`);
    put(source, { file: 'content' });
    const body = '<Error><Code>NotImplemented</Code><Message>no</Message></Error>';
    proxy.set({ method: 'GET', path: /list-type=2/, count: 99, status: 501, body });
    await good([...faulty(), source, url], { env: server.s3 });
    const { stdout } = await good(['verify', '--compare-data', ...faulty(), url, source], { env: server.s3 });
    expect(stdout).toContain(' 0 differences found.\n');
  });
});
