import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Body } from '../backend.ts';

export interface Exchange {
  readonly method: string;
  /** As it goes into the request line: percent-encoded, from the root. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** The server may be silent for long before it answers: it has a file to store. */
  readonly isSlow?: boolean;
  readonly signal: AbortSignal;
}

export interface Wire {
  readonly isSecure: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly agent: http.Agent;
  readonly timeoutMs: number;
}

/** Smaller bodies are sent at once: asking costs a round trip. */
const EXPECT_FROM = 64 * 1024;
/** Servers that know nothing of `Expect` just wait. As long as restic and curl give them. */
const CONTINUE_MS = 1_000;
/** Servers check, move or scan a file before they confirm it; the same time as undici's. */
const ANSWER_MS = 300_000;
const BLOCK = 256 * 1024;

/** A body of another length than announced would break what follows on the connection. */
class WrongLength extends Error {}

/**
 * Sends one request and gives the answer, whose body the caller reads or drops. A large body goes out only when the
 * server has agreed to take it. Rejects with what broke the connection, or the body's own failure.
 */
export function exchange(wire: Wire, wanted: Exchange, hasContinue: boolean): Promise<http.IncomingMessage> {
  const { method, target, body, signal } = wanted;
  const isAsking = hasContinue && body !== undefined && body.size > EXPECT_FROM;
  return new Promise((resolve, reject) => {
    const request = (wire.isSecure ? https : http).request({
      agent: wire.agent,
      host: wire.host,
      port: wire.port,
      method,
      path: target,
      signal,
      timeout: wire.timeoutMs,
      headers: {
        ...wanted.headers,
        ...(body !== undefined && { 'Content-Length': String(body.size) }),
        ...(isAsking && { Expect: '100-continue' }),
      },
    });
    const stop = new AbortController();
    let isSending = false;
    request.on('timeout', () => request.destroy(new Error(`${wire.host} has been silent for too long`)));
    request.on('error', (error) => {
      stop.abort();
      reject(Object.assign(error, { isReused: request.reusedSocket }));
    });
    request.on('response', (response) => {
      // Whoever answers before the end of the body will not read the rest: this connection ends with the answer.
      if (!request.writableEnded) response.once('close', () => request.destroy());
      stop.abort();
      resolve(response);
    });
    request.on('finish', () => {
      if (wire.timeoutMs > 0 && wanted.isSlow === true) request.setTimeout(Math.max(wire.timeoutMs, ANSWER_MS));
    });

    const send = (): void => {
      if (isSending || body === undefined || stop.signal.aborted) return;
      isSending = true;
      const source = Readable.from(measured(body), { objectMode: false, highWaterMark: BLOCK });
      pipeline(source, request, { signal: stop.signal }).catch((error: unknown) => {
        if (stop.signal.aborted) return;
        reject(error);
      });
    };
    if (body === undefined) request.end();
    else if (isAsking) {
      const timer = setTimeout(send, CONTINUE_MS);
      request.on('close', () => clearTimeout(timer));
      request.on('continue', send);
      request.flushHeaders();
    } else send();
  });
}

async function* measured(body: Body): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const block of body.open()) {
    sent += block.length;
    if (sent > body.size) break;
    yield block;
  }
  if (sent !== body.size) throw new WrongLength(`the body has not the ${body.size} bytes that were announced`);
}
