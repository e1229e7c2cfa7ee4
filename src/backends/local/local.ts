import { constants, readdirSync, statSync } from 'node:fs';
import { access, open as openFile, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { BackendError, UsageError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { isAscii } from '../../util/bytepath.ts';
import type { Backend, Body, Bytes, CopyCall, RemoteFile } from '../backend.ts';
import { deletionFailure, hiddenNames, isPart } from '../transfer/hidden-name.ts';
import type { OpenOptions } from '../open-options.ts';
import { localPath } from '../url/url-path.ts';
import { placeNotThere } from '../failures/not-there.ts';
import { redact, type BackendUrl } from '../url/url.ts';
import { storing, verdict } from './failure.ts';
import { durably, syncDirectory } from './part-file.ts';
import { makeDirectories } from '../../target/make-directories.ts';

const BLOCK = 256 * 1024;

/** The `file` scheme. A missing directory is made by what stores something. */
export async function open(
  url: BackendUrl,
  { emit, makesPlace }: Pick<OpenOptions, 'emit' | 'makesPlace'> = {},
): Promise<Backend> {
  const path = localPath(url);
  if (path === '') {
    throw new UsageError('USER_ERROR', `InvalidBackendURL: No directory in: ${redact(url.original.reveal())}`, {
      exception: 'InvalidBackendURL',
      hint: 'Write file:///absolute/directory or file://relative/directory.',
    });
  }
  const directory = resolve(path);
  if (makesPlace !== false) {
    await storing(`create the directory ${directory}`, () => madeDurably(directory));
  }
  return localBackend(directory, { emit, mayBeAbsent: makesPlace === false });
}

/** What is stored in a directory is lost with it: where it lies in another one has to come to the disk, too. */
async function madeDurably(directory: string): Promise<void> {
  for (const made of makeDirectories(directory)) {
    // One that may not be read cannot be synced.
    await syncDirectory(dirname(String(made)), 'sync').catch(() => undefined);
  }
}

interface LocalOptions {
  readonly emit?: Emit | undefined;
  /** A listing says so, instead of failing. */
  readonly mayBeAbsent?: boolean;
}

/** Files in `directory`. Sub-directories, special files and unfinished uploads are not part of it. */
export function localBackend(directory: string, { emit, mayBeAbsent = false }: LocalOptions = {}): Backend {
  const hidden = hiddenNames({ place: directory, emit, verdict });

  function pathOf(name: string): string {
    if (!/^\.{1,2}$|[/\0]|^$/.test(name)) return join(directory, name);
    throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
      retryable: false,
      hint: 'A file prefix cannot contain a slash here.',
    });
  }

  async function put(name: string, body: Body, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    pathOf(name);
    await hidden.put(name, durably(directory, `store ${name} in ${directory}`, { body, signal }));
  }

  /** `use` runs outside of `storing`: its failures are its own. */
  async function reading<T>(name: string, task: string, use: (file: OpenedFile) => Promise<T>): Promise<T> {
    const path = pathOf(name);
    // Non-blocking, because opening a FIFO would wait for a writer.
    const handle = await storing(task, () => openFile(path, constants.O_RDONLY | constants.O_NONBLOCK));
    try {
      const info = await storing(task, () => handle.stat());
      if (!info.isFile()) throw notAFile(task);
      return await use({ handle, size: info.size });
    } finally {
      await handle.close();
    }
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const task = `read ${name} in ${directory}`;
    return reading(name, task, (file) => take(blocks(file, task, signal)));
  }

  /** By the kernel, which shares the blocks of the two where the file system can. */
  async function copy(from: string, to: string, { signal, asLink }: CopyCall): Promise<void> {
    signal.throwIfAborted();
    pathOf(to);
    const task = `copy ${from} to ${to} in ${directory}`;
    await reading(from, task, async (file) => {
      const body: Body = { size: file.size, file: pathOf(from), open: () => blocks(file, task, signal) };
      await hidden.put(to, durably(directory, task, { body, signal, ...(asLink && { asLink }) }));
    });
  }

  /** With sizes: files that a full disk has left empty must not count. That takes some 10 µs for each. */
  async function* list(signal: AbortSignal, wanted: (name: string) => boolean): AsyncGenerator<RemoteFile> {
    signal.throwIfAborted();
    const isThere = async (): Promise<boolean> => statSync(directory, { throwIfNoEntry: false }) !== undefined;
    if (mayBeAbsent && !(await storing(`list ${directory}`, isThere))) {
      throw placeNotThere(`list ${directory}`);
    }
    const files = await storing(`list ${directory}`, async () => filesIn(directory));
    hidden.notice(files);
    for (const file of files) if (wanted(file.name)) yield file;
  }

  return {
    traits: {
      directories: [directory],
      parallel: 8,
      get atomicPut() {
        return hidden.isAtomic;
      },
      consistentList: true,
    },
    put: (name, body, { signal }) => put(name, body, signal),
    get: (name, take, { signal }) => get(name, take, signal),
    list: ({ signal }) => list(signal, (name) => !isPart(name)),
    unfinished: ({ signal }) => list(signal, isPart),
    async delete(name, { signal }) {
      signal.throwIfAborted();
      const task = `delete ${name} in ${directory}`;
      await storing(task, () => unlink(pathOf(name)).catch(unlessAbsent)).catch((error: unknown) => {
        throw deletionFailure(error);
      });
    },
    async stat(name) {
      const size = await storing(`look up ${name} in ${directory}`, async () => sizeOf(pathOf(name)));
      return size === undefined ? undefined : { name, size };
    },
    rename: (from, to) => storing(`rename ${from} to ${to} in ${directory}`, () => rename(pathOf(from), pathOf(to))),
    // One that may not be read cannot be synced.
    flush: () => syncDirectory(directory, 'sync').catch(() => undefined),
    copy,
    mayStore: () => storing(`write to ${directory}`, () => access(directory, constants.W_OK | constants.X_OK)),
    localFile: (name) => (mayBeFile(pathOf(name)) ? pathOf(name) : undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function filesIn(directory: string): readonly RemoteFile[] {
  const files: RemoteFile[] = [];
  // Where names can be read but no file be looked up, it is not the files that are missing.
  statSync(`${directory}/.`);
  for (const entry of readdirSync(directory, { encoding: 'latin1', withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const name = decodeName(entry.name);
    if (name === undefined) continue;
    // A link may lead to a file; some file systems tell no types.
    const size = sizeOf(`${directory}/${name}`);
    if (size !== undefined) files.push({ name, size });
    else if (entry.isFile()) files.push({ name });
  }
  return files;
}

interface OpenedFile {
  readonly handle: FileHandle;
  readonly size: number;
}

/** `size` only spares small files a large buffer; reading goes on to the end of the file. */
async function* blocks({ handle, size }: OpenedFile, task: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = 0; ;) {
    signal.throwIfAborted();
    const left = size - at;
    const block = Buffer.allocUnsafeSlow(left > 0 && left < BLOCK ? left : BLOCK);
    const { bytesRead } = await storing(task, () => handle.read(block, 0, block.length, at));
    if (bytesRead === 0) return;
    at += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

function unlessAbsent(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

function notAFile(task: string): BackendError {
  return new BackendError('BACKEND_NOT_FOUND', `Cannot ${task}: not a regular file`, { retryable: false });
}

/** Bytes of a regular file, also behind a link; undefined for anything else and for what is not there. */
function sizeOf(path: string): number | undefined {
  try {
    const info = statSync(path, { throwIfNoEntry: false });
    return info?.isFile() === true ? info.size : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP') return undefined;
    throw error;
  }
}

/** What cannot be looked at shows what is wrong when it is read. */
function mayBeFile(path: string): boolean {
  try {
    return sizeOf(path) !== undefined;
  } catch {
    return true;
  }
}

/** undefined for bytes that are not UTF-8: no name that we write. */
function decodeName(bytes: string): string | undefined {
  if (isAscii(bytes)) return bytes;
  const raw = Buffer.from(bytes, 'latin1');
  const name = raw.toString('utf8');
  return Buffer.from(name, 'utf8').equals(raw) ? name : undefined;
}
