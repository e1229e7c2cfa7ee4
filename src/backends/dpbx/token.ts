import { BackendError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import type { HttpClient } from '../http/http.ts';
import type { Account, App, Hosts, Renewal } from './account.ts';
import { DropboxRefusal, networkError } from './failure.ts';
import { fieldOf, parseJson } from '../http/json.ts';

/** What is left of a token's life when a new one is asked for: no upload is worth losing to it. The SDK has the same. */
const RENEWED_BEFORE_MS = 5 * 60_000;

export interface Tokens {
  /** A token that should work; whoever asks while one is on its way waits for the same. */
  current(signal: AbortSignal): Promise<Token>;
  /** The server says that `token` has expired. False: there is no other to be had. */
  expired(token: Token): boolean;
}

export interface Token {
  readonly secret: Secret;
  /** Milliseconds since 1970; undefined: nobody knows. */
  readonly until: number | undefined;
}

/** Access tokens of `account`. Throws CONNECTION_FAILED when the refresh token is refused. */
export function openTokens(client: HttpClient, hosts: Hosts, { accessToken, renewal }: Account): Tokens {
  const given = accessToken === undefined ? undefined : { secret: accessToken, until: undefined };
  return renewal === undefined ? only(given) : renewed(client, hosts, renewal, given);
}

function only(token: Token | undefined): Tokens {
  return {
    current: () => (token === undefined ? Promise.reject(new Error('no token')) : Promise.resolve(token)),
    expired: () => false,
  };
}

function renewed(client: HttpClient, hosts: Hosts, renewal: Renewal, first: Token | undefined): Tokens {
  let held = first;
  let asked: Promise<Token> | undefined;

  async function ask(signal: AbortSignal): Promise<Token> {
    try {
      held = await renew(client, hosts, renewal, signal);
      return held;
    } finally {
      asked = undefined;
    }
  }

  return {
    async current(signal) {
      if (held !== undefined && (held.until ?? Number.POSITIVE_INFINITY) > Date.now() + RENEWED_BEFORE_MS) return held;
      return (asked ??= ask(signal));
    },
    expired(token) {
      // Another call may have renewed it meanwhile.
      if (held === token) held = undefined;
      return true;
    },
  };
}

async function renew(client: HttpClient, hosts: Hosts, renewal: Renewal, signal: AbortSignal): Promise<Token> {
  const { app, refreshToken } = renewal;
  const { token } = await askForToken(client, hosts, app, signal, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
  });
  return token;
}

/** The token that a person's code is good for, and the one that gets others later. */
export async function redeemCode(
  client: HttpClient,
  hosts: Hosts,
  { app, code, verifier }: { readonly app: App; readonly code: string; readonly verifier: string | undefined },
  signal: AbortSignal,
): Promise<{ readonly token: Token; readonly refreshToken: Secret }> {
  const { token, refreshToken } = await askForToken(client, hosts, app, signal, {
    grant_type: 'authorization_code',
    code,
    ...(verifier === undefined ? {} : { code_verifier: verifier }),
  });
  if (refreshToken === undefined) throw noToken(hosts);
  return { token, refreshToken };
}

async function askForToken(
  client: HttpClient,
  hosts: Hosts,
  app: App,
  signal: AbortSignal,
  words: Readonly<Record<string, string>>,
): Promise<{ readonly token: Token; readonly refreshToken: Secret | undefined }> {
  const form = new URLSearchParams({ ...words, client_id: app.key });
  if (app.secret !== undefined) form.set('client_secret', app.secret.reveal());
  const bytes = Buffer.from(form.toString());
  async function* once(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const task = 'get an access token';
  const answer = await client
    .sendWhole({
      method: 'POST',
      url: `https://${hosts.api}/oauth2/token`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: { size: bytes.length, bytes: once() },
      signal,
    })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw networkError(task, error);
    });
  const said = parseJson(answer.text);
  if (answer.status === 400 || answer.status === 401) throw refusedToken(hosts, fieldOf(said, 'error'));
  if (answer.status !== 200) throw new DropboxRefusal(task, answer);
  const [access, refresh, seconds] = ['access_token', 'refresh_token', 'expires_in'].map((name) => fieldOf(said, name));
  if (typeof access !== 'string') throw noToken(hosts);
  return {
    token: {
      secret: new Secret(access),
      until: typeof seconds === 'number' ? Date.now() + seconds * 1000 : undefined,
    },
    refreshToken: typeof refresh === 'string' ? new Secret(refresh) : undefined,
  };
}

/** The words are those of OAuth: RFC 6749, 5.2. */
function refusedToken(hosts: Hosts, error: unknown): BackendError {
  const isApp = error === 'invalid_client' || error === 'invalid_client_id';
  const what = isApp ? 'the app' : 'the refresh token or the code';
  return new BackendError('CONNECTION_FAILED', `Connection failed: ${hosts.api} refuses ${what}.`, {
    retryable: false,
    exception: 'AuthError',
    hint: isApp
      ? 'Check DPBX_APP_KEY and DPBX_APP_SECRET.'
      : 'Unset DPBX_REFRESH_TOKEN and run in a terminal to authorize the app again; check that the app is the same.',
  });
}

function noToken(hosts: Hosts): BackendError {
  return new BackendError('CONNECTION_FAILED', `Connection failed: ${hosts.api} gives no token.`, { retryable: false });
}
