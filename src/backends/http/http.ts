import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Bytes } from '../backend.ts';
import type { HttpAgents } from './agents.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly size: number; readonly bytes: Bytes };
  /** The server may be silent for long before it answers: it has a file to copy. */
  readonly isSlow?: boolean;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingMessage['headers'];
  /** To be read, or destroyed: until then it holds a connection. */
  readonly stream: IncomingMessage;
}

export interface HttpClient extends Disposable {
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
  /** For answers of a few kilobytes. */
  readonly sendWhole: (request: HttpRequest) => Promise<Omit<HttpResponse, 'stream'> & { readonly text: string }>;
}

/** Below this it costs less to send a body in vain than to ask first. */
const WORTH_ASKING = 64 * 1024;
/** How long an answer to `Expect: 100-continue` is waited for; not every server knows it. curl has the same second. */
const CONTINUE_MS = 1000;

/** Pages of listings have a few MiB; what goes on for ever must not fill the memory. */
const MOST_WHOLE = 64 * 1024 * 1024;

/** So many timeouts for what is slow, as in other drivers. */
const PATIENCE = 10;

/** A client of its own agents. A connection without a byte for `timeoutMs` is lost (ETIMEDOUT); 0 is never. */
export function httpClient({ http, https }: HttpAgents, timeoutMs: number): HttpClient {
  async function send({ method, url, headers = {}, body, isSlow, signal }: HttpRequest): Promise<HttpResponse> {
    signal.throwIfAborted();
    const isSecure = url.startsWith('https:');
    const asks = body !== undefined && body.size > WORTH_ASKING;
    const request = (isSecure ? httpsRequest : httpRequest)(url, {
      method,
      agent: isSecure ? https : http,
      signal,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'Content-Length': body.size }),
        ...(asks ? { Expect: '100-continue' } : {}),
      },
    });
    const patienceMs = isSlow === true ? timeoutMs * PATIENCE : timeoutMs;
    request.setTimeout(patienceMs, () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    // Without a listener a reset after the answer would be an exception of nobody.
    request.on('error', () => {});
    answered.catch(() => {});
    let isSent = true;
    if (body === undefined) request.end();
    else {
      if (asks) await mayGoOn(request, answered);
      isSent = await sendBody(request, body.bytes, answered);
    }
    const [stream] = await answered;
    // Half a request is of no more use to its connection.
    if (!isSent) stream.once('close', () => request.destroy());
    return { status: stream.statusCode ?? 0, headers: stream.headers, stream };
  }

  return {
    send,
    async sendWhole(request) {
      const { status, headers, stream } = await send(request);
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of stream as AsyncIterable<Buffer>) {
        parts.push(part);
        size += part.length;
        if (size > MOST_WHOLE) throw Object.assign(new Error('an answer without end'), { code: 'ETOOLONG' });
      }
      return { status, headers, text: Buffer.concat(parts).toString() };
    },
    [Symbol.dispose]() {
      http.destroy();
      https.destroy();
    },
  };
}

/** False: the server refused before it had everything; then its answer counts, not the broken pipe. */
async function sendBody(request: ClientRequest, bytes: Bytes, answered: Promise<unknown>): Promise<boolean> {
  let isAnswered = false;
  const noted = answered.then(
    () => void (isAnswered = true),
    (error: unknown) => error,
  );
  // An answer that came instead of the permission to go on is noted now.
  await Promise.resolve();
  if (isAnswered) return false;
  try {
    await pipeline(Readable.from(bytes, { objectMode: true, highWaterMark: 1 }), request);
    return true;
  } catch (error) {
    // What broke it is known there: that nobody listens, say, or a certificate.
    const cause = isBroken(error) ? await noted : undefined;
    if (isAnswered) return false;
    request.destroy();
    throw cause ?? error;
  }
}

async function mayGoOn(request: ClientRequest, answered: Promise<unknown>): Promise<void> {
  request.flushHeaders();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CONTINUE_MS);
  });
  const allowed = new Promise<void>((resolve) => void request.once('continue', resolve));
  await Promise.race([allowed, patience, answered.catch(() => undefined)]);
  clearTimeout(timer);
}

function isBroken(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(EPIPE|ECONNRESET|ERR_STREAM_PREMATURE_CLOSE|ERR_STREAM_DESTROYED)$/.test(String(error.code))
  );
}
