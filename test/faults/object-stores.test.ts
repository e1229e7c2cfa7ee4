import { afterAll, beforeAll, describe } from 'vitest';
import { connectionString, requireAzurite, startAzurite, type AzuriteServer } from '../servers/azurite.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { survivesFaults, type FaultySetup } from './faults.ts';

describe.runIf(requireSwift())('OpenStack Swift', () => {
  let server: SwiftServer;
  let token: string;
  beforeAll(async () => {
    server = await startSwift();
    await server.request('PUT', '/bucket');
    const headers = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' };
    token = (await fetch(`${server.origin}/auth/v1.0`, { headers })).headers.get('x-auth-token') ?? '';
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function objectsIn(container: string, prefix: string): Promise<ReadonlyMap<string, Buffer>> {
    const listed = await server.request('GET', `/${container}?prefix=${prefix}/`);
    const names = listed.status === 200 ? (await listed.text()).split('\n').filter((name) => name !== '') : [];
    const objects = new Map<string, Buffer>();
    for (const name of names) {
      const object = await server.request('GET', `/${container}/${name}`);
      objects.set(name, Buffer.from(await object.arrayBuffer()));
    }
    return objects;
  }

  const swift = async (): Promise<FaultySetup> => ({
    port: server.port,
    through: (port) => ({
      url: (place) => `swift://container/${place}`,
      // What a login gives is the address of the server itself.
      env: { SWIFT_PREAUTHURL: `http://127.0.0.1:${port}/v1/AUTH_test`, SWIFT_PREAUTHTOKEN: token },
    }),
    stored: (place) => objectsIn('container', place),
  });
  survivesFaults('swift', swift, [4, 9]);

  const s3 = async (): Promise<FaultySetup> => ({
    port: server.port,
    through: (port) => ({
      url: (place) => `s3://bucket/${place}`,
      env: server.s3,
      options: ['--s3-endpoint-url', `http://127.0.0.1:${port}`],
    }),
    stored: (place) => objectsIn('bucket', place),
  });
  survivesFaults('s3', s3, [3, 10]);
});

describe.runIf(requireAzurite())('Azurite', () => {
  let server: AzuriteServer;
  beforeAll(async () => {
    server = await startAzurite();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function blobsIn(container: string): Promise<ReadonlyMap<string, Buffer>> {
    const { BlobServiceClient } = await import('@azure/storage-blob');
    const client = BlobServiceClient.fromConnectionString(server.connectionString).getContainerClient(container);
    const blobs = new Map<string, Buffer>();
    if (!(await client.exists())) return blobs;
    for await (const { name } of client.listBlobsFlat()) {
      blobs.set(name, await client.getBlobClient(name).downloadToBuffer());
    }
    return blobs;
  }

  const azure = async (): Promise<FaultySetup> => ({
    port: Number(new URL(server.origin).port),
    through: (port) => ({
      url: (place) => `azure://${place}`,
      env: { AZURE_CONNECTION_STRING: connectionString(`http://127.0.0.1:${port}`) },
    }),
    stored: blobsIn,
  });
  survivesFaults('azure', azure, [3, 9]);
});
