import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';

import { BackendError, UsageError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, Call, CopyCall, RemoteFile } from '../backend.ts';
import { checkCopied, deletionFailure, hiddenNames, isPart } from '../transfer/hidden-name.ts';
import { placeNotThere } from '../failures/not-there.ts';
import { limitsInKib, timeoutMs, type OpenOptions } from '../open-options.ts';
import { rcloneTarget } from '../url/url-path.ts';
import { redact, type BackendUrl } from '../url/url.ts';
import { commandEngine } from './command-engine.ts';
import { startDaemon } from './daemon.ts';
import { daemonEngine } from './daemon-engine.ts';
import type { RcloneEngine } from './engine.ts';
import { RCLONE, verdict } from './failure.ts';
import { notRunning } from '../run-program.ts';
import { withoutOurSecrets } from '../../util/secret-names.ts';

/** As many transfers as rclone itself runs at once. */
const PARALLEL = 4;

/** The `rclone` scheme: any remote of rclone's configuration. rclone makes missing directories by itself. */
export async function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const fs = rcloneTarget(url);
  if (!/^[^/]+:/.test(fs)) {
    const shown = redact(url.original.reveal());
    throw new UsageError('USER_ERROR', `InvalidBackendURL: No remote of rclone in: ${shown}`, {
      exception: 'InvalidBackendURL',
      hint: 'Write rclone://REMOTE:/directory; "rclone listremotes" shows the remotes.',
    });
  }
  const engine = await openEngine(fs, options);
  try {
    return await rcloneBackend(engine, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function openEngine(fs: string, options: OpenOptions): Promise<RcloneEngine> {
  // As the reference: what a backup deletes is not to fill the trash.
  const env = {
    RCLONE_DRIVE_USE_TRASH: 'false',
    // Nobody is there to be asked.
    RCLONE_ASK_PASSWORD: 'false',
    // The hidden name is ours already. Programs before 1.63 do not know the word, and never do otherwise.
    RCLONE_INPLACE: 'true',
    ...timeouts(options),
    ...withoutOurSecrets(options.env ?? process.env),
    ...limits(options),
  };
  const say = (text: string): void => options.emit?.({ kind: 'info', text: `rclone: ${text}` });
  // The daemon finds the end of the remote at the first closing bracket.
  if (fs.includes(']')) return commandEngine(fs, env);
  const daemon = await startDaemon(env, say);
  if (daemon === undefined) {
    say('the daemon does not start; each operation runs a process of its own.');
    return commandEngine(fs, env);
  }
  return daemonEngine(fs, daemon, async () => {
    const next = await startDaemon(env, say);
    if (next === undefined) throw notRunning(RCLONE, new Error('the daemon does not start'));
    return next;
  });
}

/**
 * `--timeout` in the words of rclone, whose defaults are the tenfold and the twofold of ours: clouds take their time to
 * confirm a file. What the environment says goes first.
 */
function timeouts(options: OpenOptions): Readonly<Record<string, string>> {
  const seconds = timeoutMs(options) / 1000;
  return { RCLONE_TIMEOUT: `${10 * seconds}s`, RCLONE_CONTIMEOUT: `${2 * seconds}s` };
}

/** `UP:DOWN` in KiB per second. It holds for what goes over the network, and for each process by itself. */
export function limits(options: OpenOptions): Readonly<Record<string, string>> {
  const limit = limitsInKib(options);
  if (limit === undefined) return {};
  const word = (kib: number): string => (kib === 0 ? 'off' : `${kib}K`);
  return { RCLONE_BWLIMIT: `${word(limit.up)}:${word(limit.down)}` };
}

/** Also for tests, with an engine of their choice. */
export async function rcloneBackend(engine: RcloneEngine, options: OpenOptions): Promise<Backend> {
  const { isBucketBased, canMove, canCopy } = await engine.features(options.signal);
  // Elsewhere a killed rclone leaves part of a file under its name, or under one that older programs take for a volume.
  const isHidden = !isBucketBased && canMove;

  const hidden = hiddenNames({ place: 'the remote of rclone', emit: options.emit, verdict });

  /** `store` brings it there, under whichever name. */
  function placed(name: string, { signal }: Call, store: (as: string) => Promise<void>): Promise<void> {
    if (!isHidden) return store(name);
    return hidden.put(name, {
      store,
      rename: (from, to) => engine.move(from, to, signal),
      remove: (part) => engine.remove(part, signal),
    });
  }

  async function* list(signal: AbortSignal, wanted: (name: string) => boolean): AsyncGenerator<RemoteFile> {
    signal.throwIfAborted();
    const files = await engine.list(signal);
    if (files === undefined && options.makesPlace !== false) return;
    if (files === undefined) throw placeNotThere('list files');
    hidden.notice(files);
    for (const file of files) if (wanted(file.name)) yield file;
  }

  async function copy(from: string, to: string, call: CopyCall): Promise<void> {
    const { signal } = call;
    signal.throwIfAborted();
    const size = call.size ?? (await engine.stat(from, signal))?.size;
    await placed(to, call, async (as) => {
      await engine.copy(from, as, signal);
      const copied = await engine.stat(as, signal);
      if (copied?.size !== undefined && size !== undefined && copied.size !== size) await engine.remove(as, signal);
      checkCopied(`copy ${from} to ${to}`, copied && (copied.size ?? 'unknown'), size);
    });
  }

  return {
    traits: {
      // Where no daemon runs, two processes would take the limit twice.
      parallel: limitsInKib(options) === undefined ? PARALLEL : 1,
      get atomicPut() {
        return isBucketBased || (isHidden && hidden.isAtomic);
      },
      consistentList: true,
      limitsItself: true,
    },
    async put(name, body, call) {
      call.signal.throwIfAborted();
      await withFile(body, options, {
        call,
        run: (file) => placed(name, call, (as) => engine.upload(file, as, call.signal)),
      });
    },
    async get(name, take, { signal }) {
      signal.throwIfAborted();
      return engine.download(name, take, signal);
    },
    list: ({ signal }) => list(signal, (name) => !isPart(name)),
    unfinished: ({ signal }) => list(signal, isPart),
    async delete(name, { signal }) {
      signal.throwIfAborted();
      await engine.remove(name, signal).catch((error: unknown) => {
        throw deletionFailure(error);
      });
    },
    stat: (name, { signal }) => engine.stat(name, signal),
    checksum: (name, { signal }) => engine.checksum(name, signal),
    ...(canCopy && { copy }),
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

interface Use {
  readonly call: Call;
  readonly run: (file: string) => Promise<void>;
}

/** rclone reads files; a body that is none becomes one. */
async function withFile(body: Body, options: OpenOptions, { call, run }: Use): Promise<void> {
  if (body.file !== undefined) {
    const { size } = statSync(body.file);
    if (size !== body.size) throw wrongSize(size, body.size);
    return run(body.file);
  }
  const directory = mkdtempSync(join(options.tempDir?.() ?? tmpdir(), 'rclone-'));
  try {
    const file = join(directory, 'body');
    await writeBody(file, body.open(), call.signal);
    const { size } = statSync(file);
    if (size !== body.size) throw wrongSize(size, body.size);
    await run(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function writeBody(file: string, bytes: Bytes, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(file, { mode: 0o600 }), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function wrongSize(size: number, expected: number): BackendError {
  return new BackendError('BACKEND_ERROR', `The content has ${size} bytes instead of ${expected}.`, {
    retryable: true,
  });
}
