import type { IncomingMessage } from 'node:http';

import { BackendError } from '../../errors/errors.ts';
import { dropped, type DavClient } from './client.ts';
import { statusFailure } from './failure.ts';
import { membersOf, multistatusReader, type Resource } from './multistatus.ts';

/** The collection in which the files lie. */
export interface DavDirectory {
  readonly client: DavClient;
  /** Once for all: follows redirects and makes the collection, with its parents, when it is not there and may be made. */
  enter(task: string, signal: AbortSignal): Promise<void>;
  /** The collection may not be there any more: it is looked for again. */
  leave(): void;
  targetOf(name: string): string;
  members(task: string, signal: AbortSignal): Promise<readonly Resource[]>;
  /** undefined: not there; 'unknown': there, but the server does not tell. */
  sizeOf(task: string, name: string, signal: AbortSignal): Promise<number | 'unknown' | undefined>;
}

/** As many as the reference follows. */
const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);

/** Answers to a question that a server does not understand, or does not answer in this form. */
const OTHERWISE: ReadonlySet<number> = new Set([400, 403, 405, 406, 412, 415, 422, 501]);

const QUERY = Buffer.from(
  '<?xml version="1.0" encoding="utf-8"?>' +
    '<propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/></prop></propfind>',
);

/** `path` is decoded, rooted, and ends in a slash. */
export function davDirectory(client: DavClient, path: string, mayMake = true): DavDirectory {
  let base = path.split('/').map(encodeURIComponent).join('/');
  let entered: Promise<void> | undefined;
  // Some servers answer for one depth only, or for all properties only.
  let depths: readonly Depth[] = ['1', 'infinity'];
  let mayName = true;

  async function propfind(target: string, depth: Depth, signal: AbortSignal): Promise<IncomingMessage> {
    const body = { size: QUERY.length, open: query };
    const headers = { Depth: depth, 'Content-Type': 'application/xml; charset=utf-8' };
    const all = { method: 'PROPFIND', target, headers: { Depth: depth }, signal };
    if (!mayName) return client.request(all);
    const answer = await client.request({ ...all, headers, body });
    if (!OTHERWISE.has(answer.statusCode ?? 0)) return answer;
    const plain = await client.request(all);
    if (plain.statusCode !== 207) {
      await dropped(plain);
      return answer;
    }
    await dropped(answer);
    mayName = false;
    return plain;
  }

  /** Some answer that there is nothing, not even the collection: that is no answer either. */
  async function members(task: string, signal: AbortSignal): Promise<readonly Resource[]> {
    let failure: unknown;
    let isEmpty = false;
    for (const depth of depths) {
      const answer = await propfind(base, depth, signal);
      const { statusCode = 0 } = answer;
      if (statusCode === 207) {
        const found = await resourcesOf(task, answer);
        isEmpty = true;
        if (found.length === 0) continue;
        depths = [depth, ...depths.filter((other) => other !== depth)];
        return membersOf(found, base);
      }
      await dropped(answer);
      failure ??= statusFailure(task, statusCode, answer);
      if (!OTHERWISE.has(statusCode)) break;
    }
    if (isEmpty) return [];
    throw failure;
  }

  /** By the server's word for a GET; 0 is what some say who do not know. 'refused': it has none. */
  async function lengthOf(name: string, signal: AbortSignal): Promise<number | 'unknown' | 'refused' | undefined> {
    const answer = await client.request({ method: 'HEAD', target: targetOf(name), signal });
    await dropped(answer);
    const { statusCode = 0, headers } = answer;
    if (statusCode === 200) return Number(headers['content-length']) || 'unknown';
    return statusCode === 404 || statusCode === 410 ? undefined : 'refused';
  }

  async function find(task: string, signal: AbortSignal): Promise<void> {
    for (let left = MAX_REDIRECTS; ; left--) {
      const answer = await propfind(base, '0', signal);
      const { statusCode = 0, headers } = answer;
      if (statusCode === 207) {
        await resourcesOf(task, answer);
        return;
      }
      await dropped(answer);
      if (statusCode === 404 && mayMake) return make(task, base, signal);
      if (!REDIRECTS.has(statusCode) || headers.location === undefined) {
        throw statusFailure(task, statusCode, answer);
      }
      if (left <= 0) throw tooManyRedirects(task);
      follow(task, headers.location);
    }
  }

  function follow(task: string, location: string): void {
    const here = client.origin() + base;
    const there = URL.canParse(location, here) ? new URL(location, here) : undefined;
    if (there === undefined || !/^https?:$/.test(there.protocol)) {
      throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the server redirects to ${location}`, {
        retryable: false,
      });
    }
    if (there.origin !== new URL(here).origin) {
      const isSecure = there.protocol === 'https:';
      const port = Number(there.port) || (isSecure ? 443 : 80);
      client.moveTo({ isSecure, host: there.hostname.replace(/^\[|\]$/g, ''), port });
    }
    base = there.pathname.replace(/\/*$/, '/');
  }

  /** Deepest first: above it there may be collections that nobody may look at. */
  async function make(task: string, collection: string, signal: AbortSignal): Promise<void> {
    const answer = await client.request({ method: 'MKCOL', target: collection, signal });
    await dropped(answer);
    const { statusCode = 0 } = answer;
    // 405: it is there by now.
    if (statusCode === 201 || statusCode === 200 || statusCode === 405) return;
    const parent = collection.replace(/[^/]+\/$/, '');
    if ((statusCode !== 409 && statusCode !== 404) || parent === collection || parent === '/') {
      throw statusFailure(task, statusCode, answer);
    }
    await make(task, parent, signal);
    const again = await client.request({ method: 'MKCOL', target: collection, signal });
    await dropped(again);
    if (again.statusCode !== 201 && again.statusCode !== 405) {
      throw statusFailure(task, again.statusCode ?? 0, again);
    }
  }

  const targetOf = (name: string): string => base + encodeURIComponent(name);

  return {
    client,
    targetOf,
    enter(task, signal) {
      entered ??= find(task, signal).catch((error: unknown) => {
        entered = undefined;
        throw error;
      });
      return entered;
    },
    leave() {
      entered = undefined;
    },
    members,
    async sizeOf(task, name, signal) {
      const answer = await propfind(targetOf(name), '0', signal);
      const { statusCode = 0 } = answer;
      if (statusCode === 207) {
        const [file] = await resourcesOf(task, answer);
        if (file !== undefined) return file.isCollection ? undefined : (file.size ?? 'unknown');
      } else await dropped(answer);
      const isKnown = statusCode === 207 || statusCode === 404;
      if (!isKnown && !OTHERWISE.has(statusCode)) throw statusFailure(task, statusCode, answer);
      // A second look, by another way, at what is not there, or not told of.
      const length = await lengthOf(name, signal);
      if (length !== 'refused') return length;
      if (isKnown) return undefined;
      throw statusFailure(task, statusCode, answer);
    },
  };
}

type Depth = '0' | '1' | 'infinity';

async function* query(): AsyncGenerator<Buffer> {
  yield QUERY;
}

async function resourcesOf(task: string, answer: IncomingMessage): Promise<readonly Resource[]> {
  const reader = multistatusReader();
  answer.setEncoding('utf8');
  let damage: { readonly cause: unknown } | undefined;
  for await (const text of answer as AsyncIterable<string>) {
    if (damage !== undefined) continue;
    try {
      reader.write(text);
    } catch (cause) {
      damage = { cause };
    }
  }
  try {
    if (damage !== undefined) throw damage.cause;
    return reader.end();
  } catch (cause) {
    throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the server's answer is no list of files`, {
      retryable: true,
      cause,
    });
  }
}

function tooManyRedirects(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: more than ${MAX_REDIRECTS} redirects`, {
    retryable: false,
  });
}
