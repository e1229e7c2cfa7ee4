import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { beforeEach, describe, expect, test } from 'vitest';

import type { Backend, Body, Bytes, Call } from '../../src/backends/backend.ts';
import { BackendError, CannotCopyError } from '../../src/errors/errors.ts';
import { openMulti } from '../../src/backends/multi/multi.ts';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { faultyBackend, type Failure } from '../../src/testing/faulty-backend.ts';
import { memoryBackend, type MemoryBackend } from '../../src/testing/memory-backend.ts';
import { openOptions } from '../support/open-options.ts';
import { duplicity, good, noise, PLAIN, put as putFiles, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { conformance } from './conformance.ts';

const call: Call = { signal: new AbortController().signal };

/** Stores in memory, named a, b, c; `failures` says which calls of one go wrong. */
async function multi(
  query: string,
  { failures = {}, cuts, entries = ['a', 'b', 'c'].map((name) => ({ url: `mem://${name}` })) }: Setup = {},
): Promise<Opened> {
  const config = `${tempDir()}/config.json`;
  writeFileSync(config, JSON.stringify(entries));
  const stores: Record<string, MemoryBackend> = {};
  const envs: OpenOptions['env'][] = [];
  const options = openOptions({ env: { COMMON: '1' } });
  const backend = await openMulti(parseUrl(`multi://${config}${query}`), options, async (url, { env }) => {
    const name = url.path.replace('//', '');
    const store = memoryBackend();
    stores[name] = store;
    envs.push(env);
    return faultyBackend(name === cuts ? cutting(store) : store, failures[name] ?? []);
  });
  const held = (): Record<string, string[]> =>
    Object.fromEntries(Object.entries(stores).map(([name, { files }]) => [name, [...files.keys()].sort()]));
  return { backend, stores, envs, held, said: options.said };
}

interface Setup {
  readonly failures?: Readonly<Record<string, readonly Failure[]>>;
  readonly entries?: readonly object[];
  /** The store that makes too little of what it copies. */
  readonly cuts?: string;
}

function cutting(store: MemoryBackend): MemoryBackend {
  return { ...store, copy: async (_from, to) => void store.files.set(to, Buffer.from('cut')) };
}

interface Opened {
  readonly backend: Backend;
  readonly stores: Record<string, MemoryBackend>;
  readonly envs: readonly OpenOptions['env'][];
  readonly held: () => Record<string, string[]>;
  readonly said: readonly string[];
}

const always = (kind: Failure['kind']): Failure => ({
  kind,
  when: 'before',
  calls: Array.from({ length: 99 }, (_, i) => i + 1),
});

test.each([
  ['abort', [], []],
  ['continue', ['x'], ['The store mem://b does not list 1 file(s) that it has taken, such as x.']],
])('a store that hides what it took is not covered by one that shows it: onfail=%s', async (onFail, listed, said) => {
  const opened = await multi(`?mode=mirror&onfail=${onFail}`);
  await opened.backend.put('x', { size: 1, open: () => oneByte() }, call);
  opened.stores['b']?.files.delete('x');
  const found: string[] = [];
  for await (const { name } of opened.backend.list(call)) found.push(name);
  expect([found, opened.said]).toEqual([listed, said]);
});

async function* oneByte(): Bytes {
  yield Buffer.from('x');
}

conformance('multi, mirror', async () => (await multi('?mode=mirror')).backend, { names: 500 });
conformance('multi, stripe', async () => (await multi('?mode=stripe')).backend, { names: 500 });

describe('copies', () => {
  const file = (text: string): Body => ({ size: text.length, open: () => from([Buffer.from(text)]) });
  async function* from(blocks: readonly Buffer[]): Bytes {
    yield* blocks;
  }
  const copying = ({ backend }: Opened): Promise<unknown> =>
    Promise.resolve(backend.copy?.('old', 'new', call)).then(
      () => 'done',
      (error: unknown) => error,
    );

  test('stripe: a copy lies where its original does, and nowhere else', async () => {
    const opened = await multi('?mode=stripe');
    const { backend, held } = opened;
    for (const name of ['new', 'old', 'other']) await backend.put(name, file(name), call);
    expect(await copying(opened)).toBe('done');
    expect(held()).toEqual({ a: [], b: ['new', 'old'], c: ['other'] });
    expect(await backend.stat?.('new', call)).toEqual({ name: 'new', size: 3 });
  });

  test('mirror: all stores copy, each for itself, and those of another prefix hold none', async () => {
    const entries = [{ url: 'mem://a' }, { url: 'mem://b' }, { url: 'mem://c', prefixes: ['x'] }];
    const opened = await multi('?mode=mirror', { entries });
    await opened.backend.put('old', file('content'), call);
    opened.stores['c']?.files.set('new', Buffer.from('older'));
    const before = opened.held();
    expect(await copying(opened)).toBe('done');
    expect(before['a']).toEqual(['old']);
    for (const store of ['a', 'b']) expect(opened.stores[store]?.files.get('new')?.toString()).toBe('content');
  });

  test('mirror: where one store lacks the original, or makes less of it, nothing is copied', async () => {
    const opened = await multi('?mode=mirror&onfail=continue', { cuts: 'b' });
    const { backend, held } = opened;
    await backend.put('old', file('content'), call);
    expect(await copying(opened)).toBeInstanceOf(CannotCopyError);
    expect(held()).toEqual({ a: ['old'], b: ['old'], c: ['old'] });

    const later = await multi('?mode=mirror&onfail=continue');
    for (const store of ['a', 'c']) later.stores[store]?.files.set('old', Buffer.from('content'));
    expect(await copying(later)).toBeInstanceOf(CannotCopyError);
    expect(later.held()).toEqual({ a: ['old'], b: [], c: ['old'] });
  });

  test.each([
    ['abort', { code: 'BACKEND_ERROR' }, { a: ['old'], b: ['old'], c: ['old'] }],
    ['continue', 'done', { a: ['new', 'old'], b: ['old'], c: ['new', 'old'] }],
  ])('mirror: a store that fails, with onfail=%s', async (onFail, outcome, there) => {
    const failing: Failure = {
      ...always('copy'),
      error: () => new BackendError('BACKEND_ERROR', 'b is down', { retryable: false }),
    };
    const opened = await multi(`?mode=mirror&onfail=${onFail}`, { failures: { b: [failing] } });
    await opened.backend.put('old', file('content'), call);
    expect([await copying(opened)]).toMatchObject([outcome]);
    expect(opened.held()).toEqual(there);
  });

  test('a place of which no store has the original says so', async () => {
    expect(await copying(await multi('?mode=stripe'))).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
  });
});

describe('mirror', () => {
  test('each store gets everything', async () => {
    const { backend, held } = await multi('?mode=mirror');
    await put(backend, 'x');
    expect(held()).toEqual({ a: ['x'], b: ['x'], c: ['x'] });
    await backend.delete('x', call);
    expect(held()).toEqual({ a: [], b: [], c: [] });
  });

  test('onfail=continue goes on without a store that fails, and warns', async () => {
    const { backend, held, said } = await multi('?mode=mirror', { failures: { b: [always('put')] } });
    await put(backend, 'x');
    expect(held()).toEqual({ a: ['x'], b: [], c: ['x'] });
    expect(said.at(-1)).toMatch(/^The store mem:\/\/b could not take x: /);
    expect(await textOf(backend, 'x')).toBe('content');
    expect(await backend.stat?.('x', call)).toEqual({ name: 'x', size: 7 });
  });

  test('a store that fails to take a newer content does not keep the older one', async () => {
    const failures = { a: [{ kind: 'put', when: 'before', calls: [2, 3] } as const] };
    const { backend, held } = await multi('?mode=mirror', { failures });
    await put(backend, 'x', 'old');
    await put(backend, 'x', 'newer');
    expect(held()['a']).toEqual([]);
    expect(await textOf(backend, 'x')).toBe('newer');
    expect(await backend.stat?.('x', call)).toEqual({ name: 'x', size: 5 });
  });

  test('onfail=abort ends with the error of the store', async () => {
    const { backend } = await multi('?mode=mirror&onfail=abort', { failures: { b: [always('put')] } });
    await expect(put(backend, 'x')).rejects.toMatchObject({ code: 'BACKEND_ERROR', retryable: false });
  });

  test('a failure that passes is retried in that store only', async () => {
    const failures = { b: [{ kind: 'put', when: 'before', calls: [1] } as const] };
    const { backend, held } = await multi('?mode=mirror', { failures });
    await put(backend, 'x');
    expect(held()).toEqual({ a: ['x'], b: ['x'], c: ['x'] });
  });

  test('when every store fails, so does the put', async () => {
    const failures = { a: [always('put')], b: [always('put')], c: [always('put')] };
    const { backend } = await multi('?mode=mirror', { failures });
    await expect(put(backend, 'x')).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
  });

  test('a store that is damaged or down does not keep a file from being read', async () => {
    const { backend, stores } = await multi('?mode=mirror', { failures: { a: [always('get')] } });
    await put(backend, 'x');
    stores['b']?.files.delete('x');
    expect(await textOf(backend, 'x')).toBe('content');
  });

  test('prefixes: what begins with one goes only to the stores that list it', async () => {
    const entries = [
      { url: 'mem://a', prefixes: ['meta-'] },
      { url: 'mem://b' },
      { url: 'mem://c', prefixes: ['meta-'] },
    ];
    const { backend, held } = await multi('?mode=mirror', { entries });
    await put(backend, 'meta-x');
    await put(backend, 'data-x');
    expect(held()).toEqual({ a: ['data-x', 'meta-x'], b: ['data-x'], c: ['data-x', 'meta-x'] });
  });
});

describe('stripe', () => {
  test('stores take turns, beginning with the first', async () => {
    const { backend, held } = await multi('');
    for (const name of ['1', '2', '3', '4']) await put(backend, name);
    expect(held()).toEqual({ a: ['1', '4'], b: ['2'], c: ['3'] });
    expect(await namesOf(backend)).toEqual(['1', '2', '3', '4']);
  });

  test('delete reaches every store', async () => {
    const { backend, stores, held } = await multi('');
    for (const { files } of Object.values(stores)) files.set('x', Buffer.from('x'));
    await backend.delete('x', call);
    expect(held()).toEqual({ a: [], b: [], c: [] });
  });

  test('delete reaches the stores behind one that fails', async () => {
    for (const query of ['?onfail=continue', '?onfail=abort']) {
      const { backend, stores, held, said } = await multi(query, { failures: { a: [always('delete')] } });
      for (const { files } of Object.values(stores)) files.set('x', Buffer.from('x'));
      const done = await backend.delete('x', call).catch((error: unknown) => error);
      expect(held()).toEqual({ a: ['x'], b: [], c: [] });
      expect(said.at(-1)).toMatch(/^The store mem:\/\/a could not delete x/);
      expect(done === undefined).toBe(query === '?onfail=continue');
    }
  });

  test('a store that fails is passed over', async () => {
    const { backend, held } = await multi('', { failures: { a: [always('put')] } });
    await put(backend, 'x');
    expect(held()).toEqual({ a: [], b: ['x'], c: [] });
  });

  test('a name that another store holds moves, so that no older copy is found', async () => {
    const { backend, stores, held } = await multi('');
    stores['c']?.files.set('x', Buffer.from('old'));
    await put(backend, 'x');
    expect(held()).toEqual({ a: ['x'], b: [], c: [] });
    expect(await textOf(backend, 'x')).toBe('content');
  });

  test('a store that cannot be listed counts as empty, with a warning', async () => {
    const { backend, stores, said } = await multi('', { failures: { a: [always('list')] } });
    stores['b']?.files.set('x', Buffer.from('x'));
    expect(await namesOf(backend)).toEqual(['x']);
    expect(said.at(-1)).toMatch(/^The store mem:\/\/a could not list its files: /);
  });

  test('nothing is deleted while a store cannot be listed: what the others hold looks incomplete without it', async () => {
    const { backend, stores, held } = await multi('', { failures: { a: [{ ...always('list'), calls: [1, 2] }] } });
    stores['b']?.files.set('x', Buffer.from('x'));
    await namesOf(backend);
    await expect(backend.delete('x', call)).rejects.toThrow('without the store mem://a good backups look incomplete');
    expect(held()).toEqual({ a: [], b: ['x'], c: [] });
    await namesOf(backend);
    await backend.delete('x', call);
    expect(held()).toEqual({ a: [], b: [], c: [] });
  });
});

describe('the configuration', () => {
  test('env is for its store alone', async () => {
    const before = { ...process.env };
    const entries = [{ url: 'mem://a', env: [{ name: 'KEY', value: 'of a' }] }, { url: 'mem://b' }];
    const { envs } = await multi('', { entries });
    expect(envs).toEqual([{ COMMON: '1', KEY: 'of a' }, { COMMON: '1' }]);
    expect(process.env).toEqual(before);
  });

  test('subpath is appended to every URL', async () => {
    const { held } = await multi('?subpath=%2Fhost', { entries: [{ url: 'mem://a' }, { url: 'mem://b/c' }] });
    expect(Object.keys(held())).toEqual(['a/host', 'b/c/host']);
  });

  test.each([
    ['?mode=both', 'parameter "mode" is not mirror or stripe'],
    ['?onfail=wait', 'parameter "onfail" is not continue or abort'],
    ['?speed=1', 'unknown parameter "speed"'],
    ['?mode=mirror&mode=mirror', 'parameter "mode" is given twice'],
  ])('%s is refused', async (query, message) => {
    const failure = await multi(query).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'USER_ERROR', exitCode: 23, exception: 'InvalidBackendURL' });
    expect(failure).toMatchObject({ message: expect.stringContaining(message) });
  });

  test.each<[object, string]>([
    [{}, 'store 1 has no "url"'],
    [{ url: 'mem://a', env: { KEY: 'x' } }, 'store 1 has an "env" that is no list'],
    [{ url: 'mem://a', env: [{ name: 'KEY' }] }, 'without "name" or "value"'],
    [{ url: 'mem://a', prefixes: 'p' }, '"prefixes" that are no list'],
  ])('%j is refused', async (entry, message) => {
    await expect(multi('', { entries: [entry] })).rejects.toThrow(message);
  });

  test('an empty list, no JSON and no file are refused, without showing what is in it', async () => {
    const file = `${tempDir()}/config.json`;
    const fails = async (): Promise<string> =>
      String(await openBackend(parseUrl(`multi://${file}`), openOptions()).catch((error: unknown) => error));
    expect(await fails()).toContain('cannot be read');
    writeFileSync(file, '[]');
    expect(await fails()).toContain('holds no list of stores');
    writeFileSync(file, '[{"url": "ftp://u:hush@h"}');
    expect(await fails()).toMatch(/is not JSON/);
    expect(await fails()).not.toContain('hush');
  });
});

describe('over directories', () => {
  let dir: string;
  beforeEach(() => {
    dir = tempDir();
    const stores = [{ url: `file://${dir}/a` }, { url: `file://${dir}/b` }];
    writeFileSync(`${dir}/config.json`, JSON.stringify(stores));
  });

  test('a store that cannot be opened is left out with onfail=continue and ends the run with abort', async () => {
    writeFileSync(`${dir}/a`, 'no directory');
    const options = openOptions();
    await using backend = await openBackend(parseUrl(`multi://${dir}/config.json?mode=mirror`), options);
    expect(options.said).toEqual([expect.stringContaining(`The store file://${dir}/a is left out: `)]);
    await put(backend, 'x');
    expect(readdirSync(`${dir}/b`)).toEqual(['x']);
    const url = parseUrl(`multi://${dir}/config.json?mode=mirror&onfail=abort`);
    await expect(openBackend(url, options)).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
  });

  test('cleanup --force destroys no set whose manifest lies in a stripe that is away', async () => {
    const s = scene();
    putFiles(s.source, { 'a file': noise(3_000_000) });
    const url = `multi://${dir}/config.json?mode=stripe`;
    const options = [...PLAIN, '--num-retries', '1', '--volsize', '1', '--archive-dir', `${dir}/cache`];
    await good([...options, 'full', s.source, url]);
    const before = readdirSync(`${dir}/b`);
    renameSync(`${dir}/a`, `${dir}/away`);
    writeFileSync(`${dir}/a`, 'no directory');
    const { status, stderr } = await duplicity([...options, 'cleanup', '--force', url]);
    expect(status).toBe(50);
    expect(stderr).toContain(`without the store file://${dir}/a good backups look incomplete`);
    expect(readdirSync(`${dir}/b`)).toEqual(before);
    rmSync(`${dir}/a`);
    renameSync(`${dir}/away`, `${dir}/a`);
    await good([...options, 'verify', url, s.source]);
  });

  test('a mirror does not give its spool file away before every store has it', async () => {
    await using backend = await openBackend(parseUrl(`multi://${dir}/config.json?mode=mirror`), openOptions());
    const spool = `${dir}/spool`;
    writeFileSync(spool, 'volume');
    await backend.put('x', { ...bodyOf('volume'), file: spool, mayKeepFile: true }, call);
    expect(existsSync(spool)).toBe(true);
    rmSync(spool);
    expect(['a', 'b'].map((store) => readFileSync(`${dir}/${store}/x`, 'utf8'))).toEqual(['volume', 'volume']);
  });
});

function bodyOf(text: string): Body {
  async function* blocks(): Bytes {
    yield Buffer.from(text);
  }
  return { size: text.length, open: blocks };
}

function put(backend: Backend, name: string, content = 'content'): Promise<void> {
  return backend.put(name, bodyOf(content), call);
}

function textOf(backend: Backend, name: string): Promise<string> {
  return backend.get(
    name,
    async (bytes) => {
      let text = '';
      for await (const block of bytes) text += block.toString();
      return text;
    },
    call,
  );
}

async function namesOf(backend: Backend): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of backend.list(call)) names.push(name);
  return names.sort();
}
