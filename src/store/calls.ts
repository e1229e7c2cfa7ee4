import { resolve } from 'node:path';
import { NO_PREFIXES } from '../archive/names/names.ts';
import type { Backend } from '../backends/backend.ts';
import { type ArchiveDir, defaultName, openArchiveDir } from '../cache/archive-dir.ts';
import { UsageError } from '../errors/errors.ts';
import { knownFailure } from '../errors/failure.ts';
import { openSpool } from '../pipeline/spool.ts';
import type { KeysAction } from '../repository/keys.ts';
import type { Repository } from '../repository/repository.ts';
import { tellListener } from './events.ts';
import { type Emergency, emergency } from './emergency.ts';
import { openRepository, placeOpener } from './open-repository.ts';
import { type CallOptions, encodingFor, type StoreOptions } from './options.ts';
import { sharedLock } from './readers.ts';
import { askCallbacks } from './secrets.ts';

/** What the command line does without options. */
const TRIES = 5;
const RETRY_DELAY_S = 30;
const TEMP_ROOTS = ['/tmp', '/var/tmp'];

/** What one call of an action needs. */
export interface Task extends CallOptions {
  readonly action: KeysAction;
  /** It writes to the place, which is made when it is not there. */
  readonly stores?: boolean;
  /** It changes nothing, neither here nor there, and can run beside others of the kind. */
  readonly isReading?: boolean;
  readonly dryRun?: boolean | undefined;
  /** With nothing but the ledger of the archive dir, as on another machine. */
  readonly isEmergency?: boolean;
}

/** What the calls of one store share. */
export interface Calls {
  run<T>(task: Task, work: (repository: Repository) => Promise<T>): Promise<T>;
  /** What work gives one by one. The work ends when nobody wants more of it, and when the store is closed. */
  stream<T>(task: Task, work: (repository: Repository) => AsyncIterable<T>): AsyncIterableIterator<T, undefined>;
  readonly archiveDir: ArchiveDir;
  /** Another place, with the same limits. Whoever opens it closes it. */
  open(url: string, makesPlace?: boolean): Promise<Backend>;
  /** The archive dir of another place, inside that of the store. */
  archiveDirFor(url: string): ArchiveDir;
  /** Ends what runs, and waits for that. */
  close(): Promise<void>;
}

export async function openCalls(url: string, options: StoreOptions): Promise<Calls> {
  const closing = new AbortController();
  const signal = together(closing.signal, options.signal);
  const emit = tellListener(options.on);
  const { PASSPHRASE: _passphrase, SIGN_PASSPHRASE: _signPassphrase, ...env } = options.env ?? {};
  const { tries = TRIES, filePrefix = '' } = options;
  const archiveDir = openArchiveDir(resolve(options.archiveDir), '');
  const spool = openSpool(options.tempDir === undefined ? TEMP_ROOTS : [resolve(options.tempDir)]);
  const encoding = encodingFor(options);
  const ask = askCallbacks(options);
  const shareLock = sharedLock();
  const places: Backend[] = [];
  const running = new Set<Promise<unknown>>();
  /** Each ends one that has begun. */
  const streams = new Set<() => Promise<unknown>>();
  let storing: Promise<Backend> | undefined;
  let closed: Promise<void> | undefined;

  const openPlace = await placeOpener({
    env,
    settings: options.driver ?? {},
    tries,
    retryDelayMs: (options.retryDelaySeconds ?? RETRY_DELAY_S) * 1000,
    limitUpload: options.limitUpload ?? 0,
    limitDownload: options.limitDownload ?? 0,
    faults: [],
    spool,
    emit,
    call: { signal },
  });

  async function open(at: string, makesPlace: boolean): Promise<Backend> {
    const backend = await openPlace(at, makesPlace);
    places.push(backend);
    return backend;
  }

  const reading = await guarded(signal, () => open(url, false)).catch((error: unknown) => {
    spool[Symbol.dispose]();
    throw error;
  });

  /** One that makes the place, opened when something is first stored: looking makes nothing. */
  function openStoring(): Promise<Backend> {
    storing ??= open(url, true).catch((error: unknown) => {
      storing = undefined;
      throw error;
    });
    return storing;
  }

  async function begin(task: Task, callSignal: AbortSignal, held?: Emergency): Promise<Repository> {
    const { action, stores = false, isReading = false, dryRun = false } = task;
    callSignal.throwIfAborted();
    const makesPlace = stores && !dryRun;
    const repository = openRepository({
      backend: makesPlace ? await openStoring() : reading,
      url,
      makesPlace,
      spool,
      archiveDir: held?.archiveDir ?? archiveDir,
      encoding: held?.encoding ?? encoding,
      action,
      env: held?.env ?? env,
      ask,
      prefixes: { ...NO_PREFIXES, all: filePrefix },
      timeSeparator: ':',
      now: Date.now() / 1000,
      dryRun,
      tries,
      metadataSync: 'partial',
      isMetered: false,
      ledger: {
        isShared: options.sharesLedger ?? false,
        strict: held !== undefined || (options.refusesTurnedBack ?? false),
      },
      emit,
      call: { signal: callSignal },
    });
    return isReading && held === undefined ? { ...repository, shareLock } : repository;
  }

  return {
    async run(task, work) {
      const callSignal = together(signal, task.signal);
      using held =
        task.isEmergency === true ? emergency({ spool, env, encoding, archivePath: archiveDir.path }) : undefined;
      const result = guarded(callSignal, async () => work(await begin(task, callSignal, held)));
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    stream(task, work) {
      const items = generate(task, work);
      let isCut = false;
      const end = (): Promise<unknown> => {
        isCut = true;
        return items.return(undefined);
      };
      const release = (): void => void streams.delete(end);
      return {
        async next() {
          streams.add(end);
          const item = await items.next().catch((error: unknown) => {
            release();
            throw error;
          });
          if (item.done !== true) return item;
          release();
          // What is cut off by the end of the store is not to look whole.
          if (isCut) signal.throwIfAborted();
          return { done: true, value: undefined };
        },
        async return() {
          release();
          await items.return(undefined);
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    archiveDir,
    open: (at, makesPlace = false) => openPlace(at, makesPlace),
    archiveDirFor: (at) => openArchiveDir(archiveDir.path, `mirror-${defaultName(at)}`),
    close: () => (closed ??= close()),
  };

  async function* generate<T>(
    task: Task,
    work: (repository: Repository) => AsyncIterable<T>,
  ): AsyncGenerator<T, undefined> {
    const callSignal = together(signal, task.signal);
    let items: AsyncIterator<T> | undefined;
    try {
      const repository = await guarded(callSignal, () => begin(task, callSignal));
      const wanted = (items = work(repository)[Symbol.asyncIterator]());
      for (;;) {
        const item = await guarded(callSignal, () => wanted.next());
        if (item.done === true) return undefined;
        yield item.value;
        callSignal.throwIfAborted();
      }
    } finally {
      await items?.return?.();
    }
  }

  async function close(): Promise<void> {
    closing.abort(new UsageError('USER_ERROR', 'The store is closed.'));
    await Promise.allSettled(running);
    await Promise.allSettled([...streams].map((end) => end()));
    const ends = await Promise.allSettled(places.map((place) => place[Symbol.asyncDispose]()));
    spool[Symbol.dispose]();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

/** Aborted when any of them is. */
function together(signal: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? signal : AbortSignal.any([signal, other]);
}

/** What an aborted call throws is the reason it was aborted for; what the system refuses is one of our failures. */
async function guarded<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    signal.throwIfAborted();
    throw knownFailure(thrown) ?? thrown;
  }
}
