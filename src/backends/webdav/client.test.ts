import { once } from 'node:events';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';

import type { Body } from '../backend.ts';
import { davClient, dropped, type DavClient } from './client.ts';

const signal = new AbortController().signal;
const servers: Server[] = [];
const clients: DavClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server that answers as told, and a client of it. */
async function pair(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: { readonly timeoutMs?: number; readonly onExpect?: 'continue' | 'refuse' | 'ignore' } = {},
): Promise<{ readonly client: DavClient; readonly server: Server }> {
  const server = http.createServer(answer);
  servers.push(server);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (options.onExpect === 'refuse') {
      response.writeHead(413).end();
      return;
    }
    if (options.onExpect !== 'ignore') response.writeContinue();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = davClient({
    origin: { isSecure: false, host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 },
    credentials: async () => ({ user: 'u', password: 'hush' }),
    headers: { 'X-Ours': 'yes' },
    tls: () => ({}),
    parallel: 2,
    timeoutMs: options.timeoutMs ?? 5_000,
  });
  clients.push(client);
  return { client, server };
}

function zeros(size: number, opened: { count: number } = { count: 0 }): Body {
  return {
    size,
    async *open() {
      opened.count++;
      for (let left = size; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
    },
  };
}

async function put(client: DavClient, body: Body): Promise<number | undefined> {
  const answer = await client.request({ method: 'PUT', target: '/x', body, signal });
  await dropped(answer);
  return answer.statusCode;
}

test('one connection serves one request after the other', async () => {
  let connections = 0;
  const { client, server } = await pair((request, response) => {
    request.resume().on('end', () => response.writeHead(201).end('stored'));
  });
  server.on('connection', () => connections++);
  for (const size of [0, 10, 300_000, 300_000]) expect(await put(client, zeros(size))).toBe(201);
  expect(connections).toBe(1);
});

test('after the first challenge credentials go unasked, and with every header that was asked for', async () => {
  const seen: unknown[] = [];
  const { client } = await pair((request, response) => {
    seen.push([request.headers.authorization !== undefined, request.headers['x-ours']]);
    const status = request.headers.authorization === undefined ? 401 : 204;
    response.writeHead(status, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
  });
  for (let i = 0; i < 2; i++) {
    const answer = await client.request({ method: 'DELETE', target: '/x', signal });
    await dropped(answer);
    expect(answer.statusCode).toBe(204);
  }
  expect(seen).toEqual([
    [false, 'yes'],
    [true, 'yes'],
    [true, 'yes'],
  ]);
});

test('a password that is refused is sent once', async () => {
  let requests = 0;
  const { client } = await pair((_request, response) => {
    requests++;
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
  });
  const answer = await client.request({ method: 'GET', target: '/x', signal });
  await dropped(answer);
  expect([answer.statusCode, requests]).toEqual([401, 2]);
});

test('a large body stays here when the server will not have it', async () => {
  const opened = { count: 0 };
  const { client } = await pair(() => expect.fail('the body was sent'), { onExpect: 'refuse' });
  expect(await put(client, zeros(10_000_000, opened))).toBe(413);
  expect(opened.count).toBe(0);
  // The connection that was refused on is not used again.
  expect(await put(client, zeros(10_000_000, opened))).toBe(413);
});

test('a server that ignores Expect gets the body after a moment', async () => {
  const { client } = await pair(
    (request, response) => {
      request.resume().on('end', () => response.writeHead(201).end());
    },
    { onExpect: 'ignore' },
  );
  expect(await put(client, zeros(100_000))).toBe(201);
});

test('417 means: without Expect, now and later', async () => {
  let expecting = 0;
  const { client, server } = await pair((request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
  });
  server.removeAllListeners('checkContinue');
  server.on('checkContinue', (_request: IncomingMessage, response: ServerResponse) => {
    expecting++;
    response.writeHead(417).end();
  });
  expect([await put(client, zeros(100_000)), await put(client, zeros(100_000))]).toEqual([201, 201]);
  expect(expecting).toBe(1);
});

test('a kept connection that the server has just closed costs nothing but a new one', async () => {
  const { client, server } = await pair((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(201).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  expect(await put(client, zeros(10))).toBe(201);
  // Reset, as by a router: the client learns of it when it writes.
  server.once('request', (request: IncomingMessage) => request.socket.resetAndDestroy());
  expect(await put(client, zeros(10))).toBe(201);
});

test('a silent server is given up after the timeout', async () => {
  const { client } = await pair(() => undefined, { timeoutMs: 100 });
  await expect(client.request({ method: 'GET', target: '/x', signal })).rejects.toThrow('silent for too long');
});

test('a body of another length than announced is not sent as if it were one', async () => {
  const { client } = await pair((request, response) => {
    text(request).then(
      () => response.writeHead(201).end(),
      () => undefined,
    );
  });
  for (const size of [3, 5]) {
    const body: Body = { ...zeros(4), size };
    await expect(put(client, body)).rejects.toThrow(`has not the ${size} bytes`);
  }
});

test('the password does not follow a redirect to another host without TLS', async () => {
  const { client } = await pair((request, response) => {
    const status = request.headers.authorization === undefined ? 401 : 204;
    response.writeHead(status, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
  });
  await dropped(await client.request({ method: 'GET', target: '/x', signal }));
  expect(() => client.moveTo({ isSecure: false, host: 'other', port: 80 })).toThrow('redirects to other, without TLS');
  expect(() => client.moveTo({ isSecure: true, host: 'other', port: 443 })).not.toThrow();
  expect(client.origin()).toBe('https://other');
  expect(() => client.moveTo({ isSecure: false, host: 'other', port: 80 })).toThrow('without TLS');
});

test('nor is it told when the server that a first, open answer led to asks for it', async () => {
  const seen: unknown[] = [];
  const { client, server } = await pair((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  client.moveTo({ isSecure: false, host: 'localhost', port });
  await expect(client.request({ method: 'GET', target: '/x', signal })).rejects.toMatchObject({
    message: '127.0.0.1 redirects to localhost, without TLS',
    retryable: false,
  });
  expect(seen).toEqual([undefined]);
});
