import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend, Body, Bytes, Call, RemoteFile } from '../backends/backend.ts';
import { turnTaker } from '../crypto/turn.ts';
import { BackendError, CannotCopyError, DuplicityError } from '../errors/errors.ts';
import { gate } from '../util/gate.ts';
import { onTempFile, writeLater } from './local-file.ts';
import type { Spool } from './spool.ts';
import { lookAtStored } from './stored-bytes.ts';

const BLOCK = 256 * 1024;
/** From here on a copy costs more than a call. */
const LARGE = 128 * 1024;

/** Whole encoded files going to and coming from the place where volumes lie. */
export interface Remote {
  /** Files are read where they lie; fetching one again cannot give other bytes. */
  readonly isLocal: boolean;
  /** How many fetches run at once; more of them wait. */
  readonly parallel: number;
  /** Tells what a listing says of a file; a copy that turns out shorter is fetched again. */
  learn(file: RemoteFile): void;
  /** Names that count as not there: what a listing or a reader has found to be empty, cut off or damaged. */
  readonly unusable: Set<string>;
  /** Bytes, if a listing has told that can be relied on. */
  sizeOf(name: string): number | undefined;
  /** Bytes as listed last: where listings are late, perhaps of what was there before. */
  readonly listedSizeOf: (name: string) => number | undefined;
  /**
   * Uploads the local file and checks the size that arrived (VOLUME_WRONG_SIZE when it stays wrong). With `isSpare`,
   * nothing but its deletion follows, so that a local back end need not copy it.
   */
  put(name: string, file: string, options?: { readonly isSpare: boolean }): Promise<void>;
  /** Whether `copy` is worth a try: the store copies, and has not failed at it in this run. */
  canCopy(): boolean;
  /**
   * Has the store copy what has so many bytes, and checks those of the copy as after an upload. Whatever the store makes
   * of it is a `CannotCopyError`, with the reason: then it has to be uploaded. How many run at once is the caller's care.
   */
  copy(from: string, to: string, options: CopyOptions): Promise<void>;
  /**
   * Makes sure that the listing shows all that was put since the last time: what it hides no later run can find
   * (BACKEND_NOT_FOUND). It is asked for again for a while, because some stores list late.
   */
  confirm(): Promise<void>;
  /**
   * Gives a local copy of the remote file to read; `release` when done with it. The hash of that `algorithm` is computed
   * while the bytes come, which spares to read them again.
   */
  fetch(name: string, signal?: AbortSignal, algorithm?: Algorithm): Promise<FetchedFile>;
}

interface CopyOptions {
  readonly size: number;
  /** A second name of the same file, where the store has that. */
  readonly asLink?: boolean;
}

type Algorithm = 'SHA1' | 'MD5';

export interface FetchedFile {
  readonly path: string;
  /** Lower-case hex of the whole file; computed when asked for, unless it is known. */
  hash(algorithm: Algorithm): string;
  /** The same while other things have their turn. */
  hashInTurns(algorithm: Algorithm, signal: AbortSignal): Promise<string>;
  readonly release: () => void;
}

interface RemoteOptions {
  readonly backend: Backend;
  readonly spool: Spool;
  readonly call: Call;
  /** How often the size is asked for again when it is wrong, each time after a longer pause. */
  readonly tries: number;
  readonly pause?: (ms: number) => Promise<unknown>;
}

export function openRemote({ backend, spool, call, tries, pause }: RemoteOptions): Remote {
  const wait = pause ?? ((ms: number) => sleep(ms, undefined, { signal: call.signal }));

  const parallel = Math.max(1, backend.traits.parallel);
  const pass = gate(parallel);
  const sizes = new Map<string, number>();
  const listed = new Map<string, number>();
  const unconfirmed = new Set<string>();
  const unusable = new Set<string>();
  /** Why this store is not asked to copy any more. */
  let spoilt: CannotCopyError | undefined;

  async function arrivedSize(name: string): Promise<number | undefined> {
    if (backend.stat !== undefined) {
      const found = await backend.stat(name, call);
      return found === undefined ? -1 : found.size;
    }
    for await (const file of backend.list(call)) if (file.name === name) return file.size;
    return -1;
  }

  /**
   * Some stores show a new object late: a wrong size is asked for again before it counts. Whatever ends the waiting, a
   * file that is short does not stay: under its name it would count, and a cut manifest would make a set visible that
   * lacks volumes.
   */
  async function checkArrival(name: string, expected: number): Promise<void> {
    let actual: number | undefined;
    try {
      for (let attempt = 1; ; attempt++) {
        actual = await arrivedSize(name);
        if (actual === undefined || actual === expected) return;
        if (attempt >= tries) throw wrongSize(name, expected, actual);
        await wait(2 ** attempt * 1000);
      }
    } catch (error) {
      const last: Call = { signal: new AbortController().signal };
      if (actual !== undefined && actual >= 0) await backend.delete(name, last).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Gives the hash, if one is wanted. Servers send blocks of 8000 bytes and less: they are written in larger ones, by
   * another thread while the next ones come.
   */
  async function store(name: string, bytes: Bytes, path: string, algorithm?: Algorithm): Promise<string | undefined> {
    const hash = algorithm === undefined ? undefined : createHash(algorithm);
    let [page, other] = [Buffer.allocUnsafeSlow(BLOCK), Buffer.allocUnsafeSlow(BLOCK)];
    let held = 0;
    let size = 0;
    let written = Promise.resolve();
    const fd = onTempFile('create', path, () => openSync(path, 'w', 0o600));
    async function write(block: Buffer): Promise<void> {
      await written;
      written = writeLater(fd, block, path);
      written.catch(() => {});
      hash?.update(block);
    }
    async function flush(): Promise<void> {
      if (held === 0) return;
      const full = page.subarray(0, held);
      [page, other, held] = [other, page, 0];
      await write(full);
    }
    try {
      for await (const block of bytes) {
        size += block.length;
        if (held + block.length > BLOCK) await flush();
        if (block.length >= LARGE) {
          await flush();
          await write(block);
        } else held += block.copy(page, held);
      }
      await flush();
      await written;
    } finally {
      await written.catch(() => {});
      closeSync(fd);
    }
    const listed = sizes.get(name);
    if (listed !== undefined && size < listed) throw cutShort(name, size, listed);
    return hash?.digest('hex');
  }

  return {
    isLocal: backend.localFile !== undefined,
    parallel,

    learn({ name, size }) {
      if (size === undefined) return;
      listed.set(name, size);
      // One that shows puts late may still show the size of what was there before.
      if (backend.traits.consistentList) sizes.set(name, size);
    },

    unusable,

    sizeOf: (name) => sizes.get(name),

    listedSizeOf: (name) => listed.get(name),

    async put(name, file, options) {
      sizes.delete(name);
      unusable.delete(name);
      const size = statSync(file).size;
      const body: Body = { size, file, open: () => createReadStream(file, { highWaterMark: BLOCK }) };
      await backend.put(name, options?.isSpare === true ? { ...body, mayKeepFile: true } : body, call);
      await checkArrival(name, size);
      unconfirmed.add(name);
    },

    canCopy: () => backend.copy !== undefined && spoilt === undefined,

    async copy(from, to, { size, asLink = false }) {
      if (spoilt !== undefined) throw spoilt;
      if (backend.copy === undefined) throw new CannotCopyError('The storage does not copy files.');
      sizes.delete(to);
      unusable.delete(to);
      try {
        await backend.copy(from, to, { ...call, size, ...(asLink && { asLink }) });
        await checkArrival(to, size);
      } catch (error) {
        call.signal.throwIfAborted();
        const refusal = notCopied(from, to, error);
        // Whoever fails with one is not tried, or waited for, with each file.
        if (refusal.isForGood) spoilt = refusal;
        throw refusal;
      }
      unconfirmed.add(to);
    },

    async confirm() {
      const count = unconfirmed.size;
      // Listings stay behind for longer than single files.
      const looks = tries > 1 ? tries + 2 : 1;
      for (let attempt = 1; unconfirmed.size > 0; attempt++) {
        for await (const { name } of backend.list(call)) unconfirmed.delete(name);
        if (unconfirmed.size === 0) return;
        if (attempt >= looks) throw unlisted([...unconfirmed], count);
        await wait(2 ** attempt * 1000);
      }
    },

    async fetch(name, signal = call.signal, algorithm) {
      const local = backend.localFile?.(name);
      if (local !== undefined) {
        const isThere = (): boolean => statSync(local, { throwIfNoEntry: false }) !== undefined;
        if (!lookAtStored({ name, path: local, isLocal: true }, isThere)) throw missing(name);
        return fileAt(local, () => undefined);
      }
      const path = spool.newPath('fetched');
      const release = (): void => rmSync(path, { force: true });
      try {
        const hash = await pass(() => backend.get(name, (bytes) => store(name, bytes, path, algorithm), { signal }));
        const hashOf = (wanted: Algorithm): string =>
          hash !== undefined && wanted === algorithm ? hash : hashFile(path, wanted);
        return { path, hash: hashOf, hashInTurns: (wanted) => Promise.resolve(hashOf(wanted)), release };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/** Why a copy was not made; throws what has nothing to do with the store. */
function notCopied(from: string, to: string, error: unknown): CannotCopyError {
  if (error instanceof CannotCopyError) return error;
  if (!(error instanceof DuplicityError)) throw error;
  const { message, code, hint, fields } = error;
  const extra = { cause: error, fields, ...(hint !== undefined && { hint }) };
  if (error instanceof BackendError) {
    return new CannotCopyError(message, { ...extra, isForGood: code !== 'BACKEND_NOT_FOUND' });
  }
  const [, expected, actual] = fields;
  const seen = Number(actual) < 0 ? 'is not there' : `has ${actual} of ${expected} bytes`;
  return new CannotCopyError(`The storage was to copy ${from} to ${to}, and the copy ${seen}.`, {
    cause: error,
    isForGood: true,
  });
}

function wrongSize(name: string, expected: number, actual: number): DuplicityError {
  const seen = actual < 0 ? 'It is not on the remote.' : `It has ${actual} bytes there, ${expected} were sent.`;
  return new DuplicityError('VOLUME_WRONG_SIZE', `File ${name} was corrupted during upload. ${seen}`, {
    hint: 'Run the backup again.',
    fields: [`'${name}'`, String(expected), String(actual)],
  });
}

function unlisted(names: readonly string[], count: number): BackendError {
  const which = names.length === count ? 'shows none of them' : `lacks ${names.length} of them`;
  const some = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  return new BackendError(
    'BACKEND_NOT_FOUND',
    `The storage took ${count} file(s), but its listing ${which}: ${some}.`,
    {
      retryable: false,
      fields: ['list', `'${names[0]}'`],
      hint: 'No later run can find what is not listed: see what "validate-backend" says of this place, and look at it with another program.',
    },
  );
}

function cutShort(name: string, size: number, listed: number): BackendError {
  return new BackendError('BACKEND_ERROR', `${name} came with ${size} bytes, the listing says ${listed}.`, {
    retryable: true,
  });
}

function missing(name: string): BackendError {
  return new BackendError('BACKEND_NOT_FOUND', `${name} is not on the remote.`, {
    retryable: false,
    fields: ['get', `'${name}'`],
  });
}

/** A file that is there already. */
export function fileAt(path: string, release: () => void): FetchedFile {
  return {
    path,
    hash: (algorithm) => hashFile(path, algorithm),
    hashInTurns: (algorithm, signal) => hashInTurns(path, algorithm, signal),
    release,
  };
}

/** Lower-case hex digest of a local file, read in large blocks. */
export function hashFile(path: string, algorithm: Algorithm): string {
  const hash = createHash(algorithm);
  for (const block of blocksOf(path)) hash.update(block);
  return hash.digest('hex');
}

async function hashInTurns(path: string, algorithm: Algorithm, signal: AbortSignal): Promise<string> {
  const hash = createHash(algorithm);
  const turn = turnTaker();
  for (const block of blocksOf(path)) {
    hash.update(block);
    await turn(block.length);
    signal.throwIfAborted();
  }
  return hash.digest('hex');
}

function* blocksOf(path: string): Generator<Buffer, void> {
  const buffer = Buffer.allocUnsafe(BLOCK);
  const fd = openSync(path, 'r');
  try {
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) yield buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
