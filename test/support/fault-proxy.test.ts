import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { startFaultProxy, type FaultProxy, type ProxyRule } from './fault-proxy.ts';

let echo: Server;
let proxy: FaultProxy | undefined;
const clients: Socket[] = [];

beforeAll(async () => {
  echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy?.stop();
});
afterAll(() => void echo.close());

async function proxied(...rules: readonly ProxyRule[]): Promise<FaultProxy> {
  proxy = await startFaultProxy((echo.address() as AddressInfo).port, rules);
  return proxy;
}

interface At {
  readonly port: number;
  readonly host?: string;
}

/** What an echo gives back before the connection ends, and how it ends. */
async function send({ port, host }: At, bytes: Buffer): Promise<{ readonly length: number; readonly end: string }> {
  const client = connect(port, host ?? '127.0.0.1');
  clients.push(client);
  let length = 0;
  client.on('data', (part: Buffer) => {
    length += part.length;
    if (length === bytes.length) client.end();
  });
  const end = new Promise<string>((resolve) => {
    client.on('end', () => resolve('end'));
    client.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
  client.write(bytes);
  return { end: await end, length };
}

const DATA = Buffer.alloc(300_000, 'x');

test('without a rule everything goes through', async () => {
  expect(await send(await proxied(), DATA)).toEqual({ length: 300_000, end: 'end' });
});

test.each(['rst', 'fin'] as const)('a cut by %s after n bytes lets those through and no more', async (how) => {
  const made = await proxied({ down: { cutAfter: 100_000, how } });
  const { length, end } = await send(made, DATA);
  expect(how === 'fin' ? length : Math.max(length, 100_000)).toBe(100_000);
  expect(how === 'fin' ? ['end'] : ['end', 'ECONNRESET', 'EPIPE']).toContain(end);
  expect(made.struck).toBe(1);
});

test('a stall ends nothing and lets nothing more through', async () => {
  const made = await proxied({ down: { cutAfter: 1000, how: 'stall' } });
  const client = connect(made.port, '127.0.0.1');
  clients.push(client);
  client.write(DATA);
  const [first] = (await once(client, 'data')) as [Buffer];
  expect(first.length).toBe(1000);
  const more = await Promise.race([once(client, 'data'), once(client, 'end'), once(client, 'error'), quiet()]);
  expect(more).toBe('nothing');
});

test('a truncated upload ends for the server, and the client is not told', async () => {
  const made = await proxied({ up: { cutAfter: 100_000, how: 'truncate' } });
  const strike = made.nextStrike();
  expect(await send(made, DATA)).toEqual({ length: 100_000, end: 'end' });
  await strike;
  expect(made.struck).toBe(1);
});

test('further ports of the server are reached by the same numbers of another address', async () => {
  const { port } = echo.address() as AddressInfo;
  proxy = await startFaultProxy(port, [{ skip: 1, refuse: true }], { host: '127.0.0.2', same: [port] });
  expect((await send({ ...proxy, host: '127.0.0.2' }, DATA)).length).toBe(300_000);
  expect((await send({ port, host: '127.0.0.2' }, DATA)).length).toBe(0);
});

test('refuse resets the connection', async () => {
  expect((await send(await proxied({ refuse: true }), DATA)).length).toBe(0);
});

test('skip and count choose the connections, in the order they are made', async () => {
  const made = await proxied({ skip: 1, count: 2, up: { cutAfter: 1 } });
  const ends: boolean[] = [];
  for (let i = 0; i < 4; i++) ends.push((await send(made, DATA)).length === 300_000);
  expect(ends).toEqual([true, false, false, true]);
  expect([made.connections, made.struck]).toEqual([4, 2]);
});

test('the first connections that get there are cut, as many as are to be', async () => {
  const made = await proxied({ cuts: 1, up: { cutAfter: 100_000 } });
  const lengths: number[] = [];
  for (const size of [1000, 300_000, 300_000]) lengths.push((await send(made, DATA.subarray(0, size))).length);
  expect([lengths[0], lengths[2]]).toEqual([1000, 300_000]);
  expect(made.struck).toBe(1);
});

test('latency and bandwidth take their time', async () => {
  const made = await proxied({ down: { latencyMs: 120 } });
  const startedAt = performance.now();
  await send(made, Buffer.from('x'));
  expect(performance.now() - startedAt).toBeGreaterThan(115);
  made.setRules([{ up: { bytesPerSecond: 1_000_000 } }]);
  const again = performance.now();
  await send(made, DATA);
  expect(performance.now() - again).toBeGreaterThan(250);
});

/** Long against a block on loopback. */
async function quiet(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 150));
  return 'nothing';
}
