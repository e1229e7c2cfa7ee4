import { createReadStream, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';

import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import { splitWords } from '../../util/text/words.ts';
import type { Backend, Body, Bytes, Call, CopyCall, RemoteFile } from '../backend.ts';
import type { OpenOptions } from '../open-options.ts';
import { renameRecovery } from './renamed.ts';
import { lastLine, runProgram, type Program } from '../run-program.ts';
import { withoutSecrets } from '../../util/secret-names.ts';

const PAR2: Program = {
  command: 'par2',
  hint: 'Install par2 (Debian, Ubuntu, Fedora and Alpine: package par2 or par2cmdline), or write the URL without par2+.',
};

const BLOCK = 256 * 1024;

/** par2 computes with all processors; more of them at once only compete for memory. */
const PARALLEL = 2;

/**
 * `inner` with recovery files beside each file, as `par2+URL` of the reference has them: `NAME.par2` and
 * `NAME.volA+B.par2`. A get checks the file and repairs it where it is damaged; a file without recovery files is handed
 * on unchecked.
 */
export function openPar2(inner: Backend, options: OpenOptions): Backend {
  const { par2Redundancy = 10, par2Volumes = 1, par2Options = '' } = options.settings ?? {};
  const more = splitWords(par2Options);
  // par2 refuses to check or repair with an option that is about making recovery files.
  const common = more.filter((word) => !/^-[abcflnrsuR]/.test(word));
  const warn = (text: string): void => options.emit?.({ kind: 'warning', text });

  /** Names of the recovery files by the name of what they recover; undefined until the first listing. */
  let siblings: Map<string, Set<string>> | undefined;

  async function* list(call: Call): AsyncGenerator<RemoteFile> {
    const found = new Map<string, Set<string>>();
    for await (const file of inner.list(call)) {
      const base = recovered(file.name);
      if (base === undefined) yield file;
      else found.set(base, (found.get(base) ?? new Set()).add(file.name));
    }
    siblings = found;
  }

  async function siblingsOf(name: string, call: Call): Promise<readonly string[]> {
    if (siblings === undefined) for await (const file of list(call)) void file;
    return [...(siblings?.get(name) ?? [])];
  }

  async function run(args: readonly string[], directory: string, signal: AbortSignal): Promise<string | undefined> {
    // Its threads would spin while they wait: 1.6 s instead of 0.3 s for 2 MB on two busy cores.
    const env = { OMP_WAIT_POLICY: 'passive', ...withoutSecrets(options.env ?? process.env) };
    const { status, stdout, stderr } = await runProgram(PAR2, args, { signal, cwd: directory, env });
    return status === 0 ? undefined : lastLine(stderr) || lastLine(stdout) || `exit status ${status}`;
  }

  /** `name` stands in the directory under its work name. */
  async function create(name: string, directory: string, signal: AbortSignal): Promise<void> {
    const path = join(directory, workName(name));
    const words = (volumes: number): string[] =>
      ['c', `-r${par2Redundancy}`, `-n${volumes}`].concat(more, '-q', '-q', '--', path);
    // A small file has fewer recovery blocks than volumes asked for.
    const reason = (await run(words(par2Volumes), directory, signal)) && (await run(words(1), directory, signal));
    if (reason === undefined) return;
    throw new BackendError('BACKEND_COMMAND_ERROR', `par2 cannot make recovery files for ${name}: ${reason}`, {
      retryable: false,
    });
  }

  async function put(name: string, body: Body, call: Call): Promise<void> {
    call.signal.throwIfAborted();
    // Nothing can be recovered of nothing, and par2 refuses it.
    if (body.size === 0) {
      await inner.put(name, body, call);
      return;
    }
    await inTempDir(options, async (directory) => {
      const work = workName(name);
      const sent = await atPath(join(directory, work), body, call);
      await create(name, directory, call.signal);
      await inner.put(name, sent, call);
      const made: string[] = [];
      for (const file of (await readdir(directory)).filter((file) => recovered(file) === work)) {
        const stored = name + file.slice(work.length);
        await inner.put(stored, await fileBody(join(directory, file)), call);
        made.push(stored);
      }
      for (const file of siblings?.get(name) ?? []) if (!made.includes(file)) await inner.delete(file, call);
      siblings?.set(name, new Set(made));
    });
  }

  /** Fetches a recovery file; false when there is none. */
  async function fetch(file: string, path: string, call: Call): Promise<boolean> {
    try {
      await inner.get(file, (bytes) => write(path, bytes, call.signal), call);
      return true;
    } catch (error) {
      if (error instanceof BackendError && error.code === 'BACKEND_NOT_FOUND') return false;
      throw error;
    }
  }

  async function repair(name: string, directory: string, call: Call): Promise<void> {
    const path = join(directory, workName(name));
    for (const file of await siblingsOf(name, call)) {
      if (file !== `${name}.par2`) await fetch(file, path + file.slice(name.length), call);
    }
    const reason = await run(['r', ...common, '-q', '-q', '--', `${path}.par2`], directory, call.signal);
    if (reason === undefined) warn(`${name} was damaged on the remote; par2 has repaired the fetched copy.`);
    else warn(`${name} is damaged and par2 cannot repair it: ${reason}`);
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, call: Call): Promise<T> {
    call.signal.throwIfAborted();
    return inTempDir(options, async (directory) => {
      const path = join(directory, workName(name));
      await inner.get(name, (bytes) => write(path, bytes, call.signal), call);
      if (await fetch(`${name}.par2`, `${path}.par2`, call)) {
        const reason = await run(['v', ...common, '-q', '-q', '--', `${path}.par2`], directory, call.signal);
        if (reason !== undefined) await repair(name, directory, call);
      }
      return take(blocksOf(path, call.signal));
    });
  }

  /** With recovery files that know the new name; without any there is nothing to copy but the file. */
  async function copy(from: string, to: string, call: CopyCall): Promise<void> {
    call.signal.throwIfAborted();
    const innerCopy = inner.copy?.bind(inner);
    if (innerCopy === undefined) throw new CannotCopyError('The store does not copy files.', { isForGood: true });
    // The one without recovery blocks first.
    const files = (await siblingsOf(from, call)).toSorted((a, b) => a.length - b.length);
    const size = call.size ?? (await inner.stat?.(from, call))?.size;
    if (files.length === 0 && size !== undefined && size > 0) throw lacksRecovery(from);
    await inTempDir(options, async (directory) => {
      const [paths, renamed] = ['old', 'new'].map((word) => files.map((_, i) => join(directory, `${word}${i}`)));
      for (const [i, file] of files.entries()) await fetch(file, paths?.[i] ?? '', call);
      const isRenamed =
        files.length === 0 ||
        (await renameRecovery(paths ?? [], renamed ?? [], { from: [from, workName(from)], to: workName(to) }));
      if (!isRenamed) throw lacksRecovery(from);
      await innerCopy(from, to, call);
      const made: string[] = [];
      for (const [i, file] of files.entries()) {
        const stored = to + file.slice(from.length);
        await inner.put(stored, await fileBody(renamed?.[i] ?? ''), call);
        made.push(stored);
      }
      for (const file of siblings?.get(to) ?? []) if (!made.includes(file)) await inner.delete(file, call);
      siblings?.set(to, new Set(made));
    });
  }

  const outer: Backend = {
    traits: { ...inner.traits, parallel: Math.min(PARALLEL, inner.traits.parallel) },
    put,
    get,
    list,
    async delete(name, call) {
      await inner.delete(name, call);
      for (const file of await siblingsOf(name, call)) await inner.delete(file, call);
      siblings?.delete(name);
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  if (inner.copy) outer.copy = copy;
  const stat = inner.stat?.bind(inner);
  if (stat) outer.stat = stat;
  const unfinished = inner.unfinished?.bind(inner);
  if (unfinished) outer.unfinished = unfinished;
  return outer;
}

/**
 * The name of the file while par2 looks at it, which its packets keep: the true one, as with the reference, unless par2
 * 0.8.1 fails over it (a single letter, wildcards, a colon). No file of a backup has such a name.
 */
function workName(name: string): string {
  return /^[\w.%+@=~-][\w.%+@=~ -]+$/.test(name) && !/^\.+$/.test(name) ? name : 'content';
}

/** What a recovery file is for; undefined for any other file. */
function recovered(name: string): string | undefined {
  return /^([^]+?)(?:\.vol\d+\+\d+)?\.par2$/.exec(name)?.[1];
}

function lacksRecovery(name: string): CannotCopyError {
  return new CannotCopyError(`${name} is not copied: its recovery files are missing or damaged.`);
}

async function inTempDir<T>(options: OpenOptions, run: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(options.tempDir?.() ?? tmpdir(), 'par2-'));
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes the content of `body` a file of that name: par2 writes the name into its files. */
async function atPath(path: string, body: Body, { signal }: Call): Promise<Body> {
  if (body.file === undefined) {
    const size = await write(path, body.open(), signal);
    if (size !== body.size) {
      const message = `The content has ${size} bytes instead of ${body.size}.`;
      throw new BackendError('BACKEND_ERROR', message, { retryable: true });
    }
    return fileBody(path);
  }
  symlinkSync(resolve(body.file), path);
  // The link leads to it until all is done: it may be copied, not given away.
  return { size: body.size, file: body.file, open: () => body.open() };
}

async function fileBody(path: string): Promise<Body> {
  const { size } = await stat(path);
  return { size, file: path, open: () => createReadStream(path, { highWaterMark: BLOCK }) };
}

async function write(path: string, bytes: Bytes, signal: AbortSignal): Promise<number> {
  const handle = await open(path, 'w', 0o600);
  let size = 0;
  try {
    for await (const block of bytes) {
      signal.throwIfAborted();
      for (let at = 0; at < block.length;) at += (await handle.write(block, at)).bytesWritten;
      size += block.length;
    }
  } finally {
    await handle.close();
  }
  return size;
}

async function* blocksOf(path: string, signal: AbortSignal): Bytes {
  const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: BLOCK });
  for await (const block of stream) {
    signal.throwIfAborted();
    yield block;
  }
}
