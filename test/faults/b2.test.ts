import { afterAll, beforeAll, describe } from 'vitest';
import { requireB2, startB2, type B2Server } from '../servers/b2.ts';
import { survivesFaults, type FaultySetup } from './faults.ts';

describe.runIf(requireB2())("Backblaze's simulator", () => {
  let server: B2Server;
  beforeAll(async () => {
    // Volumes of 1 MiB are large files.
    server = await startB2(500_000);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function filesIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
    const Authorization = `Basic ${Buffer.from(`${server.key.id}:${server.key.key}`).toString('base64')}`;
    const login = await fetch(`${server.origin}/b2api/v2/b2_authorize_account`, { headers: { Authorization } });
    const { authorizationToken } = (await login.json()) as { readonly authorizationToken: string };
    const files = new Map<string, Buffer>();
    for (const { name, action } of (await server.bucket('bucket')).versions) {
      if (action !== 'upload' || !name.startsWith(`${folder}/`) || files.has(name)) continue;
      const file = await fetch(`${server.origin}/file/bucket/${name}`, {
        headers: { Authorization: authorizationToken },
      });
      files.set(name, Buffer.from(await file.arrayBuffer()));
    }
    return files;
  }

  const b2 = async (): Promise<FaultySetup> => ({
    port: server.port,
    through: (port) => ({
      url: (place) => `b2://${server.key.id}@bucket/${place}`,
      env: { ...server.env, B2_API_URL: `http://127.0.0.1:${port}` },
    }),
    stored: filesIn,
  });
  survivesFaults('b2', b2, [1, 2]);
});
