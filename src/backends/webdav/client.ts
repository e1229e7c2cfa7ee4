import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { ConnectionOptions } from 'node:tls';

import { BackendError } from '../../errors/errors.ts';
import { answerChallenges, isStale, type Authorize, type Credentials } from './auth.ts';
import { exchange, type Exchange } from './exchange.ts';

export interface Origin {
  readonly isSecure: boolean;
  /** Lower case, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ClientOptions {
  readonly origin: Origin;
  /** Looked for when the server asks. */
  readonly credentials: () => Promise<Credentials | undefined>;
  /** Go with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: (host: string) => ConnectionOptions;
  readonly parallel: number;
  readonly timeoutMs: number;
}

export type Request = Omit<Exchange, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** HTTP with one server: connections that are kept, and credentials that are sent unasked once it has asked. */
export interface DavClient {
  /** `https://host:port`, for headers that want it. */
  origin(): string;
  request(request: Request): Promise<IncomingMessage>;
  /**
   * Talks to another server from here on. Throws when that would tell the password to whoever listens, or lets `request`
   * do so once that server asks for it.
   */
  moveTo(origin: Origin): void;
  close(): void;
}

export function davClient({ credentials, headers, tls, parallel, timeoutMs, ...first }: ClientOptions): DavClient {
  let { origin } = first;
  let agent = newAgent();
  let authorize: Authorize | undefined;
  let hasAuthorized = false;
  let hasContinue = true;
  /** Why the password may not be told to the present server. */
  let isUnsafe: BackendError | undefined;

  function newAgent(): http.Agent {
    const pooled = { keepAlive: true, maxSockets: parallel };
    return origin.isSecure ? new https.Agent({ ...tls(origin.host), ...pooled }) : new http.Agent(pooled);
  }

  /** A server may close a kept connection at the very moment it is used again: then nothing was lost but time. */
  async function send(request: Request): Promise<IncomingMessage> {
    for (let left = parallel; ; left--) {
      const { method, target, signal } = request;
      const authorization = authorize?.(method, target);
      const all = {
        ...headers,
        ...request.headers,
        ...(authorization !== undefined && { Authorization: authorization }),
      };
      try {
        return await exchange({ ...origin, agent, timeoutMs }, { ...request, headers: all }, hasContinue);
      } catch (error) {
        signal.throwIfAborted();
        if (left <= 0 || !isStaleConnection(error)) throw error;
      }
    }
  }

  async function request(wanted: Request): Promise<IncomingMessage> {
    for (let left = 3; ; left--) {
      wanted.signal.throwIfAborted();
      const sent = authorize;
      const answer = await send(wanted);
      if (answer.statusCode === 417 && hasContinue) {
        hasContinue = false;
        await dropped(answer);
        continue;
      }
      if (answer.statusCode !== 401) {
        hasAuthorized ||= sent !== undefined;
        return answer;
      }
      if (left <= 0 || !(await isWorthAnother(answer, sent))) return answer;
      await dropped(answer);
    }
  }

  /** After a 401: whether there is something to say that has not been said. */
  async function isWorthAnother(answer: IncomingMessage, sent: Authorize | undefined): Promise<boolean> {
    // Another request has learnt more meanwhile.
    if (authorize !== sent) return true;
    const challenges = answer.headersDistinct['www-authenticate'] ?? [];
    if (sent !== undefined && !hasAuthorized && !isStale(challenges)) return false;
    const known = await credentials();
    if (known === undefined) return false;
    if (isUnsafe !== undefined) throw isUnsafe;
    if (authorize !== sent) return true;
    authorize = answerChallenges(challenges, known);
    hasAuthorized = false;
    return authorize !== undefined;
  }

  return {
    request,
    origin() {
      const { isSecure, host, port } = origin;
      const isDefault = port === (isSecure ? 443 : 80);
      const name = host.includes(':') ? `[${host}]` : host;
      return `${isSecure ? 'https' : 'http'}://${name}${isDefault ? '' : `:${port}`}`;
    },
    moveTo(next) {
      const isSafe = next.isSecure || (next.host === origin.host && !origin.isSecure);
      const objection = isSafe ? undefined : withoutTls(origin, next);
      if (authorize !== undefined && objection !== undefined) throw objection;
      isUnsafe ??= objection;
      agent.destroy();
      origin = next;
      agent = newAgent();
    },
    close: () => agent.destroy(),
  };
}

function withoutTls(from: Origin, to: Origin): BackendError {
  return new BackendError('BACKEND_ERROR', `${from.host} redirects to ${to.host}, without TLS`, {
    retryable: false,
    hint: 'The password is not sent there. If that is the right place, name it in the URL.',
  });
}

/** Reads an answer to its end, so that its connection can be used again. */
export function dropped(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (answer.destroyed) resolve();
    answer.on('close', resolve).on('error', () => undefined);
    answer.resume();
  });
}

function isStaleConnection(error: unknown): boolean {
  if (!(error instanceof Error) || !('isReused' in error) || error.isReused !== true || !('code' in error))
    return false;
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
