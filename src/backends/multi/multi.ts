import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, Call, CopyCall, RemoteFile } from '../backend.ts';
import { isNotThere } from '../failures/not-there.ts';
import type { OpenOptions } from '../open-options.ts';
import { parseUrl, redact, type BackendUrl } from '../url/url.ts';
import { openWithRetry, withRetry } from '../wrap/retry.ts';
import { readMultiConfig, type MultiConfig } from './config.ts';
import { copyInEach } from './copy.ts';
import { sizeIn, unlessOurs, type Store } from './store.ts';

type Open = (url: BackendUrl, options: OpenOptions) => Promise<Backend>;

const DEFAULT_TRIES = 5;
const DEFAULT_DELAY_S = 30;

/**
 * Several stores as one. Each makes its own retries, so that one that is down does not repeat the work of the others;
 * what it then says is final. With `onfail=continue` a store that cannot be opened is left out for this run.
 */
export async function openMulti(url: BackendUrl, options: OpenOptions, openStore: Open): Promise<Backend> {
  const config = readMultiConfig(url);
  const { emit = () => undefined, settings = {} } = options;
  const { numRetries = DEFAULT_TRIES, backendRetryDelay = DEFAULT_DELAY_S } = settings;
  const policy = { tries: numRetries, delayMs: backendRetryDelay * 1000, emit };
  const stores: Store[] = [];
  let leftOut: string | undefined;
  try {
    for (const { url: text, env, prefixes } of config.stores) {
      const place = redact(text);
      try {
        const storeUrl = parseUrl(text);
        const opening = { ...options, env: { ...options.env, ...env } };
        const backend = await openWithRetry(() => openStore(storeUrl, opening), policy, options.signal);
        stores.push({ place, prefixes, backend: withRetry(backend, policy) });
      } catch (error) {
        if (config.onFail === 'abort' || !(error instanceof BackendError)) throw error;
        emit({ kind: 'warning', text: `The store ${place} is left out: ${error.message}` });
        leftOut ??= place;
      }
    }
    if (stores.length === 0) throw noStore('open any store', undefined);
  } catch (error) {
    for (const { backend } of stores) await backend[Symbol.asyncDispose]();
    throw error;
  }
  // Then no store alone has what a set needs.
  const isScattered = config.mode === 'stripe' || config.stores.some(({ prefixes }) => prefixes.length > 0);
  const makesPlace = options.makesPlace !== false;
  return multiBackend(stores, { ...config, leftOut, isScattered, makesPlace }, (text) =>
    emit({ kind: 'warning', text }),
  );
}

interface Together extends Omit<MultiConfig, 'stores'> {
  /** A store that could not be opened. */
  readonly leftOut: string | undefined;
  readonly isScattered: boolean;
  /** Places that are not there have been made. */
  readonly makesPlace: boolean;
}

/** The stores in the order of the file. */
function multiBackend(
  stores: readonly Store[],
  { mode, onFail, leftOut, isScattered, makesPlace }: Together,
  warn: (text: string) => void,
): Backend {
  /** Which stores hold a name, as far as listings and puts have told; undefined before the first listing. */
  let holders: Map<string, Set<Store>> | undefined;
  /** Which stores took a name in this run: what others hold under it is older. */
  const fresh = new Map<string, ReadonlySet<Store>>();
  /** A store that the last listing lacks. */
  let unheard: string | undefined;
  let turn = 0;

  /** Does `run` with each store. What fails is a warning while another succeeds and `onfail` lets it. */
  async function withEach<T>(
    some: readonly Store[],
    { task, signal }: { readonly task: string; readonly signal: AbortSignal },
    run: (store: Store) => Promise<T>,
  ): Promise<readonly T[]> {
    const done: T[] = [];
    let failure: unknown;
    for (const store of some) {
      try {
        done.push(await run(store));
      } catch (error) {
        signal.throwIfAborted();
        if (onFail === 'abort' || !(error instanceof BackendError)) throw error;
        failure ??= error;
        warn(`The store ${store.place} could not ${task}: ${error.message}`);
      }
    }
    if (done.length === 0 && failure !== undefined) throw failure;
    return done;
  }

  async function filesOf(call: Call): Promise<readonly RemoteFile[]> {
    const found = new Map<string, RemoteFile>();
    const held = new Map<string, Set<Store>>();
    let absent: unknown;
    let isAnyThere = false;
    const heard = await withEach(stores, { task: 'list its files', signal: call.signal }, async (store) => {
      try {
        for await (const file of store.backend.list(call)) {
          held.set(file.name, (held.get(file.name) ?? new Set()).add(store));
          // Where copies differ in size, one is short.
          const other = found.get(file.name)?.size ?? -1;
          if (!found.has(file.name) || (file.size ?? -1) > other) found.set(file.name, file);
        }
        isAnyThere = true;
      } catch (error) {
        if (makesPlace || !isNotThere(error)) throw error;
        absent = error;
        warn(`The store ${store.place} is not there.`);
      }
      return store;
    });
    if (absent !== undefined && !isAnyThere) throw absent;
    unheard = stores.find((store) => !heard.includes(store))?.place;
    holders = held;
    const silent = new Map<string, string[]>();
    for (const [name, took] of fresh) {
      for (const store of took) {
        if (!heard.includes(store) || held.get(name)?.has(store) === true) continue;
        silent.set(store.place, [...(silent.get(store.place) ?? []), name]);
      }
    }
    for (const [place, names] of silent) {
      // What one of them hides is not stored as it should be, though others show it.
      if (onFail === 'abort') for (const name of names) found.delete(name);
      else warn(`The store ${place} does not list ${names.length} file(s) that it has taken, such as ${names[0]}.`);
    }
    return [...found.values()];
  }

  /** In stripe mode a put must know where an older copy lies. */
  async function holdersOf(name: string, call: Call): Promise<ReadonlySet<Store>> {
    if (holders === undefined) await filesOf(call);
    return fresh.get(name) ?? holders?.get(name) ?? new Set();
  }

  /** Sends and looks what has arrived: a store that took less has failed, the others have not. */
  async function send(store: Store, { name, body, call }: { name: string; body: Body; call: Call }): Promise<void> {
    await store.backend.put(name, body, call);
    const arrived = await store.backend.stat?.(name, call);
    if (arrived?.size !== undefined && arrived.size !== body.size) {
      await store.backend.delete(name, call);
      const message = `${name} has ${arrived.size} bytes there, ${body.size} were sent`;
      throw new BackendError('BACKEND_ERROR', message, { retryable: false });
    }
  }

  async function putStriped(name: string, body: Body, call: Call): Promise<void> {
    const before = [...(await holdersOf(name, call))];
    const first = turn++ % stores.length;
    let failure: unknown;
    for (const store of [...stores.slice(first), ...stores.slice(0, first)]) {
      try {
        await send(store, { name, body, call });
        for (const old of before) if (old !== store) await old.backend.delete(name, call);
        fresh.set(name, new Set([store]));
        return;
      } catch (error) {
        call.signal.throwIfAborted();
        if (onFail === 'abort' || !(error instanceof BackendError)) throw error;
        failure ??= error;
        warn(`The store ${store.place} could not take ${name}: ${error.message}`);
      }
    }
    throw failure;
  }

  /** In mirror mode: those that list a prefix the name begins with, or all when none does. */
  function takers(name: string): readonly Store[] {
    const matching = stores.filter(({ prefixes }) => prefixes.some((prefix) => name.startsWith(prefix)));
    return matching.length > 0 ? matching : stores;
  }

  async function putMirrored(name: string, body: Body, call: Call): Promise<void> {
    const some = takers(name);
    // Each of them needs it for itself.
    const { mayKeepFile: _, ...copied } = body;
    const sent = some.length === 1 ? body : copied;
    const took = new Set<Store>();
    await withEach(some, { task: `take ${name}`, signal: call.signal }, async (store) => {
      await send(store, { name, body: sent, call });
      took.add(store);
    });
    fresh.set(name, took);
    // An older copy would be found first, in this run or a later one.
    for (const store of stores) if (!took.has(store)) await store.backend.delete(name, call).catch(unlessOurs);
  }

  /** In the stores that would get it as an upload, all of which need the original; in stripe mode where that lies. */
  async function copy(from: string, to: string, call: CopyCall): Promise<void> {
    const held = await holdersOf(from, call);
    if (held.size === 0) {
      throw new BackendError('BACKEND_NOT_FOUND', `No store has ${from}, which is to be copied.`, { retryable: false });
    }
    const some = mode === 'stripe' ? [...held].slice(0, 1) : takers(to);
    const lacking = some.find((store) => !held.has(store));
    if (lacking !== undefined) throw new CannotCopyError(`The store ${lacking.place} has no ${from} to copy.`);
    const took = await copyInEach(some, { from, to, call, mayLack: onFail !== 'abort', warn });
    const older = mode === 'stripe' ? await holdersOf(to, call) : stores;
    for (const store of older) if (!took.has(store)) await store.backend.delete(to, call).catch(unlessOurs);
    fresh.set(to, took);
  }

  /** Tries the known holders, then the others, until one gives it whole. */
  async function fromAny<T>(name: string, call: Call, run: (store: Store) => Promise<T>): Promise<T> {
    const known = fresh.get(name) ?? holders?.get(name) ?? new Set();
    const ordered = [...stores.filter((store) => known.has(store)), ...stores.filter((store) => !known.has(store))];
    let failure: unknown;
    for (const store of ordered) {
      try {
        return await run(store);
      } catch (error) {
        call.signal.throwIfAborted();
        if (!(error instanceof BackendError)) throw error;
        const isAbsent = error.code === 'BACKEND_NOT_FOUND';
        if (!isAbsent && onFail === 'abort') throw error;
        if (!isAbsent) warn(`The store ${store.place} could not give ${name}: ${error.message}`);
        // That one store has failed says more than that others do not have it.
        if (failure === undefined || !isAbsent) failure = error;
      }
    }
    throw failure;
  }

  const copiers = stores.filter(({ backend }) => backend.copy !== undefined);
  return {
    traits: {
      directories: stores.flatMap(({ backend }) => backend.traits.directories ?? []),
      parallel: mode === 'stripe' ? 1 : Math.min(...stores.map(({ backend }) => backend.traits.parallel)),
      atomicPut: stores.every(({ backend }) => backend.traits.atomicPut),
      consistentList: stores.every(({ backend }) => backend.traits.consistentList),
      // Each store does.
      limitsItself: true,
    },
    put: (name, body, call) => (mode === 'stripe' ? putStriped : putMirrored)(name, body, call),
    get: <T>(name: string, take: (bytes: Bytes) => Promise<T>, call: Call) =>
      fromAny(name, call, (store) => store.backend.get(name, take, call)),
    async *list(call) {
      yield* await filesOf(call);
    },
    async *unfinished(call) {
      const found = new Map<string, RemoteFile>();
      await withEach(stores, { task: 'list its unfinished files', signal: call.signal }, async ({ backend }) => {
        for await (const file of backend.unfinished?.(call) ?? []) found.set(file.name, file);
      });
      yield* found.values();
    },
    async delete(name, call) {
      const away = leftOut ?? unheard;
      if (isScattered && away !== undefined) throw looksIncomplete(name, away);
      let failure: unknown;
      let failed = 0;
      // Every store, whatever becomes of the one before.
      for (const { place, backend } of stores) {
        await backend.delete(name, call).catch((error: unknown) => {
          unlessOurs(error);
          call.signal.throwIfAborted();
          failed++;
          failure ??= error;
          warn(`The store ${place} could not delete ${name}: ${String(error)}`);
        });
      }
      if (failed > 0 && (onFail === 'abort' || failed === stores.length)) throw failure;
      holders?.delete(name);
      fresh.delete(name);
    },
    async stat(name, call) {
      const context = { task: `tell the size of ${name}`, signal: call.signal };
      const some = [...(fresh.get(name) ?? stores)];
      const answers = await withEach(some, context, (store) => sizeIn(store, name, call));
      const found = answers.filter((file) => file !== undefined);
      return found.find(({ size }) => size !== undefined) ?? found[0];
    },
    ...(copiers.length > 0 && (mode === 'stripe' || copiers.length === stores.length) && { copy }),
    async [Symbol.asyncDispose]() {
      for (const { backend } of stores) await backend[Symbol.asyncDispose]();
    },
  };
}

/** Without the store that has its manifest, a good set is files of no set. */
function looksIncomplete(name: string, away: string): BackendError {
  const message = `${name} is not deleted: without the store ${away} good backups look incomplete.`;
  return new BackendError('BACKEND_ERROR', message, {
    retryable: false,
    hint: 'Run this again when all stores can be reached, or take the store out of the file if it is gone for good.',
  });
}

function noStore(task: string, cause: unknown): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task} of the multi URL.`, { retryable: false, cause });
}
