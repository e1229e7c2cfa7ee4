import { expect, test } from 'vitest';

import { BackendError, CannotCopyError, CryptoError } from '../../errors/errors.ts';
import type { Event } from '../../events/events.ts';
import { faultyBackend, type Failure } from '../../testing/faulty-backend.ts';
import { memoryBackend, type MemoryBackend } from '../../testing/memory-backend.ts';
import type { Backend, Body, Bytes, Call } from '../backend.ts';
import { openWithRetry, withRetry } from './retry.ts';

const call: Call = { signal: new AbortController().signal };

function bodyOf(text: string, file?: string): Body {
  async function* blocks(): Bytes {
    yield Buffer.from(text);
  }
  return { size: text.length, open: blocks, ...(file !== undefined && { file }) };
}

async function textOf(bytes: Bytes): Promise<string> {
  let text = '';
  for await (const block of bytes) text += block.toString();
  return text;
}

async function listAll(backend: Backend): Promise<void> {
  for await (const { name } of backend.list(call)) expect(name).toBeTypeOf('string');
}

interface Rig {
  readonly memory: MemoryBackend;
  readonly backend: Backend;
  readonly events: Event[];
  readonly slept: number[];
}

function rig(failures: readonly Failure[], tries = 5): Rig {
  const memory = memoryBackend();
  const events: Event[] = [];
  const slept: number[] = [];
  const backend = withRetry(faultyBackend(memory, failures), {
    tries,
    delayMs: 30_000,
    emit: (event) => events.push(event),
    sleep: async (ms) => slept.push(ms),
    random: () => 0.5,
  });
  return { memory, backend, events, slept };
}

const before = { when: 'before' } as const;

test('an operation that fails now and then succeeds, with a warning for each failure and a pause with jitter', async () => {
  const { backend, memory, events, slept } = rig([{ kind: 'put', calls: [1, 2], ...before }]);
  await backend.put('vol1', bodyOf('content'), call);
  expect(memory.files.get('vol1')?.toString()).toBe('content');
  expect(events).toEqual([
    { kind: 'warning', text: 'Attempt of put Nr. 1 failed. BackendException: put 1 of vol1 failed' },
    { kind: 'warning', text: 'Attempt of put Nr. 2 failed. BackendException: put 2 of vol1 failed' },
  ]);
  expect(slept).toEqual([31_500, 31_500]);
});

test('after the last try the failure says how many there were, with code, fields and hint', async () => {
  const full = new BackendError('BACKEND_NO_SPACE', 'No space left', {
    retryable: true,
    hint: 'Make room.',
    exception: 'OSError',
  });
  const { backend, events } = rig([{ kind: 'put', calls: [1, 2, 3], ...before, error: () => full }], 3);
  await expect(backend.put("vol'1", bodyOf('x', '/tmp/spool'), call)).rejects.toMatchObject({
    code: 'BACKEND_NO_SPACE',
    exitCode: 53,
    retryable: false,
    message: 'Giving up after 3 attempts. OSError: No space left',
    hint: 'Make room.',
    fields: ['put', "'/tmp/spool'", "'vol\\x271'"],
    cause: full,
  });
  expect(events).toHaveLength(2);
});

test.each<[Failure['kind'], readonly string[], (backend: Backend) => Promise<unknown>]>([
  ['put', ['put', "'n'", "'n'"], (backend) => backend.put('n', bodyOf('x'), call)],
  ['get', ['get', "'n'", "'n'"], (backend) => backend.get('n', textOf, call)],
  ['list', ['list'], listAll],
  ['delete', ['delete', "'n'"], (backend) => backend.delete('n', call)],
  ['query', ['query', "'n'"], async (backend) => backend.stat?.('n', call)],
  ['move', ['move', "'n'"], async (backend) => backend.rename?.('m', 'n', call)],
])('%s that never works fails with the operation in the fields', async (kind, fields, run) => {
  const { backend } = rig([{ kind, calls: [1, 2], ...before }], 2);
  await expect(run(backend)).rejects.toMatchObject({ code: 'BACKEND_ERROR', exitCode: 50, fields });
});

test('what cannot get better is not tried again', async () => {
  const { backend, events, slept } = rig([]);
  await expect(backend.get('absent', textOf, call)).rejects.toMatchObject({
    code: 'BACKEND_NOT_FOUND',
    retryable: false,
    message: 'Giving up after 1 attempts. BackendException: absent is not in memory',
  });
  expect([events, slept]).toEqual([[], []]);
});

test('one try means one try, and so does none', async () => {
  for (const tries of [1, 0]) {
    const { backend, slept } = rig([{ kind: 'delete', calls: [1], ...before }], tries);
    await expect(backend.delete('n', call)).rejects.toThrow('Giving up after 1 attempts.');
    expect(slept).toEqual([]);
  }
});

test('a get that breaks off runs its taker again from the first byte', async () => {
  const memory = memoryBackend();
  memory.files.set('n', Buffer.from('abcdef'));
  let gets = 0;
  const breaking: Backend = {
    ...memory,
    get: async (name, take, { signal }) => {
      gets++;
      if (gets > 1) return memory.get(name, take, { signal });
      async function* cut(): Bytes {
        yield Buffer.from('abc');
        throw new BackendError('BACKEND_ERROR', 'connection lost', { retryable: true });
      }
      return take(cut());
    },
  };
  const starts: string[] = [];
  const backend = withRetry(breaking, { tries: 2, delayMs: 0, emit: () => undefined });
  const text = await backend.get(
    'n',
    async (bytes) => {
      starts.push('start');
      return textOf(bytes);
    },
    call,
  );
  expect([text, starts]).toEqual(['abcdef', ['start', 'start']]);
});

test('an error of the taker passes through at once', async () => {
  const { backend, memory, events } = rig([]);
  memory.files.set('n', Buffer.from('x'));
  const own = new CryptoError('GPG_FAILED', 'bad passphrase');
  await expect(backend.get('n', () => Promise.reject(own), call)).rejects.toBe(own);
  expect(events).toEqual([]);
});

test('a listing that breaks off is started again and gives each name once', async () => {
  const memory = memoryBackend();
  let lists = 0;
  const breaking: Backend = {
    ...memory,
    async *list() {
      lists++;
      yield { name: 'a' };
      if (lists === 1) throw new BackendError('BACKEND_ERROR', 'connection lost', { retryable: true });
      yield { name: 'b' };
    },
  };
  const names: string[] = [];
  const backend = withRetry(breaking, { tries: 2, delayMs: 0, emit: () => undefined });
  for await (const { name } of backend.list(call)) names.push(name);
  expect(names).toEqual(['a', 'b']);
});

test('an abort ends the pause at once and is the reason that comes out', async () => {
  const controller = new AbortController();
  const reason = new Error('interrupted');
  const inner = faultyBackend(memoryBackend(), [{ kind: 'put', calls: [1], ...before }]);
  const emit = (): void => queueMicrotask(() => controller.abort(reason));
  const backend = withRetry(inner, { tries: 5, delayMs: 3_600_000, emit });
  await expect(backend.put('n', bodyOf('x'), { signal: controller.signal })).rejects.toBe(reason);
});

test('an operation that fails because of an abort is not tried again', async () => {
  const controller = new AbortController();
  const reason = new Error('interrupted');
  function error(): BackendError {
    controller.abort(reason);
    return new BackendError('BACKEND_ERROR', 'connection closed', { retryable: true });
  }
  const events: Event[] = [];
  const inner = faultyBackend(memoryBackend(), [{ kind: 'put', calls: [1], ...before, error }]);
  const backend = withRetry(inner, { tries: 5, delayMs: 0, emit: (event) => events.push(event) });
  await expect(backend.put('n', bodyOf('x'), { signal: controller.signal })).rejects.toBe(reason);
  expect(events).toEqual([]);
});

test('a server that names a time is left alone for as long, longer or shorter than the usual pause', async () => {
  const { memory } = rig([]);
  const asked = [120_000, 0];
  const slept: number[] = [];
  const busy: Backend = {
    ...memory,
    async put() {
      const retryAfterMs = asked.shift();
      if (retryAfterMs === undefined) return;
      throw new BackendError('BACKEND_ERROR', 'busy', { retryable: true, retryAfterMs });
    },
  };
  const sleep = async (ms: number) => slept.push(ms);
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const backend = withRetry(busy, { tries: 5, delayMs: 30_000, emit, sleep, random: () => 0 });
  await backend.put('name', bodyOf('content'), call);
  expect(slept).toEqual([120_000, 0]);
  expect(events).toMatchObject([
    { text: 'Attempt of put Nr. 1 failed. BackendException: busy (the server asks to wait 120 s)' },
    { text: 'Attempt of put Nr. 2 failed. BackendException: busy' },
  ]);
});

test('what connects at once is opened again as well, and keeps its code', async () => {
  const events: Event[] = [];
  const policy = { tries: 3, delayMs: 0, emit: (event: Event) => void events.push(event) };
  let left = 2;
  const open = async (): Promise<string> => {
    if (left-- > 0) throw new BackendError('CONNECTION_FAILED', 'reset', { retryable: true });
    return 'open';
  };
  expect(await openWithRetry(open, policy, call.signal)).toBe('open');
  expect(events).toMatchObject([{ text: 'Attempt of open Nr. 1 failed. BackendException: reset' }, {}]);
  left = 9;
  await expect(openWithRetry(open, policy, call.signal)).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    message: 'Giving up after 3 attempts. BackendException: reset',
  });
});

test('an opening that no other try can help fails as it is', async () => {
  const failure = new BackendError('BACKEND_NOT_FOUND', 'no bucket', { retryable: false });
  const policy = { tries: 3, delayMs: 0, emit: () => expect.fail('a try too many') };
  await expect(openWithRetry(() => Promise.reject(failure), policy, call.signal)).rejects.toBe(failure);
});

test('a copy is tried again; a store that does not copy is not asked twice, and nothing has been given up', async () => {
  const refusal = new CannotCopyError('Not here.');
  const { backend, memory, events } = rig([
    { kind: 'copy', calls: [1], ...before },
    { kind: 'copy', calls: [3], ...before, error: () => refusal },
  ]);
  memory.files.set('old', Buffer.from('x'));
  await backend.copy?.('old', 'new', call);
  expect(memory.files.get('new')?.toString()).toBe('x');
  expect(await backend.copy?.('old', 'newer', call).catch((error: unknown) => error)).toBe(refusal);
  const lost = await backend.copy?.('absent', 'newer', call).catch((error: unknown) => error);
  expect(lost).toMatchObject({ code: 'BACKEND_NOT_FOUND', fields: ['copy', "'newer'"] });
  expect(events).toEqual([
    { kind: 'warning', text: 'Attempt of copy Nr. 1 failed. BackendException: copy 1 of new failed' },
  ]);
});
