import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectionString, requireAzurite, startAzurite, type AzuriteServer } from '../servers/azurite.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { duplicity, good, noise, PLAIN, put, treeOf, type Scene } from '../support/scene.ts';
import { fullCycle, sceneAt } from './cycle.ts';

type Env = Readonly<Record<string, string>>;

describe.runIf(requireAzurite())('azure:// on Azurite', () => {
  let server: AzuriteServer;
  let proxy: FaultyProxy;
  let containers = 0;

  beforeAll(async () => {
    server = await startAzurite();
    proxy = await startFaultyProxy(Number(new URL(server.origin).port));
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const container = (): string => `azure://container-${++containers}`;
  const run = (args: readonly string[], env: Env) => duplicity([...PLAIN, ...args], { env });
  const direct = (): Env => ({ AZURE_CONNECTION_STRING: server.connectionString });
  const faulty = (): Env => ({ AZURE_CONNECTION_STRING: connectionString(proxy.origin) });

  function smallScene(content: string | Buffer = 'content'): Scene {
    const made = sceneAt(container());
    put(made.source, { file: content });
    return made;
  }

  test('a backup goes through its whole life', async () => {
    expect(await fullCycle(sceneAt(container()), [], { env: direct() })).toEqual(['Full 1']);
  });

  test('a wrong key is error 38, without the key', async () => {
    const key = Buffer.from('hush-hush').toString('base64');
    const env = { AZURE_CONNECTION_STRING: connectionString(server.origin, key) };
    const { status, stderr, stdout } = await run(['collection-status', container()], env);
    expect(status).toBe(38);
    expect(stderr).toContain('Connection failed: ');
    expect(stderr + stdout).not.toContain(key);
  });

  test('a signature for one container is enough, though it may not look at the container itself', async () => {
    const { BlobServiceClient, ContainerSASPermissions } = await import('@azure/storage-blob');
    const { source, url } = smallScene();
    const container = BlobServiceClient.fromConnectionString(server.connectionString).getContainerClient(url.slice(8));
    await container.create();
    const permissions = ContainerSASPermissions.parse('racwdl');
    const signed = await container.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + 3_600_000) });
    const account = `${proxy.origin}/devstoreaccount1`;
    const env = {
      AZURE_CONNECTION_STRING: `BlobEndpoint=${account};SharedAccessSignature=${signed.slice(signed.indexOf('?') + 1)}`,
    };
    // As Azure itself answers.
    const headers = { 'x-ms-error-code': 'AuthorizationPermissionMismatch' };
    const properties = /^[^?]*\?(?!.*comp=list).*restype=container/;
    proxy.set({ method: 'GET', path: properties, count: 99, status: 403, headers });
    await good([source, url], { env });
    const { stdout } = await good(['verify', '--compare-data', url, source], { env });
    expect(stdout).toContain(' 0 differences found.\n');
  });

  test('a connection string that is none is told without showing it', async () => {
    const env = { AZURE_CONNECTION_STRING: 'AccountName=a;AccountKey=hush-hush' };
    const { status, stderr, stdout } = await run(['collection-status', container()], env);
    expect(status).toBe(23);
    expect(stderr).toContain('AZURE_CONNECTION_STRING is not a connection string');
    expect(stderr + stdout).not.toContain('hush-hush');
  });

  test.each(['azure://container/prefix', 'azure://Container', 'azure://two--dashes'])(
    '%s is no name of a container',
    async (url) => {
      const { status, stderr } = await run(['collection-status', url], direct());
      expect(status).toBe(23);
      expect(stderr).toContain('Not the name of an Azure container');
    },
  );

  test('the tier asked for goes with the upload, but manifests and signatures are not archived', async () => {
    const { source, url } = smallScene();
    await good(['--azure-blob-tier', 'Archive', source, url], { env: direct() });
    const { BlobServiceClient } = await import('@azure/storage-blob');
    const client = BlobServiceClient.fromConnectionString(server.connectionString);
    const tiers: Record<string, unknown> = {};
    for await (const { name, properties } of client.getContainerClient(url.slice('azure://'.length)).listBlobsFlat()) {
      tiers[name.replace(/^.*?\d+Z\./, '').replace(/\..*/, '')] = properties.accessTier;
    }
    expect(tiers).toEqual({ manifest: 'Hot', sigtar: 'Hot', vol1: 'Archive' });
  });

  test('an archived volume is told in one sentence', async () => {
    const { source, url, dir } = smallScene();
    await good([source, url], { env: direct() });
    const headers = { 'x-ms-error-code': 'BlobArchived' };
    proxy.set({ method: 'GET', path: /difftar/, count: 9, status: 409, headers });
    const { status, stderr } = await run(['restore', url, `${dir}/out`], faulty());
    expect(status).toBe(50);
    expect(stderr).toContain('it lies in the archive tier and cannot be read before it is brought back');
  });

  // With the reference a second put of a name fails, and nothing is ever tried again.
  test('an upload whose answer is lost is done again, and there is one good copy', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, loseReply: true });
    const { status } = await run([source, url], faulty());
    expect(status).toBe(0);
    expect(proxy.seen.filter((line) => /^PUT .*difftar/.test(line))).toHaveLength(2);
    const verified = await good(['verify', '--compare-data', url, source], { env: direct() });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  });

  test('a busy server is left alone for as long as it asks', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, status: 503, headers: { 'Retry-After': '1' } });
    const startedAt = Date.now();
    const { status, stdout } = await run([source, url], faulty());
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of put Nr. 1 failed.');
    expect(Date.now() - startedAt).toBeGreaterThan(1000);
  });

  test('a volume that is cut on its way back is fetched again', async () => {
    const { source, url, dir } = smallScene(noise(300_000));
    await good([source, url], { env: direct() });
    proxy.set({ method: 'GET', path: /difftar/, count: 1, cutAt: 100_000 });
    const { status, stdout } = await run(['restore', url, `${dir}/out`], faulty());
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of get Nr. 1 failed.');
    expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
  });

  test('a large volume goes up in blocks of the size asked for', async () => {
    const { source, url } = smallScene(noise(1_000_000));
    const sizes = ['--azure-max-single-put-size', '100000', '--azure-max-block-size', '400000'];
    await good([...sizes, source, url], { env: faulty() });
    expect(proxy.seen.filter((line) => /^PUT .*difftar.*comp=block&/.test(line))).toHaveLength(3);
    const verified = await good(['verify', '--compare-data', url, source], { env: direct() });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  });
});
