import { UsageError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import { variable, type Environment } from '../environment.ts';

/** An app of Dropbox's console. One without a secret proves itself by PKCE when it is authorized. */
export interface App {
  readonly key: string;
  readonly secret: Secret | undefined;
}

export type Account =
  | { readonly accessToken: Secret; readonly renewal: Renewal | undefined }
  | { readonly accessToken: undefined; readonly renewal: Renewal };

/** How to get access tokens, which last four hours. */
export interface Renewal {
  readonly app: App;
  readonly refreshToken: Secret;
}

/** An account that can be used, or an app that a person has to authorize first. */
export type Access =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'app'; readonly app: App };

/**
 * What DPBX_ACCESS_TOKEN (the reference's, as are DPBX_APP_KEY and DPBX_APP_SECRET) and DPBX_REFRESH_TOKEN give.
 * Throws USER_ERROR when they do not do.
 */
export function accessOf(env: Environment): Access {
  const secret = (name: string): Secret | undefined => {
    const text = variable(env, name);
    return text === undefined ? undefined : new Secret(text);
  };
  const [key, accessToken, refreshToken] = [
    variable(env, 'DPBX_APP_KEY'),
    secret('DPBX_ACCESS_TOKEN'),
    secret('DPBX_REFRESH_TOKEN'),
  ];
  if (key === undefined) {
    if (accessToken !== undefined) return { kind: 'account', account: { accessToken, renewal: undefined } };
    const message =
      refreshToken === undefined
        ? 'DPBX_APP_KEY and DPBX_REFRESH_TOKEN, or DPBX_ACCESS_TOKEN, must be set in the environment.'
        : 'DPBX_APP_KEY must be set beside DPBX_REFRESH_TOKEN.';
    const hint = 'docs/backends/dpbx.md tells how to get them.';
    throw new UsageError('USER_ERROR', message, { exception: 'BackendException', hint });
  }
  const app = { key, secret: secret('DPBX_APP_SECRET') };
  if (refreshToken !== undefined) return { kind: 'account', account: { accessToken, renewal: { app, refreshToken } } };
  if (accessToken !== undefined) return { kind: 'account', account: { accessToken, renewal: undefined } };
  return { kind: 'app', app };
}

/** Names of servers, some with a port. */
export interface Hosts {
  readonly api: string;
  readonly content: string;
  readonly web: string;
}

/** Dropbox's own, unless the variables of its Python SDK (session.py of 11.34) name others. */
export function hostsOf(env: Environment): Hosts {
  const domain = variable(env, 'DROPBOX_DOMAIN');
  const apiDomain = variable(env, 'DROPBOX_API_DOMAIN') ?? domain ?? '.dropboxapi.com';
  const webDomain = variable(env, 'DROPBOX_WEB_DOMAIN') ?? domain ?? '.dropbox.com';
  return {
    api: variable(env, 'DROPBOX_API_HOST') ?? `api${apiDomain}`,
    content: variable(env, 'DROPBOX_API_CONTENT_HOST') ?? `content${apiDomain}`,
    web: variable(env, 'DROPBOX_WEB_HOST') ?? `www${webDomain}`,
  };
}
