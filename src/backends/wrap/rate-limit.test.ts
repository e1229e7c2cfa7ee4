import { expect, test } from 'vitest';

import { memoryBackend } from '../../testing/memory-backend.ts';
import type { Backend, Body, Bytes, Call } from '../backend.ts';
import { unsent } from '../transfer/exact-bytes.ts';
import { rateLimits, withRateLimit, type Clock } from './rate-limit.ts';

const call: Call = { signal: new AbortController().signal };
const KIB = 1024;
/** What may go at once after a pause, of a limit of 100 KiB per second. */
const BURST = 25 * KIB;

/** Time passes in sleep only: one sleeper wakes at a time, the one that has slept enough first. */
function fakeClock(): Clock & { readonly time: () => number } {
  let time = 0;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const wakeNext = (): void => {
    sleepers.sort((a, b) => a.at - b.at);
    const next = sleepers.shift();
    time = Math.max(time, next?.at ?? time);
    next?.wake();
  };
  return {
    time: () => time,
    now: () => time,
    sleep: (ms) =>
      new Promise<void>((resolve) => {
        sleepers.push({ at: time + ms, wake: resolve });
        setImmediate(wakeNext);
      }),
  };
}

function bodyOf(size: number, block = 16 * KIB): Body {
  async function* open(): Bytes {
    for (let at = 0; at < size; at += block) yield Buffer.alloc(Math.min(block, size - at), 1 + (at % 250));
  }
  return { size, open };
}

async function sizes(bytes: Bytes): Promise<number[]> {
  const found: number[] = [];
  for await (const block of bytes) found.push(block.length);
  return found;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test('many blocks take the time of their bytes, up and down, less what may go at once', async () => {
  const clock = fakeClock();
  const memory = memoryBackend();
  const limited = withRateLimit(memory, rateLimits({ upload: 100 * KIB, download: 50 * KIB }, clock));
  await limited.put('a', bodyOf(1000 * KIB), call);
  expect(clock.time()).toBeCloseTo(((1000 * KIB - BURST) / (100 * KIB)) * 1000, 3);
  const sent = Buffer.concat(await collected(bodyOf(1000 * KIB).open()));
  expect(memory.files.get('a')?.equals(sent)).toBe(true);

  const before = clock.time();
  expect(sum(await limited.get('a', sizes, call))).toBe(1000 * KIB);
  expect(clock.time() - before).toBeCloseTo(20_000 - 250, 3);
  expect(sum((await limited.getRange?.('a', 0, 100 * KIB, sizes, call)) ?? [])).toBe(100 * KIB);
  expect(clock.time() - before).toBeCloseTo(22_000 - 250, 3);
});

async function collected(bytes: Bytes): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const block of bytes) found.push(block);
  return found;
}

test('transfers at the same time share the rate, on different places too', async () => {
  const clock = fakeClock();
  const limits = rateLimits({ upload: 100 * KIB, download: 0 }, clock);
  const [one, other] = [withRateLimit(memoryBackend(), limits), withRateLimit(memoryBackend(), limits)];
  const ends = await Promise.all(
    [
      one.put('a', bodyOf(200 * KIB), call),
      one.put('b', bodyOf(200 * KIB), call),
      other.put('c', bodyOf(200 * KIB), call),
    ].map((put) => put.then(() => clock.time())),
  );
  expect(Math.max(...ends)).toBeCloseTo(6000 - 250, 3);
  // None had to wait for another to be through.
  expect(Math.min(...ends)).toBeGreaterThan(5000);
});

test('the other direction has no limit', async () => {
  const clock = fakeClock();
  const limited = withRateLimit(memoryBackend(), rateLimits({ upload: 0, download: KIB }, clock));
  await limited.put('a', bodyOf(100 * KIB), call);
  expect(clock.time()).toBe(0);
});

test('a long pause saves up for no more than a quarter of a second', async () => {
  const clock = fakeClock();
  const limited = withRateLimit(memoryBackend(), rateLimits({ upload: 100 * KIB, download: 0 }, clock));
  await limited.put('a', bodyOf(BURST), call);
  expect(clock.time()).toBe(0);
  await clock.sleep(3_600_000, call.signal);
  await limited.put('a', bodyOf(100 * KIB), call);
  expect(clock.time()).toBeCloseTo(3_600_000 + 750, 3);
});

test('a large block goes in pieces, so that a slow transfer still moves', async () => {
  const clock = fakeClock();
  const memory = memoryBackend();
  const limited = withRateLimit(memory, rateLimits({ upload: 0, download: 100 * KIB }, clock));
  memory.files.set('a', Buffer.alloc(64 * KIB));
  expect(await limited.get('a', sizes, call)).toEqual([BURST, BURST, 14 * KIB]);
});

test('an abort ends the wait at once and is the reason that comes out', async () => {
  const controller = new AbortController();
  const reason = new Error('interrupted');
  const limited = withRateLimit(memoryBackend(), rateLimits({ upload: 1, download: 0 }));
  const put = limited.put('a', bodyOf(KIB), { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  await expect(put).rejects.toBe(reason);
});

test('no limit, and a place that limits itself, are left as they are', () => {
  const memory = memoryBackend();
  expect(withRateLimit(memory, rateLimits({ upload: 0, download: 0 }))).toBe(memory);
  const own = memoryBackend({ limitsItself: true });
  expect(withRateLimit(own, rateLimits({ upload: KIB, download: KIB }))).toBe(own);
});

test('files are read and not copied by other means, each only where its direction is limited', async () => {
  const bodies: Body[] = [];
  const place: Backend = {
    ...memoryBackend(),
    put: async (_name, body) => void bodies.push(body),
    localFile: () => '/a',
  };
  const body: Body = { ...bodyOf(1), file: '/b', mayKeepFile: true };
  const up = withRateLimit(place, rateLimits({ upload: KIB, download: 0 }));
  const down = withRateLimit(place, rateLimits({ upload: 0, download: KIB }));
  for (const limited of [up, down]) await limited.put('a', body, call);
  expect(bodies.map(({ file, mayKeepFile }) => [file, mayKeepFile])).toEqual([
    [undefined, undefined],
    ['/b', true],
  ]);
  expect([up.localFile?.('a'), 'localFile' in down]).toEqual(['/a', false]);
});

test('a look at a body takes no time, its sending does', async () => {
  const clock = fakeClock();
  const looking: Backend = {
    ...memoryBackend(),
    put: async (_name, body) => {
      await sizes(unsent(body).open());
      expect(clock.time()).toBe(0);
      await sizes(body.open());
    },
  };
  await withRateLimit(looking, rateLimits({ upload: 100 * KIB, download: 0 }, clock)).put('a', bodyOf(BURST * 5), call);
  expect(clock.time()).toBeCloseTo(1000, 3);
});
