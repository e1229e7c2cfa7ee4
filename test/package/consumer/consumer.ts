// A program of somebody else: it knows the package and Node.js. Each mode prints one line of JSON, and nothing else.
import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { DuplicityError, openStore, type Store, type StoreEvent, type StoreOptions } from 'duplicity-ts';

const [, , mode = '', home = '', source = ''] = process.argv;
const url = `file://${home}/remote`;
const heard: StoreEvent[] = [];
const options: StoreOptions = {
  archiveDir: `${home}/archive`,
  tempDir: `${home}/tmp`,
  passphrase: async () => 'a passphrase',
  on: (event) => void heard.push(event),
};

/** What a library is not to change. */
function surroundings(): unknown {
  const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
  const { exitCode } = process;
  return { cwd: process.cwd(), umask: process.umask(), env: { ...process.env }, listeners, exitCode };
}

async function hashOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const block of stream) hash.update(block);
  return hash.digest('hex');
}

async function lifeOf(store: Store): Promise<unknown> {
  const { kind, set, volumes, statistics } = await store.backup({ source, volumeSize: 1024 * 1024 });
  const paths: string[] = [];
  const sizes: (number | undefined)[] = [];
  for await (const { path, type, size } of store.entries()) {
    paths.push(path);
    if (type === 'reg') sizes.push(size?.most);
  }
  const { chains } = await store.sets();
  return {
    kind,
    type: set?.type,
    volumes,
    files: statistics.newFiles,
    paths,
    sizes: sizes.length,
    sets: chains.map(({ sets }) => sets.length),
    hash: await hashOf(await store.read('d/large')),
    versions: (await store.versions('d/large')).map((version) => version.kind),
  };
}

const modes: Record<string, () => Promise<unknown>> = {
  async life() {
    await using store = await openStore(url, options);
    return await lifeOf(store);
  },

  async abort() {
    const before = surroundings();
    const control = new AbortController();
    const reason = new Error('enough');
    await using store = await openStore(url, {
      ...options,
      on(event) {
        heard.push(event);
        if (event.kind === 'uploaded' && event.name.includes('.vol2.')) control.abort(reason);
      },
    });
    const request = { source, volumeSize: 1024 * 1024, concurrency: 0 };
    const ended = await store.backup({ ...request, signal: control.signal }).catch((error: unknown) => error);
    const sent = heard.filter(({ kind }) => kind === 'uploaded').length;
    const listeners = getEventListeners(control.signal, 'abort').length;
    heard.length = 0;
    const goneOn = await store.backup(request);
    const sentAgain = heard.flatMap((event) =>
      event.kind === 'uploaded' ? [event.name.replace(/^.*(?=vol\d)/, '')] : [],
    );
    const { differences } = await store.verify({ against: source, compareData: true });
    const changed = JSON.stringify(before) !== JSON.stringify(surroundings());
    return { isReason: ended === reason, sent, listeners, kind: goneOn.kind, sentAgain, differences, changed };
  },

  async two() {
    const open = (name: string) =>
      openStore(`file://${home}/${name}`, { ...options, archiveDir: `${home}/of-${name}`, passphrase: () => name });
    await using one = await open('one');
    await using two = await open('two');
    const both = await Promise.all([lifeOf(one), lifeOf(two)]);
    await Promise.all([one.restore({ to: `${home}/back-one` }), two.restore({ to: `${home}/back-two` })]);
    const reads = await Promise.all(['a', 'd/large', 'a'].map(async (path) => hashOf(await one.read(path))));
    return { both, reads };
  },

  async cycles() {
    const control = new AbortController();
    const plain: StoreOptions = { ...options, encryption: false, archiveDir: `${home}/plain`, signal: control.signal };
    const at = `file://${home}/plain-remote`;
    const state = () => ({
      resources: process.getActiveResourcesInfo(),
      descriptors: readdirSync('/proc/self/fd').length,
      listeners: [getEventListeners(control.signal, 'abort').length, JSON.stringify(surroundings())],
      files: readdirSync(`${home}/tmp`),
    });
    const cycle = async (): Promise<void> => {
      await using store = await openStore(at, plain);
      await store.sets();
      await hashOf(await store.read('a'));
      for await (const entry of store.entries()) if (entry.path === 'a') break;
      const dropped = await store.read('d/large');
      await dropped.getReader().read();
    };
    {
      await using store = await openStore(at, plain);
      await store.backup({ source, volumeSize: 1024 * 1024 });
    }
    await cycle();
    const before = state();
    for (let i = 0; i < 100; i++) await cycle();
    return { before, after: state() };
  },

  async failures() {
    const failed = async (work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        return error instanceof DuplicityError ? [error.code, error.message, error.hint] : String(error);
      }
      return 'nothing failed';
    };
    const closed = await openStore(url, options);
    const held = await closed.read('d/large');
    await closed.close();
    const { passphrase: _, ...without } = options;
    await using locked = await openStore(url, {
      ...without,
      archiveDir: `${home}/other`,
      env: { PASSPHRASE: 'a passphrase' },
    });
    await using store = await openStore(url, options);
    return [
      await failed(() => closed.sets()),
      await failed(() => hashOf(held)),
      await failed(() => locked.read('a')),
      await failed(() => store.read('nowhere')),
      await failed(() => store.backup({ source: 'relative' })),
      await failed(() => store.read('a', { signal: AbortSignal.abort(new Error('before it began')) })),
      await failed(() => openStore('nosuch://place', options)),
    ];
  },
};

console.log(JSON.stringify(await modes[mode]?.()));
