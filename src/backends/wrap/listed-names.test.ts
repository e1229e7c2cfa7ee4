import { expect, test } from 'vitest';

import { faultyBackend } from '../../testing/faulty-backend.ts';
import { memoryBackend, type MemoryBackend } from '../../testing/memory-backend.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, Call } from '../backend.ts';
import { withListedNames } from './listed-names.ts';
import { withRetry } from './retry.ts';

const call: Call = { signal: new AbortController().signal };
const absent = (): Error => new BackendError('BACKEND_NOT_FOUND', 'vol1: it is not there', { retryable: false });

interface Rig {
  readonly memory: MemoryBackend;
  readonly backend: Backend;
  readonly warnings: string[];
}

/** A store that holds `vol1`, whose first `times` calls of a kind say that nothing is there. */
function rig(kind: 'get' | 'query' | 'copy', times: number): Rig {
  const memory = memoryBackend();
  memory.files.set('vol1', Buffer.from('content'));
  const warnings: string[] = [];
  const calls = Array.from({ length: times }, (_, i) => i + 1);
  const lagging = kind !== 'query' ? faultyBackend(memory, [{ kind, calls, when: 'before', error: absent }]) : memory;
  if (kind === 'query') {
    let left = times;
    memory.stat = async (name) => (left-- > 0 ? undefined : { name, size: 7 });
  }
  const backend = withRetry(withListedNames(lagging), {
    tries: 3,
    delayMs: 0,
    emit: (event) => event.kind === 'warning' && warnings.push(event.text),
  });
  return { memory, backend, warnings };
}

async function textOf(bytes: Bytes): Promise<string> {
  let text = '';
  for await (const block of bytes) text += block.toString();
  return text;
}

async function listAll(backend: Backend): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of backend.list(call)) names.push(name);
  return names;
}

function bodyOf(text: string): Body {
  async function* blocks(): Bytes {
    yield Buffer.from(text);
  }
  return { size: text.length, open: blocks };
}

test('a file that the listing shows and that is not found at first is asked for again', async () => {
  const { backend, warnings } = rig('get', 2);
  expect(await listAll(backend)).toEqual(['vol1']);
  expect(await backend.get('vol1', textOf, call)).toBe('content');
  expect(warnings).toEqual([
    'Attempt of get Nr. 1 failed. BackendException: vol1: it is not there',
    'Attempt of get Nr. 2 failed. BackendException: vol1: it is not there',
  ]);
});

test('a part of it as well, and its size', async () => {
  const range = rig('get', 1);
  await listAll(range.backend);
  expect(await range.backend.getRange?.('vol1', 0, 4, textOf, call)).toBe('cont');
  const size = rig('query', 2);
  await listAll(size.backend);
  expect(await size.backend.stat?.('vol1', call)).toEqual({ name: 'vol1', size: 7 });
});

test('a listed file that is to be copied is asked for again, and the copy then counts as stored', async () => {
  const { backend, memory, warnings } = rig('copy', 1);
  await listAll(backend);
  await backend.copy?.('vol1', 'vol2', call);
  expect(warnings).toEqual(['Attempt of copy Nr. 1 failed. BackendException: vol1: it is not there']);
  memory.files.delete('vol2');
  await expect(backend.get('vol2', textOf, call)).rejects.toThrow('Giving up after 3 attempts.');
  await expect(backend.copy?.('absent', 'vol2', call)).rejects.toThrow('Giving up after 1 attempts.');
});

test('a file that stays away is error 52 after the last try', async () => {
  const { backend } = rig('get', 3);
  await listAll(backend);
  await expect(backend.get('vol1', textOf, call)).rejects.toMatchObject({
    code: 'BACKEND_NOT_FOUND',
    retryable: false,
    message: 'Giving up after 3 attempts. BackendException: vol1: it is not there',
  });
});

test('what this run has stored counts as shown when it is fetched; its size is the business of whoever stored it', async () => {
  const { backend, memory } = rig('get', 1);
  await backend.put('vol1', bodyOf('content'), call);
  expect(await backend.get('vol1', textOf, call)).toBe('content');
  await backend.put('vol2', bodyOf('content'), call);
  memory.files.delete('vol2');
  expect(await backend.stat?.('vol2', call)).toBeUndefined();
});

test('a file that was never listed is not waited for', async () => {
  const { backend, warnings } = rig('get', 1);
  await expect(backend.get('vol1', textOf, call)).rejects.toThrow('Giving up after 1 attempts.');
  expect(warnings).toEqual([]);
});

test('a file that was deleted is not waited for', async () => {
  const { backend, warnings } = rig('get', 1);
  await listAll(backend);
  await backend.delete('vol1', call);
  expect(await backend.stat?.('vol1', call)).toBeUndefined();
  await expect(backend.get('vol1', textOf, call)).rejects.toThrow('Giving up after 1 attempts.');
  expect(warnings).toEqual([]);
});
