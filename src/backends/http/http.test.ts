import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';

import { httpAgents } from './agents.ts';
import { httpClient } from './http.ts';

const signal = new AbortController().signal;

async function* zeros(blocks: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < blocks; i++) yield Buffer.alloc(65_536);
}

test('a body that cannot be sent fails for the reason that the connection gives', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  server.close();
  await once(server, 'close');
  using client = httpClient(httpAgents({ signal }), 5_000);
  for (const [url, code] of [
    [`http://127.0.0.1:${port}/x`, 'ECONNREFUSED'],
    ['http://nowhere.invalid/x', /^(ENOTFOUND|EAI_AGAIN)$/],
  ] as const) {
    for (const blocks of [1, 100]) {
      const body = { size: blocks * 65_536, bytes: zeros(blocks) };
      const failure = await client.send({ method: 'PUT', url, body, signal }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: expect.stringMatching(code) as string });
    }
  }
});
