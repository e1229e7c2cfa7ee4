import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { BackendError } from '../../errors/errors.ts';
import { shellQuote } from '../ssh/words.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { limitsInKib, type OpenOptions } from '../open-options.ts';
import type { BackendUrl } from '../url.ts';
import { isAbsent, rsyncFailure, type Ended } from './failure.ts';
import { parseListing } from './listing.ts';
import { isPlain, rsyncPlace } from './place.ts';
import { runProgram } from './run.ts';

const BLOCK = 256 * 1024;
/** A socket's path may have 108 bytes, and ssh puts a random suffix of 17 behind it while it makes one. */
const LONGEST_SOCKET = 88;

/** Always the whole file: what is there may be half of it, of the same size and second. What it prints shows that it moves. */
const WHOLE = ['--ignore-times', '--whole-file', '--progress'] as const;

/** The rsync program, over ssh or to a daemon. It stores files under a name of its own first and renames them. */
export async function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const { warn = () => {}, tempDir = tmpdir } = options;
  let scratch: string | undefined = mkdtempSync(join(tempDir(), 'rsync-'));
  const sockets = `${scratch}/s`.length <= LONGEST_SOCKET ? scratch : mkdtempSync('/tmp/duplicity-rsync-');
  const place = rsyncPlace(url, options, `${sockets}/s`);
  const { directory } = place;
  if (place.ssh !== undefined && url.password !== undefined) {
    warn('rsync over ssh logs in with keys only: the password of the URL is not used.');
  }
  let files = 0;
  let canMakePath = true;

  async function rsync(args: readonly string[], signal: AbortSignal, limit: readonly string[] = []): Promise<Ended> {
    const { env, silenceMs, ssh } = place;
    const ended = await runProgram('rsync', [...limit, ...place.args, ...args], { env, signal, silenceMs });
    // The next call would go through the same connection.
    if (ended.isSilent === true && ssh !== undefined) await closeMaster(ssh, env);
    return ended;
  }

  function remote(name: string): { readonly path: string; readonly quoting: readonly string[] } {
    if (/^\.{1,2}$|[/\0\n]|^$/.test(name)) {
      throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
        retryable: false,
        hint: 'A file prefix cannot contain a slash here.',
      });
    }
    return { path: `${directory}${name}`, quoting: isPlain(name) ? [] : ['--protect-args'] };
  }

  /** A path in a private directory of this run, for one transfer. */
  function scratchFile(): string {
    if (scratch === undefined) throw new Error('the back end is closed');
    return `${scratch}/${++files}`;
  }

  async function put(name: string, body: Body, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { path, quoting } = remote(name);
    const file = body.file ?? scratchFile();
    try {
      if (body.file === undefined) await pipeline(body.open(), createWriteStream(file, { mode: 0o600 }), { signal });
      const { size } = statSync(file);
      if (size !== body.size) throw failed(`store ${name}: it has ${size} bytes instead of ${body.size}`);
      const task = `store ${name} in ${directory}`;
      if (isWild(name)) await sendByOwnName(name, file, task, signal);
      else await send([...WHOLE, ...quoting, file, path], task, signal);
    } finally {
      if (body.file === undefined) rmSync(file, { force: true });
    }
  }

  /** Into the directory, which the server takes for no pattern. */
  async function sendByOwnName(name: string, file: string, task: string, signal: AbortSignal): Promise<void> {
    const folder = scratchFile();
    mkdirSync(folder);
    try {
      symlinkSync(resolve(file), `${folder}/${name}`);
      await send([...WHOLE, '--copy-links', `${folder}/${name}`, directory], task, signal);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A missing directory is made by the way, or, with an rsync before 3.2.3 on either side, by ssh. */
  async function send(args: readonly string[], task: string, signal: AbortSignal): Promise<void> {
    const { upload } = place.limits;
    let ended = await rsync([...(canMakePath ? ['--mkpath'] : []), ...args], signal, upload);
    if (canMakePath && /--mkpath: unknown option/.test(ended.stderr)) {
      canMakePath = false;
      ended = await rsync(args, signal, upload);
      if (isAbsent(ended) && place.ssh !== undefined) {
        await makeDirectory(place.ssh, signal);
        ended = await rsync(args, signal, upload);
      }
    }
    if (ended.status !== 0) throw rsyncFailure(task, ended);
  }

  async function makeDirectory(ssh: NonNullable<typeof place.ssh>, signal: AbortSignal): Promise<void> {
    const [program = 'ssh', ...words] = ssh.words;
    const args = [...words, '--', ssh.host, `mkdir -p ${shellQuote(ssh.path)}`];
    const ended = await runProgram(program, args, { env: place.env, signal });
    if (ended.status !== 0) throw rsyncFailure(`create the directory ${directory}`, ended);
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const { path, quoting } = remote(name);
    const scratchPath = scratchFile();
    const file = isWild(name) ? `${scratchPath}/${name}` : scratchPath;
    const wanted = isWild(name)
      ? ['--dirs', ...onlyRules(name), directory, `${scratchPath}/`]
      : [...quoting, path, scratchPath];
    try {
      const ended = await rsync([...WHOLE, '--copy-links', ...wanted], signal, place.limits.download);
      if (ended.status !== 0) throw rsyncFailure(`read ${name} in ${directory}`, ended);
      const there = statSync(file, { throwIfNoEntry: false });
      if (there?.isFile() !== true) {
        throw new BackendError('BACKEND_NOT_FOUND', `${path} is no file`, { retryable: false });
      }
      return await take(blocks(file, signal));
    } finally {
      rmSync(scratchPath, { recursive: true, force: true });
    }
  }

  async function listing(path: string, task: string, signal: AbortSignal, quoting: readonly string[] = []) {
    const args = ['--list-only', '--no-human-readable', '--8-bit-output', '--copy-links', ...quoting, path];
    const ended = await rsync(args, signal);
    if (ended.status === 0 || isAllButLinks(ended)) return parseListing(ended.stdout);
    if (ended.stdout === '' && isAbsent(ended)) return undefined;
    throw rsyncFailure(task, ended);
  }

  async function* everything(signal: AbortSignal): AsyncGenerator<RemoteFile> {
    signal.throwIfAborted();
    // A directory that is not there yet is made by the first put.
    yield* (await listing(directory, `list ${directory}`, signal)) ?? [];
  }

  /** Makes the directory like an empty one, with nothing but that name taking part. */
  async function remove(name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { quoting } = remote(name);
    const empty = scratchFile();
    mkdirSync(empty);
    const ended = await rsync(
      ['--recursive', '--delete', ...onlyItGoes(name), ...onlyRules(name), ...quoting, `${empty}/`, directory],
      signal,
    );
    if (ended.status !== 0 && !isAbsent(ended)) throw rsyncFailure(`delete ${name} in ${directory}`, ended);
  }

  return {
    traits: {
      // Two processes would take the limit twice.
      parallel: limitsInKib(options) === undefined ? 4 : 1,
      atomicPut: true,
      consistentList: true,
      limitsItself: true,
    },
    put: (name, body, { signal }) => put(name, body, signal),
    get: (name, take, { signal }) => get(name, take, signal),
    async *list({ signal }) {
      for await (const file of everything(signal)) if (!isTemporary(file.name)) yield file;
    },
    async *unfinished({ signal }) {
      for await (const file of everything(signal)) if (isTemporary(file.name)) yield file;
    },
    delete: (name, { signal }) => remove(name, signal),
    async stat(name, { signal }) {
      signal.throwIfAborted();
      const { path, quoting } = remote(name);
      const task = `look up ${name} in ${directory}`;
      const found =
        (await (isWild(name) ? listing(directory, task, signal) : listing(path, task, signal, quoting))) ?? [];
      return found.find((file) => file.name === name);
    },
    async [Symbol.asyncDispose]() {
      if (scratch === undefined) return;
      if (place.ssh !== undefined) await closeMaster(place.ssh, place.env);
      rmSync(sockets, { recursive: true, force: true });
      rmSync(scratch, { recursive: true, force: true });
      scratch = undefined;
    },
  };
}

/** rsync on the other side writes into such files: six letters or digits behind the name. */
function isTemporary(name: string): boolean {
  return /^\..+\.[A-Za-z0-9]{6}$/.test(name);
}

/** Ends the shared connection, which would stay for a minute otherwise; there may be none. */
async function closeMaster(
  { words, host }: { readonly words: readonly string[]; readonly host: string },
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const [program = 'ssh', ...rest] = words;
  const { signal } = new AbortController();
  await runProgram(program, [...rest, '-O', 'exit', '--', host], { env, signal }).catch(() => undefined);
}

/** Nothing is missing in the listing but links that lead nowhere and files that vanished. */
function isAllButLinks({ status, stdout, stderr }: Ended): boolean {
  if (stdout === '' || (status !== 23 && status !== 24)) return false;
  const lines = stderr.split('\n').filter((line) => line !== '');
  return lines.every((line) => /symlink has no referent|has vanished|^rsync (error|warning): some files/.test(line));
}

/**
 * In a path the server takes such a name for a pattern, whatever the quotes: what it sends, or is to write, is then another
 * file that fits. A backslash does not help where there is no such file yet.
 */
function isWild(name: string): boolean {
  return /[*?[]/.test(name);
}

/** Rules by which nothing but `name` takes part in a transfer of the directory. */
function onlyRules(name: string): readonly string[] {
  return [`--include=/${pattern(name)}`, '--exclude=*'];
}

/** The same for what may be deleted, also where --rsync-options says --delete-excluded, which would take all the others. */
function onlyItGoes(name: string): readonly string[] {
  return [`--filter=risk /${pattern(name)}`, '--filter=protect *'];
}

/** A backslash protects a wildcard, and stands for itself in a pattern that has none. */
function pattern(name: string): string {
  return isWild(name) ? name.replace(/[\\*?[]/g, '\\$&') : name;
}

function failed(what: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${what}`, { retryable: true });
}

async function* blocks(file: string, signal: AbortSignal): Bytes {
  for await (const block of createReadStream(file, { highWaterMark: BLOCK })) {
    signal.throwIfAborted();
    yield block as Buffer;
  }
  signal.throwIfAborted();
}
