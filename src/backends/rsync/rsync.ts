import {
  chmodSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { placeNotThere } from '../failures/not-there.ts';
import { limitsInKib, type OpenOptions } from '../open-options.ts';
import type { BackendUrl } from '../url/url.ts';
import { isAbsent, isBusy, rsyncFailure, type Ended } from './failure.ts';
import { parseListing, showsFiles, type Listing } from './listing.ts';
import { isWild, onlyItGoes, onlyRules } from './only.ts';
import { isPlain, rsyncPlace } from './place.ts';
import { runProgram } from './run.ts';
import { oneUntilGood, takingTurns } from './turns.ts';

const BLOCK = 256 * 1024;
/** A socket's path may have 108 bytes, and ssh puts a random suffix of 17 behind it while it makes one. */
const LONGEST_SOCKET = 88;

/** Always the whole file: what is there may be half of it, of the same size and second. What it prints shows that it moves. */
const WHOLE = ['--ignore-times', '--whole-file', '--progress'] as const;

/** Of the directories on the way none gets other attributes, and none is emptied, whatever the user says to rsync. */
const NOTHING_BUT_MAKE = [
  '--dirs',
  '--no-recursive',
  '--relative',
  '--no-implied-dirs',
  '--no-perms',
  '--no-owner',
  '--no-group',
  '--omit-dir-times',
  '--filter=protect *',
] as const;

/** The rsync program, over ssh or to a daemon. It stores files under a name of its own first and renames them. */
export async function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const { warn = () => {}, tempDir = tmpdir } = options;
  let scratch: string | undefined = mkdtempSync(join(tempDir(), 'rsync-'));
  const sockets = `${scratch}/s`.length <= LONGEST_SOCKET ? scratch : mkdtempSync('/tmp/duplicity-rsync-');
  const place = rsyncPlace(url, options, `${sockets}/s`);
  const { directory } = place;
  if (!url.path.startsWith('::') && url.password !== undefined) {
    warn('rsync over ssh logs in with keys only: the password of the URL is not used.');
  }
  let files = 0;
  /** Where the directory is missing, others would find it half made. */
  const directoryIsThere = oneUntilGood(place.below === '');
  let escapesArguments: Promise<boolean> | undefined;

  const rsync = takingTurns(run, isBusy);

  async function run(args: readonly string[], signal: AbortSignal, limit: readonly string[] = []): Promise<Ended> {
    const { env, silenceMs } = place;
    const ended = await runProgram('rsync', [...limit, ...place.args, ...args], { env, signal, silenceMs });
    // The next call would go through the same connection.
    if (ended.isSilent === true) await closeMaster();
    return ended;
  }

  /** Ends the shared connection, which would stay for a minute otherwise; there may be none. */
  async function closeMaster(): Promise<void> {
    const [program, ...args] = place.closing ?? [];
    if (program === undefined) return;
    const { signal } = new AbortController();
    await runProgram(program, args, { env: place.env, signal }).catch(() => undefined);
  }

  /**
   * A shell on the server must not change what stands in a path. rsync escapes it since 3.2.4; one before that sends it by
   * a way of its own, which a server may refuse.
   */
  async function quoting(text: string, signal: AbortSignal): Promise<readonly string[]> {
    if (isPlain(text)) return [];
    escapesArguments ??= runProgram('rsync', ['--version'], { env: place.env, signal }).then(
      ({ stdout }) => !/^rsync +version (?:[0-2]\.|3\.[01]\.|3\.2\.[0-3]\b)/.test(stdout),
      () => false,
    );
    return (await escapesArguments) ? [] : ['--protect-args'];
  }

  function remote(name: string): string {
    if (/^\.{1,2}$|[/\0\n]|^$/.test(name)) {
      throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
        retryable: false,
        hint: 'A file prefix cannot contain a slash here.',
      });
    }
    return `${directory}${name}`;
  }

  /** A path in a private directory of this run, for one transfer. */
  function scratchFile(): string {
    if (scratch === undefined) throw new Error('the back end is closed');
    return `${scratch}/${++files}`;
  }

  /**
   * By its own name into the directory: behind a path the server may look for a pattern, and rrsync of 3.5 hides from its
   * rsync which file it is to replace.
   */
  async function put(name: string, body: Body, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const path = remote(name);
    const file = body.file ?? scratchFile();
    const folder = scratchFile();
    try {
      if (body.file === undefined) await pipeline(body.open(), createWriteStream(file, { mode: 0o600 }), { signal });
      const { size } = statSync(file);
      if (size !== body.size) throw failed(`store ${name}: it has ${size} bytes instead of ${body.size}`);
      mkdirSync(folder);
      symlinkSync(resolve(file), `${folder}/${name}`);
      const sent = ['--copy-links', ...(await quoting(path, signal)), `${folder}/${name}`, directory];
      await directoryIsThere.call(() => send([...WHOLE, ...sent], `store ${name} in ${directory}`, signal));
    } finally {
      if (body.file === undefined) rmSync(file, { force: true });
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A missing directory is made first, whatever the server's rsync may be able to do by itself. */
  async function send(args: readonly string[], task: string, signal: AbortSignal): Promise<void> {
    const { upload } = place.limits;
    let ended = await rsync(args, signal, upload);
    if (isAbsent(ended) && place.below !== '') {
      await makeDirectory(signal);
      ended = await rsync(args, signal, upload);
    }
    if (ended.status !== 0) throw rsyncFailure(task, ended);
    // Every transfer shows its progress.
    if (!ended.stdout.includes('%')) throw notTaken(task);
  }

  /** Sends empty directories, which every rsync can receive. */
  async function makeDirectory(signal: AbortSignal): Promise<void> {
    const empty = scratchFile();
    const below = place.below.replace(/\/+$/, '');
    try {
      mkdirSync(`${empty}/${below}`, { recursive: true });
      // The server's umask decides.
      chmodSync(`${empty}/${below}`, 0o777);
      const escaped = await quoting(`${place.base}${below}`, signal);
      const ended = await rsync([...NOTHING_BUT_MAKE, ...escaped, `${empty}/./${below}`, place.base], signal);
      if (ended.status !== 0) throw rsyncFailure(`create the directory ${directory}`, ended);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const path = remote(name);
    const scratchPath = scratchFile();
    const file = isWild(name) ? `${scratchPath}/${name}` : scratchPath;
    const wanted = [
      ...(await quoting(path, signal)),
      ...(isWild(name) ? ['--dirs', ...onlyRules(name), directory, `${scratchPath}/`] : [path, scratchPath]),
    ];
    try {
      // A server may forbid to follow links, and there is seldom one.
      for (const links of [[], ['--copy-links']]) {
        const ended = await rsync([...WHOLE, ...links, ...wanted], signal, place.limits.download);
        if (ended.status !== 0) throw rsyncFailure(`read ${name} in ${directory}`, ended);
        if (isFile(file)) return await take(blocks(file, signal));
        if (!/^skipping non-regular file/m.test(ended.stdout)) break;
      }
      throw new BackendError('BACKEND_NOT_FOUND', `${path} is no file`, { retryable: false });
    } finally {
      rmSync(scratchPath, { recursive: true, force: true });
    }
  }

  /** undefined: there is no such directory or file. */
  async function listing(path: string, task: string, signal: AbortSignal): Promise<Listing | undefined> {
    const args = ['--list-only', '--no-human-readable', '--8-bit-output', ...(await quoting(path, signal))];
    const ended = await rsync([...args, path], signal);
    if (ended.status !== 0 && !isPartial(ended)) {
      if (!showsFiles(ended.stdout) && isAbsent(ended)) return undefined;
      throw rsyncFailure(task, ended);
    }
    const found = parseListing(ended.stdout);
    if (found.links.length === 0) return found;
    const followed = await rsync([...args, '--copy-links', path], signal);
    if (followed.status === 0 || isPartial(followed)) return parseListing(followed.stdout);
    // The server forbids to look behind them: reading one will say so.
    return { ...found, files: [...found.files, ...found.links.map((name) => ({ name }))] };
  }

  async function* everything(signal: AbortSignal): AsyncGenerator<RemoteFile> {
    signal.throwIfAborted();
    const task = `list ${directory}`;
    const found = await listing(directory, task, signal);
    // A directory that is not there yet is made by the first put.
    if (found === undefined && options.makesPlace === false) throw placeNotThere(task);
    if (found !== undefined) directoryIsThere.isGood();
    yield* found?.files ?? [];
  }

  /** Makes the directory like an empty one, with nothing but that name taking part. */
  async function remove(name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    remote(name);
    const empty = scratchFile();
    mkdirSync(empty);
    const only = [...onlyItGoes(name), ...onlyRules(name), ...(await quoting(directory, signal))];
    const ended = await rsync(['--recursive', '--delete', ...only, `${empty}/`, directory], signal);
    rmSync(empty, { recursive: true, force: true });
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
      const path = remote(name);
      const found = await listing(isWild(name) ? directory : path, `look up ${name} in ${directory}`, signal);
      return found?.files.find((file) => file.name === name);
    },
    async [Symbol.asyncDispose]() {
      if (scratch === undefined) return;
      await closeMaster();
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

/** Nothing is missing in the listing but links that lead nowhere and files that vanished. */
function isPartial({ status, stdout, stderr }: Ended): boolean {
  if (stdout === '' || (status !== 23 && status !== 24)) return false;
  const lines = stderr.split('\n').filter((line) => line !== '');
  return lines.every((line) => /symlink has no referent|has vanished|^rsync (error|warning): some files/.test(line));
}

function failed(what: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${what}`, { retryable: true });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function notTaken(task: string): BackendError {
  return new BackendError('BACKEND_PERMISSION_DENIED', `Cannot ${task}: the server keeps what it has under that name`, {
    retryable: false,
    hint: 'Nothing there can be replaced (--ignore-existing, rrsync -no-overwrite).',
  });
}

async function* blocks(file: string, signal: AbortSignal): Bytes {
  for await (const block of createReadStream(file, { highWaterMark: BLOCK })) {
    signal.throwIfAborted();
    yield block as Buffer;
  }
  signal.throwIfAborted();
}
