import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';

import { parseUrl } from '../url/url.ts';
import { open } from './azure.ts';

test('a page of somebody else in the place of a listing is a failure that may pass', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<html><body>Log in first.</body></html>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  const connection = `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=AAAA;BlobEndpoint=${address}`;
  try {
    const options = { signal: new AbortController().signal, env: { AZURE_CONNECTION_STRING: connection } };
    await using backend = await open(parseUrl('azure://container'), options);
    await expect(backend.list(options)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      retryable: true,
    });
  } finally {
    server.close().closeAllConnections();
  }
});
