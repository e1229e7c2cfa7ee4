import { afterAll, beforeAll, describe } from 'vitest';

import { open } from '../../src/backends/azure/azure.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { requireAzurite, startAzurite, type AzuriteServer } from '../servers/azurite.ts';
import { conformance } from './conformance.ts';

describe.runIf(requireAzurite())('Azurite', () => {
  let server: AzuriteServer;
  let containers = 0;

  beforeAll(async () => {
    server = await startAzurite();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const env = () => ({ AZURE_CONNECTION_STRING: server.connectionString });

  conformance(
    'azure',
    () => open(parseUrl(`azure://container-${++containers}`), { signal: new AbortController().signal, env: env() }),
    { names: 12, checksum: 'md5' },
  );

  // With blocks, which a file of more than 64 MiB has by default.
  conformance(
    'azure in blocks',
    () =>
      open(parseUrl(`azure://container-${++containers}`), {
        signal: new AbortController().signal,
        env: env(),
        settings: { azureMaxSinglePutSize: 1, azureMaxBlockSize: 65_536 },
      }),
    { names: 12 },
  );
});
