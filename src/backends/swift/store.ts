import { asking } from '../asking.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Account, Session } from './account.ts';
import { networkError, refusal } from './failure.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../http/http.ts';
import { logIn } from './login.ts';

export interface StoreRequest {
  readonly method: string;
  /** Below the account, escaped: `/container/object?query`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Opened again when the token turns out to have expired. */
  readonly body?: () => NonNullable<HttpRequest['body']>;
  /** The server has something to copy before it answers. */
  readonly isSlow?: boolean;
  readonly signal: AbortSignal;
  /** Statuses besides 2xx that are no failure. */
  readonly accept?: readonly number[];
}

type WholeResponse = Omit<HttpResponse, 'stream'> & { readonly text: string };

/** Requests to one account. `task` is for messages: `store vol1 in container`. */
export interface Store {
  stream(task: string, request: StoreRequest): Promise<HttpResponse>;
  whole(task: string, request: StoreRequest): Promise<WholeResponse>;
}

/** Logs in when first asked and again when the token has expired. */
export function openStore(client: HttpClient, account: Account): Store {
  let session: Promise<Session> | undefined = account.ready && Promise.resolve(account.ready);

  function current(signal: AbortSignal): Promise<Session> {
    if (session !== undefined) return session;
    const { login } = account;
    if (login === undefined) return Promise.reject(expired());
    const asked = logIn(client, login, signal);
    // Kept only when it worked; who asks meanwhile waits for the same answer.
    asked.catch(() => {
      if (session === asked) session = undefined;
    });
    return (session = asked);
  }

  async function answered<R extends { readonly status: number }>(
    request: StoreRequest,
    send: (request: HttpRequest) => Promise<R>,
  ): Promise<R> {
    const { method, path, headers = {}, body, isSlow = false, signal } = request;
    for (let attempt = 1; ; attempt++) {
      const used = current(signal);
      const { url, token } = await used;
      const response = await send({
        method,
        url: `${url}${path}`,
        headers: { ...headers, 'X-Auth-Token': token.reveal() },
        ...(body === undefined ? {} : { body: body() }),
        isSlow,
        signal,
      });
      if (response.status !== 401 || attempt > 1 || account.login === undefined) return response;
      if ('stream' in response) (response.stream as HttpResponse['stream']).destroy();
      if (session === used) session = undefined;
    }
  }

  return {
    stream: (task, request) =>
      asking({ task, signal: request.signal, failureOf: networkError }, async () => {
        const response = await answered(request, client.send);
        if (isFine(response.status, request)) return response;
        response.stream.destroy();
        throw refusal(task, response);
      }),
    whole: (task, request) =>
      asking({ task, signal: request.signal, failureOf: networkError }, async () => {
        const response = await answered(request, client.sendWhole);
        if (isFine(response.status, request)) return response;
        throw refusal(task, response);
      }),
  };
}

function isFine(status: number, { accept = [] }: StoreRequest): boolean {
  return (status >= 200 && status < 300) || accept.includes(status);
}

function expired(): BackendError {
  return new BackendError('CONNECTION_FAILED', 'Connection failed: the token has expired.', {
    retryable: false,
    hint: 'Get a new token, or set user name, password and authentication address instead.',
  });
}
