import type { FetchMessageObject, ImapFlow } from 'imapflow';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, Call, RemoteFile } from '../backend.ts';
import { deletionFailure } from '../transfer/hidden-name.ts';
import type { OpenOptions } from '../open-options.ts';
import { loginPath } from '../url/url-path.ts';
import type { BackendUrl } from '../url/url.ts';
import { openConnection } from './connection.ts';
import { imapFailure } from './failure.ts';
import { decodedSize, encodeMessage, packUids, parseHeading } from './message.ts';

/** Encoded bytes asked for at once: a multiple of a line, about a MiB. */
const CHUNK = 13_443 * 78;

/** More than the padding and line break an encoded part can end with. */
const TAIL = 16;

/** Message numbers by file name, the newest last. */
type Index = Map<string, number[]>;

/** The `imap` and `imaps` schemes: each file is a message in the mailbox whose From is the path of the URL. */
export async function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const prefix = loginPath(url);
  const connection = await openConnection(url, options);
  const place = `${connection.mailbox} of ${connection.host}`;
  let index: Index | undefined;

  /** Runs with what the mailbox holds, which is asked for when it is not known. */
  function withIndex<T>(task: string, call: Call, work: (client: ImapFlow, known: Index) => Promise<T>): Promise<T> {
    return connection.run(task, call.signal, async (client, isNew) => {
      if (isNew || index === undefined) index = await readIndex(client, prefix);
      return work(client, index);
    });
  }

  /** The newest copy; looks again where none is known, as another program may have stored it meanwhile. */
  async function newest(client: ImapFlow, name: string, known: Index): Promise<number | undefined> {
    const uid = known.get(name)?.at(-1);
    if (uid !== undefined) return uid;
    index = await readIndex(client, prefix);
    return index.get(name)?.at(-1);
  }

  async function put(name: string, body: Body, call: Call): Promise<void> {
    call.signal.throwIfAborted();
    const task = `store ${name} in ${place}`;
    const message = await encodeMessage(prefix, name, abortable(body, call.signal));
    call.signal.throwIfAborted();
    if (message === undefined) {
      throw new BackendError('BACKEND_ERROR', `Cannot ${task}: it has not ${body.size} bytes`, { retryable: true });
    }
    await withIndex(task, call, async (client, known) => {
      const older = known.get(name) ?? [];
      // Not told which number it got, or lost on the way: then the mailbox is read again.
      index = undefined;
      const added = await client.append(connection.mailbox, message, ['\\Seen']);
      if (added === false) {
        throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the mailbox is not open`, { retryable: true });
      }
      if (added.uid === undefined) return;
      // Where nothing may be deleted they stay: the newest counts.
      const isGone = older.length === 0 || (await remove(client, older).then(() => true, unlessDenied));
      index = known.set(name, [...(isGone ? [] : older), added.uid]);
    });
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, call: Call): Promise<T> {
    call.signal.throwIfAborted();
    const task = `read ${name} in ${place}`;
    const uid = await withIndex(task, call, (client, known) => newest(client, name, known));
    if (uid === undefined)
      throw new BackendError('BACKEND_NOT_FOUND', `Cannot ${task}: no such message`, { retryable: false });
    const fetch = (start: number): Promise<Buffer | undefined> =>
      connection.run(task, call.signal, async (client) => {
        const part = { key: '1', start, maxLength: CHUNK };
        const found = await client.fetchOne(String(uid), { bodyParts: [part] }, { uid: true });
        return found ? found.bodyParts?.get('1') : undefined;
      });
    return take(decoded(fetch, task));
  }

  async function* list(call: Call): AsyncGenerator<RemoteFile> {
    call.signal.throwIfAborted();
    const names = await connection.run(`list ${place}`, call.signal, async (client) => {
      index = await readIndex(client, prefix);
      return [...index.keys()];
    });
    for (const name of names) yield { name };
  }

  return {
    // Commands go one after the other over one connection.
    traits: { parallel: 1, atomicPut: true, consistentList: true },
    put,
    get,
    list,
    async delete(name, call) {
      await withIndex(`delete ${name} in ${place}`, call, async (client, known) => {
        await newest(client, name, known);
        const uids = index?.get(name) ?? [];
        if (uids.length > 0) await remove(client, uids);
        index?.delete(name);
      }).catch((error: unknown) => {
        throw deletionFailure(error);
      });
    },
    stat: (name, call) =>
      withIndex(`look up ${name} in ${place}`, call, async (client, known) => {
        const uid = await newest(client, name, known);
        return uid === undefined ? undefined : sized(client, name, uid);
      }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/**
 * The server finds what looks like the prefix; what is exactly it is decided here, so that no other mail in the mailbox and
 * no other backup is touched.
 */
async function readIndex(client: ImapFlow, prefix: string): Promise<Index> {
  // Lets the server tell of messages that came since.
  await client.noop();
  const hits = await client.search(prefix === '' ? { all: true } : { from: prefix }, { uid: true });
  if (!Array.isArray(hits)) throw new Error('the server does not search');
  const found: { readonly uid: number; readonly subject: string }[] = [];
  for (const range of packUids(hits)) {
    for await (const message of client.fetch(range, { headers: ['From', 'Subject'] }, { uid: true })) {
      const { from, subject } = parseHeading(message.headers ?? Buffer.alloc(0));
      if (from === prefix) found.push({ uid: message.uid, subject });
    }
  }
  const index: Index = new Map();
  for (const { uid, subject } of found.sort((a, b) => a.uid - b.uid)) {
    index.set(subject, [...(index.get(subject) ?? []), uid]);
  }
  return index;
}

/** Deletes and looks whether they are gone. */
async function remove(client: ImapFlow, uids: readonly number[]): Promise<void> {
  for (const range of packUids(uids)) {
    await client.messageDelete(range, { uid: true });
    const left = await client.search({ uid: range }, { uid: true });
    if (Array.isArray(left) && left.length === 0) continue;
    throw new BackendError('BACKEND_PERMISSION_DENIED', `The server keeps the message(s) ${range}.`, {
      retryable: false,
      hint: 'Check what the account may do with the mailbox.',
    });
  }
}

function unlessDenied(error: unknown): false {
  const denied = imapFailure('', '', error);
  if (denied instanceof BackendError && denied.code === 'BACKEND_PERMISSION_DENIED') return false;
  throw error;
}

async function sized(client: ImapFlow, name: string, uid: number): Promise<RemoteFile | undefined> {
  const structure = await client.fetchOne(String(uid), { bodyStructure: true }, { uid: true });
  if (!structure) return undefined;
  const encoded = partSize(structure);
  if (encoded === undefined) return { name };
  const part = { key: '1', start: Math.max(0, encoded - TAIL), maxLength: TAIL };
  const ending = await client.fetchOne(String(uid), { bodyParts: [part] }, { uid: true });
  const size = decodedSize(encoded, (ending ? ending.bodyParts?.get('1') : undefined) ?? Buffer.alloc(0));
  return size === undefined ? { name } : { name, size };
}

function partSize({ bodyStructure }: FetchMessageObject): number | undefined {
  return bodyStructure?.childNodes?.[0]?.size;
}

/** The content behind the base64 that `fetch` gives from an offset on, in pieces of CHUNK bytes and a shorter last one. */
async function* decoded(fetch: (start: number) => Promise<Buffer | undefined>, task: string): Bytes {
  let held = '';
  for (let start = 0; ; start += CHUNK) {
    const chunk = await fetch(start);
    if (chunk === undefined) {
      throw new BackendError('BACKEND_NOT_FOUND', `Cannot ${task}: the message is gone`, { retryable: false });
    }
    const text = held + chunk.toString('latin1').replace(/[\r\n]+/g, '');
    const whole = text.length - (text.length % 4);
    held = text.slice(whole);
    if (whole > 0) yield Buffer.from(text.slice(0, whole), 'base64');
    if (chunk.length < CHUNK) break;
  }
  if (held !== '') throw new BackendError('BACKEND_ERROR', `Cannot ${task}: its encoding is cut`, { retryable: true });
}

function abortable(body: Body, signal: AbortSignal): Body {
  async function* open(): Bytes {
    for await (const block of body.open()) {
      signal.throwIfAborted();
      yield block;
    }
  }
  return { size: body.size, open };
}
