import { describe, expect, test } from 'vitest';

import { faultyBackend } from '../../testing/faulty-backend.ts';
import { lateBackend } from '../../testing/late-backend.ts';
import { memoryBackend } from '../../testing/memory-backend.ts';
import { slowBackend } from '../../testing/slow-backend.ts';
import type { Backend, Bytes, Call } from '../backend.ts';
import { parseFaults } from './fault-rules.ts';
import { withFaults } from './faults.ts';
import { withMeter } from './meter.ts';
import { rateLimits, withRateLimit } from './rate-limit.ts';
import { withRetry } from './retry.ts';

const call: Call = { signal: new AbortController().signal };
const emit = (): void => undefined;

/** Everything a back end can have. The compiler complains here when an ability is added to the port. */
const ABILITIES: Record<Exclude<keyof Backend, typeof Symbol.asyncDispose | 'traits'>, true> = {
  put: true,
  get: true,
  list: true,
  delete: true,
  stat: true,
  getRange: true,
  rename: true,
  copy: true,
  unfinished: true,
  localFile: true,
  checksum: true,
  mayStore: true,
  flush: true,
};

/** A back end whose methods live on a prototype, as those of a class do, and write down that they were called. */
function recorder(abilities: readonly string[]): { readonly inner: Backend; readonly calls: string[] } {
  const calls: string[] = [];
  const methods: Record<string, unknown> = {};
  for (const ability of abilities) {
    methods[ability] = (...args: unknown[]): unknown => {
      calls.push(`${ability} ${args.filter((arg) => ['string', 'number'].includes(typeof arg)).join(' ')}`.trim());
      if (ability === 'list' || ability === 'unfinished') return nothing();
      return ability === 'localFile' ? '/a' : Promise.resolve(undefined);
    };
  }
  const inner = Object.create(methods, {
    traits: { value: { parallel: 3, atomicPut: false, consistentList: true } },
    [Symbol.asyncDispose]: { value: async () => void calls.push('dispose') },
  }) as Backend;
  return { inner, calls };
}

async function* nothing(): AsyncGenerator<never> {
  // An empty listing.
}

describe.each<[string, (inner: Backend) => Backend]>([
  ['withRetry', (inner) => withRetry(inner, { tries: 1, delayMs: 0, emit })],
  ['withFaults', (inner) => withFaults(inner, parseFaults('[{"op": "put", "do": "delay"}]'), { emit })],
  ['withRateLimit', (inner) => withRateLimit(inner, rateLimits({ upload: 1024, download: 0 }))],
  ['withMeter', (inner) => withMeter(inner).backend],
  ['faultyBackend', (inner) => faultyBackend(inner, [])],
  ['slowBackend', (inner) => slowBackend(inner, async () => undefined)],
])('%s', (_name, wrap) => {
  test('forwards every call to the inner back end, and its traits', async () => {
    const { inner, calls } = recorder(Object.keys(ABILITIES));
    const outer = wrap(inner);
    const take = async (): Promise<undefined> => undefined;
    const body = { size: 0, open: (): Bytes => nothing() };
    await outer.put('a', body, call);
    await outer.get('a', take, call);
    for await (const { name } of outer.list(call)) expect(name).toBe('never');
    await outer.delete('a', call);
    await outer.stat?.('a', call);
    await outer.getRange?.('a', 1, 2, take, call);
    await outer.rename?.('a', 'b', call);
    await outer.copy?.('a', 'b', call);
    await outer.flush?.();
    for await (const { name } of outer.unfinished?.(call) ?? []) expect(name).toBe('never');
    expect(outer.localFile?.('a')).toBe('/a');
    await outer[Symbol.asyncDispose]();
    expect(outer.traits).toEqual(inner.traits);
    expect(calls).toEqual([
      'put a',
      'get a',
      'list',
      'delete a',
      'stat a',
      'getRange a 1 2',
      'rename a b',
      'copy a b',
      'flush',
      'unfinished',
      'localFile a',
      'dispose',
    ]);
  });

  test('has no ability that the inner back end lacks', () => {
    const outer = wrap(recorder(['put', 'get', 'list', 'delete']).inner);
    const extra = ['stat', 'getRange', 'rename', 'copy', 'unfinished', 'localFile'];
    expect(extra.filter((ability) => ability in outer)).toEqual([]);
  });
});

test('a late back end lists what was there when it last caught up', async () => {
  const late = await lateBackend(memoryBackend());
  async function names(): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of late.list(call)) found.push(name);
    return found;
  }
  await late.put('n', { size: 0, open: () => nothing() }, call);
  expect([late.traits.consistentList, await names()]).toEqual([false, []]);
  await late.catchUp();
  expect(await names()).toEqual(['n']);
  await late.delete('n', call);
  expect(await names()).toEqual(['n']);
});

test('a slow back end calls on only when it is let', async () => {
  const steps: string[] = [];
  let letGo: () => void = () => undefined;
  const memory = memoryBackend();
  const slow = slowBackend(memory, ({ kind, name }) => {
    steps.push(`${kind} ${name}`);
    return new Promise<void>((resolve) => {
      letGo = resolve;
    });
  });
  const put = slow.put('n', { size: 0, open: () => nothing() }, call);
  expect([steps, memory.files.size]).toEqual([['put n'], 0]);
  letGo();
  await put;
  expect(memory.files.size).toBe(1);
});
