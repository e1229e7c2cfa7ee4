import http from 'node:http';
import https from 'node:https';

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
/** Servers check, move or scan a file before they confirm it: so many timeouts, by default the 300 s of undici. */
const ANSWER_TIMEOUTS = 10;

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
    let isSending = false;
    let isOver = false;
    request.on('timeout', () => request.destroy(new Error(`${wire.host} has been silent for too long`)));
    request.on('error', (error) => {
      isOver = true;
      reject(Object.assign(error, { isReused: request.reusedSocket }));
    });
    request.on('response', (response) => {
      isOver = true;
      // Whoever answers before the end of the body will not read the rest: this connection ends with the answer.
      if (!request.writableEnded) response.once('close', () => request.destroy());
      resolve(response);
    });
    request.on('finish', () => {
      if (wanted.isSlow === true) request.setTimeout(wire.timeoutMs * ANSWER_TIMEOUTS);
    });

    const send = (): void => {
      if (isSending || isOver || body === undefined) return;
      isSending = true;
      sendBody(request, body, () => isOver).catch((error: unknown) => {
        reject(error);
        request.destroy();
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

/** Not by a pipeline: that would end with the answer, and take the connection with it when the answer comes early. */
async function sendBody(request: http.ClientRequest, body: Body, isOver: () => boolean): Promise<void> {
  for await (const block of measured(body)) {
    if (isOver()) return;
    if (!request.write(block)) await drained(request);
  }
  if (!isOver()) request.end();
}

/** Or there is nothing more to wait for. */
function drained(request: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'response']) request.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'response']) request.on(event, done);
    if (request.destroyed) done();
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
