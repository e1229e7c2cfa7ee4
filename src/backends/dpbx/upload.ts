import { BackendError } from '../../errors/errors.ts';
import type { Body } from '../backend.ts';
import { exactBytes } from '../transfer/exact-bytes.ts';
import type { Api } from './api.ts';
import { contentHash, contentHashOf } from './content-hash.ts';
import { DropboxRefusal } from './failure.ts';
import { fieldOf } from '../http/json.ts';
import { inParts } from './parts.ts';

/**
 * From here on a file goes in parts of this size, as with the reference. A part is held in memory until the server has
 * it; a multiple of 4 MiB, as the vendor recommends for sessions.
 */
const PART_SIZE = 16 * 1024 * 1024;

/** An upload session: what Dropbox holds of a file that is not visible yet. */
interface Session {
  readonly id: string;
  /** Bytes that the server is known to have. */
  offset: number;
  /** Of the whole file, once it was told to make it visible. */
  finishing?: string;
}

/** Tags of a session that the server does not take any more. */
const USELESS = /^(lookup_failed\/)?(not_found|closed|not_closed|too_large)$/;

/** Stores `body` as `path`. */
export type Upload = (task: string, path: string, body: Body, signal: AbortSignal) => Promise<void>;

/**
 * Uploads that go on where they were when the same body is sent again: parts the server has are not sent twice. Each
 * request carries the hash of its content and is refused by the server if that does not fit.
 */
export function openUpload(api: Api): Upload {
  const sessions = new WeakMap<Body, Session>();

  async function inOne(task: string, path: string, body: Body, signal: AbortSignal): Promise<void> {
    let part: Buffer = Buffer.alloc(0);
    for await (const only of inParts(exactBytes(body, signal), Math.max(1, body.size))) part = only;
    const hash = contentHashOf(part);
    const stored = await api.upload(task, 'files/upload', { ...commitOf(path), content_hash: hash }, part, signal);
    check(task, stored, { size: body.size, hash });
  }

  async function inSession(task: string, path: string, body: Body, signal: AbortSignal): Promise<void> {
    let session = sessions.get(body);
    const wanted = session?.finishing === undefined ? undefined : { size: body.size, hash: session.finishing };
    if (wanted !== undefined && (await isStored(task, path, wanted, signal))) return;
    const hash = contentHash();
    let at = 0;
    for await (const part of inParts(exactBytes(body, signal), PART_SIZE)) {
      hash.update(part);
      if (session === undefined) {
        session = { id: await start(task, part, signal), offset: part.length };
        sessions.set(body, session);
      }
      at += part.length;
      const isLast = at === body.size;
      if (isLast) session.finishing = hash.digest();
      const commit = isLast ? commitOf(path) : undefined;
      const stored = await send(task, { part, start: at - part.length, session, commit }, signal);
      if (!isLast) continue;
      sessions.delete(body);
      check(task, stored, { size: at, hash: session.finishing ?? '' });
    }
  }

  /** Whether the file is there already: the answer to the last part may have been lost. */
  async function isStored(task: string, path: string, { size, hash }: Stored, signal: AbortSignal): Promise<boolean> {
    const found = await api.call(task, 'files/get_metadata', { path }, signal).catch((error: unknown) => {
      if (error instanceof DropboxRefusal && error.code === 'BACKEND_NOT_FOUND') return undefined;
      throw error;
    });
    return fieldOf(found, 'size') === size && fieldOf(found, 'content_hash') === hash;
  }

  async function start(task: string, part: Buffer, signal: AbortSignal): Promise<string> {
    const arg = { close: false, content_hash: contentHashOf(part) };
    const id = fieldOf(await api.upload(task, 'files/upload_session/start', arg, part, signal), 'session_id');
    if (typeof id === 'string') return id;
    throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the server opens no upload session`, { retryable: true });
  }

  interface Sending {
    readonly part: Buffer;
    /** Where `part` begins in the file. */
    readonly start: number;
    readonly session: Session;
    /** For the last part: makes the file visible. */
    readonly commit: object | undefined;
    /** The server has told once where the session stands: it should fit now. */
    readonly isCorrected?: true;
  }

  /** Appends what the server lacks of the part. It may have more than is known here, when an answer was lost. */
  async function send(task: string, sending: Sending, signal: AbortSignal): Promise<unknown> {
    const { part, start, session, commit, isCorrected = false } = sending;
    const end = start + part.length;
    if (session.offset < start) {
      throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the server lost a part of it`, { retryable: true });
    }
    if (session.offset >= end && commit === undefined) return undefined;
    const rest = part.subarray(session.offset - start);
    const cursor = { session_id: session.id, offset: session.offset };
    const content_hash = contentHashOf(rest);
    try {
      if (commit !== undefined) {
        const arg = { cursor, commit, content_hash };
        return await api.upload(task, 'files/upload_session/finish', arg, rest, signal);
      }
      await api.upload(task, 'files/upload_session/append_v2', { cursor, close: false, content_hash }, rest, signal);
      session.offset = end;
      return undefined;
    } catch (error) {
      const correct = error instanceof DropboxRefusal ? error.correctOffset : undefined;
      // What follows the end is none of ours.
      if (correct === undefined || correct > end || isCorrected) throw error;
      session.offset = correct;
      return send(task, { ...sending, isCorrected: true }, signal);
    }
  }

  return async (task, path, body, signal) => {
    signal.throwIfAborted();
    if (body.size < PART_SIZE) return inOne(task, path, body, signal);
    try {
      await inSession(task, path, body, signal);
    } catch (error) {
      if (error instanceof DropboxRefusal && isUseless(sessions.get(body), error)) sessions.delete(body);
      throw error;
    }
  };
}

/** Overwrites, keeps the name whatever is there, and notifies nobody. */
function commitOf(path: string): object {
  return { path, mode: 'overwrite', autorename: false, mute: true };
}

interface Stored {
  readonly size: number;
  readonly hash: string;
}

function isSame(metadata: unknown, { size, hash }: Stored): boolean {
  // The vendor reserves the right to leave the hash out.
  const told = fieldOf(metadata, 'content_hash') ?? hash;
  return fieldOf(metadata, 'size') === size && told === hash;
}

function check(task: string, metadata: unknown, stored: Stored): void {
  if (isSame(metadata, stored)) return;
  throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the server has stored something else`, { retryable: true });
}

/** After `error` there is no going on with the session. */
function isUseless(session: Session | undefined, { tags, correctOffset }: DropboxRefusal): boolean {
  return USELESS.test(tags) || (correctOffset !== undefined && correctOffset !== session?.offset);
}
