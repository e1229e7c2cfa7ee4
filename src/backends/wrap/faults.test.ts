import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import type { Event } from '../../events/events.ts';
import { memoryBackend, type MemoryBackend } from '../../testing/memory-backend.ts';
import type { Backend, Body, Bytes, Call } from '../backend.ts';
import { parseFaults } from './fault-rules.ts';
import { withFaults, type FaultWorld } from './faults.ts';

const call: Call = { signal: new AbortController().signal };

function bodyOf(text: string): Body {
  async function* blocks(): Bytes {
    for (const character of text) yield Buffer.from(character);
  }
  return { size: text.length, open: blocks };
}

interface Rig {
  readonly memory: MemoryBackend;
  readonly backend: Backend;
  readonly events: Event[];
  /** What happened to the process and the clock. */
  readonly deeds: string[];
}

function rig(rules: readonly object[], onSleep: (ms: number) => unknown = () => undefined): Rig {
  const memory = memoryBackend();
  const events: Event[] = [];
  const deeds: string[] = [];
  const world: FaultWorld = {
    exit: (code) => void deeds.push(`exit ${code}`),
    kill: () => void deeds.push('kill'),
    sleep: async (ms) => {
      deeds.push(`sleep ${ms}`);
      await onSleep(ms);
    },
    random: () => 1,
  };
  const emit = (event: Event): void => void events.push(event);
  const backend = withFaults(memory, parseFaults(JSON.stringify(rules)), { emit, world });
  return { memory, backend, events, deeds };
}

async function listAll(backend: Backend): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of backend.list(call)) names.push(name);
  return names;
}

describe('parseFaults', () => {
  test('nothing set means no rules, and no rules mean no wrapper', () => {
    const memory = memoryBackend();
    for (const text of [undefined, '', '[]']) {
      const emit = (): never => expect.unreachable();
      expect(withFaults(memory, parseFaults(text), { emit })).toBe(memory);
    }
  });

  test.each([
    ['{', 'it is not JSON'],
    ['{}', 'it is not a list'],
    ['[1]', 'rule 1 is not an object'],
    ['[{"op":"put","do":"error"},null]', 'rule 2 is not an object'],
    ['[{"do":"error"}]', '"op" of rule 1 is none of put, get, list, delete, query, move, copy, *'],
    ['[{"op":"put"}]', '"do" of rule 1 is none of error, exit, skip, truncate, delay, wait, kill'],
    ['[{"op":"put","do":"error","when":"later"}]', '"when" of rule 1 is none of before, after'],
    ['[{"op":"put","do":"error","code":"NOPE"}]', '"code" of rule 1 is no error code'],
    ['[{"op":"put","do":"error","code":99}]', '"code" of rule 1 is no error code'],
    ['[{"op":"put","do":"exit","code":"x"}]', '"code" of rule 1 is not a number from 0'],
    ['[{"op":"put","do":"delay","ms":-1}]', '"ms" of rule 1 is not a number from 0'],
    ['[{"op":"put","do":"error","match":1}]', '"match" of rule 1 is not a text'],
    ['[{"op":"put","do":"error","times":1}]', 'rule 1 has an unknown field "times"'],
    ['[{"op":"put","do":"wait"}]', 'rule 1 waits without "until"'],
    ['[{"op":"put","do":"truncate"}]', 'rule 1 truncates without "bytes"'],
  ])('%s is refused', (text, reason) => {
    expect(() => parseFaults(text)).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        exitCode: 2,
        message: `DUPLICITY_TEST_FAULTS is malformed: ${reason}.`,
      }),
    );
  });
});

test('rules announce themselves', () => {
  const { events } = rig([{ op: 'put', do: 'error' }]);
  expect(events).toEqual([{ kind: 'warning', text: expect.stringContaining('DUPLICITY_TEST_FAULTS is set') }]);
});

test('an error before leaves nothing, an error after loses only the answer', async () => {
  const { backend, memory } = rig([
    { op: 'put', match: 'vol1', do: 'error' },
    { op: 'put', match: 'vol2', do: 'error', when: 'after', code: 53 },
  ]);
  await expect(backend.put('a.vol1', bodyOf('x'), call)).rejects.toMatchObject({
    code: 'BACKEND_ERROR',
    retryable: true,
    message: 'Injected fault: put of a.vol1',
  });
  await expect(backend.put('a.vol2', bodyOf('x'), call)).rejects.toMatchObject({ code: 'BACKEND_NO_SPACE' });
  await backend.put('a.vol3', bodyOf('x'), call);
  expect([...memory.files.keys()]).toEqual(['a.vol2', 'a.vol3']);
});

test('an injected "not found" is not worth a retry, as a real one', async () => {
  const { backend } = rig([{ op: 'query', do: 'error', code: 'BACKEND_NOT_FOUND' }]);
  await expect(backend.stat?.('n', call)).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
});

test('a rule fires as often as its count says', async () => {
  const { backend } = rig([{ op: 'delete', do: 'error', count: 2 }]);
  await expect(backend.delete('n', call)).rejects.toThrow('Injected');
  await expect(backend.delete('n', call)).rejects.toThrow('Injected');
  await expect(backend.delete('n', call)).resolves.toBeUndefined();
});

test('the operation of a rule is the only one it concerns; * concerns all', async () => {
  async function failing(op: string): Promise<string[]> {
    const { backend, memory } = rig([{ op, do: 'error' }]);
    memory.files.set('n', Buffer.from('x'));
    const runs: Record<string, () => Promise<unknown>> = {
      put: () => backend.put('m', bodyOf('x'), call),
      get: () => backend.get('n', async () => undefined, call),
      list: () => listAll(backend),
      query: async () => backend.stat?.('n', call),
      copy: async () => backend.copy?.('n', 'o', call),
      move: async () => backend.rename?.('n', 'o', call),
      delete: () => backend.delete('n', call),
    };
    const failed: string[] = [];
    for (const [kind, run] of Object.entries(runs)) await run().catch(() => failed.push(kind));
    return failed;
  }
  const all = ['put', 'get', 'list', 'query', 'copy', 'move', 'delete'];
  for (const op of all) expect(await failing(op)).toEqual([op]);
  expect(await failing('*')).toEqual(all);
});

test.each([
  ['duplicity-full.20260101T000000Z.manifest', true],
  ['duplicity-full-signatures.20260101T000000Z.sigtar.gpg', true],
  ['df.s44we8.m.g', true],
  ['dns.s44we8.s44we9.st.z', true],
  ['duplicity-full.20260101T000000Z.vol1.difftar.gz', false],
  ['df.s44we8.1.dt', false],
])('move concerns the put of %s: %s', async (name, concerned) => {
  const { backend, memory } = rig([{ op: 'move', do: 'skip' }]);
  await backend.put(name, bodyOf('x'), call);
  expect(memory.files.has(name)).toBe(!concerned);
});

test('skip pretends to have done it', async () => {
  const { backend, memory } = rig([{ op: '*', do: 'skip', match: 'n' }]);
  memory.files.set('n', Buffer.from('old'));
  await backend.put('n', bodyOf('new'), call);
  await backend.delete('n', call);
  await backend.rename?.('n', 'nn', call);
  await backend.copy?.('n', 'nnn', call);
  await backend.put('other', bodyOf('x'), call);
  expect([...memory.files].map(([name, data]) => `${name} ${data.toString()}`)).toEqual(['n old', 'other x']);
});

test('truncate drops the last bytes', async () => {
  const { backend, memory } = rig([{ op: 'put', do: 'truncate', bytes: 2 }]);
  await backend.put('a', bodyOf('12345'), call);
  await backend.put('b', bodyOf('1'), call);
  expect([memory.files.get('a')?.toString(), memory.files.get('b')?.toString()]).toEqual(['123', '']);
});

test('a copy may lack its end too, and is waited for like an upload', async () => {
  const { backend, memory, deeds } = rig([
    { op: 'copy', do: 'truncate', bytes: 2, match: 'short' },
    { op: 'put', do: 'wait', until: 'whole', match: 'later' },
  ]);
  memory.files.set('n', Buffer.from('12345'));
  await backend.copy?.('n', 'short', call);
  await backend.copy?.('n', 'whole', call);
  await backend.put('later', bodyOf('x'), call);
  expect(['n', 'short', 'whole'].map((name) => memory.files.get(name)?.toString())).toEqual(['12345', '123', '12345']);
  expect(deeds).toEqual([]);
});

test('delay waits its time and at most the jitter more or less', async () => {
  const { backend, deeds } = rig([{ op: 'put', do: 'delay', ms: 500, jitter: 100 }]);
  await backend.put('a', bodyOf('x'), call);
  expect(deeds).toEqual(['sleep 600']);
});

test('wait holds an operation until the other file is there', async () => {
  const { backend, memory, deeds } = rig([{ op: 'put', match: 'vol1', do: 'wait', until: 'vol2' }], async () => {
    if (deeds.length === 3) await backend.put('a.vol2', bodyOf('x'), call);
  });
  await backend.put('a.vol1', bodyOf('x'), call);
  expect([...memory.files.keys()]).toEqual(['a.vol2', 'a.vol1']);
  expect(deeds).toEqual(['sleep 20', 'sleep 20', 'sleep 20']);
});

test('wait goes on after its timeout', async () => {
  const { backend, memory, deeds } = rig([{ op: 'put', do: 'wait', until: 'never', timeout: 1 }]);
  await backend.put('n', bodyOf('x'), call);
  expect([memory.files.size, deeds.length]).toEqual([1, 50]);
});

test('exit and kill end the process before or after the operation', async () => {
  const { backend, memory, deeds } = rig([
    { op: 'put', match: 'vol2', when: 'after', do: 'exit', code: 7 },
    { op: 'put', match: 'vol3', do: 'kill' },
  ]);
  for (const name of ['vol1', 'vol2', 'vol3']) {
    await backend.put(name, bodyOf('x'), call);
    deeds.push(`${memory.files.size}`);
  }
  expect(deeds).toEqual(['1', 'exit 7', '2', 'kill', '3']);
});

test.each([
  ['{"op": "put", "do": "exit", "code": 7}', 7, null],
  ['{"op": "put", "do": "kill"}', null, 'SIGKILL'],
])('really: %s', (rule, status, signal) => {
  const script = `
    import { withFaults } from './faults.ts';
    import { parseFaults } from './fault-rules.ts';
    import { memoryBackend } from '../../testing/memory-backend.ts';
    process.on('exit', () => console.log('cleaned up'));
    const backend = withFaults(memoryBackend(), parseFaults('[${rule}]'), { emit: () => undefined });
    await backend.put('n', { size: 0, open: async function* () {} }, { signal: new AbortController().signal });
    console.log('went on');`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const done = spawnSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' });
  expect(done).toMatchObject({ status, signal, stdout: '' });
});

test('files are not read in place when a get is to fail', () => {
  function localFileWith(op: string): string | undefined {
    const inner: Backend = { ...memoryBackend(), localFile: () => '/a' };
    return withFaults(inner, parseFaults(`[{"op": "${op}", "do": "error"}]`), { emit: () => undefined }).localFile?.(
      'n',
    );
  }
  expect([localFileWith('get'), localFileWith('*'), localFileWith('put')]).toEqual([undefined, undefined, '/a']);
});
