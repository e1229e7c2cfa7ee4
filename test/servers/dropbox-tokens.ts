import { createHash, randomBytes } from 'node:crypto';

interface Grant {
  readonly scopes: readonly string[];
  /** Of a code that is not redeemed yet, by PKCE. */
  readonly challenge?: string;
}

export const APP_KEY = 'the-app';
export const APP_SECRET = 'app-secret-hush';
const SCOPES = ['account_info.read', 'files.metadata.read', 'files.content.read', 'files.content.write'];

/** What an access token is good for. */
export type Standing = 'expired' | 'invalid' | { readonly scopes: readonly string[] };

/** Authorization as in RFC 6749 and 7636, with the words of Dropbox: one app, which has all of `SCOPES`. */
export function openTokens() {
  const codes = new Map<string, Grant>();
  const refreshTokens = new Map<string, Grant>();
  const accessTokens = new Map<string, Grant & { hasExpired: boolean }>();
  let renewals = 0;

  function newToken(prefix: string): string {
    return `${prefix}.${randomBytes(24).toString('base64url')}`;
  }

  function access(scopes: readonly string[]): string {
    const token = newToken('sl.hush');
    accessTokens.set(token, { scopes, hasExpired: false });
    return token;
  }

  function refresh(isByPkce: boolean, scopes: readonly string[] = SCOPES): string {
    const token = newToken('refresh-hush');
    refreshTokens.set(token, isByPkce ? { scopes, challenge: '' } : { scopes });
    return token;
  }

  return {
    access: (scopes: readonly string[] = SCOPES) => access(scopes),
    refresh,
    /** How often an access token was asked for with a refresh token. */
    renewals: () => renewals,
    expireAll(): void {
      for (const token of accessTokens.values()) token.hasExpired = true;
    },

    standing(token: string): Standing {
      const found = accessTokens.get(token);
      if (found === undefined) return 'invalid';
      return found.hasExpired ? 'expired' : found;
    },

    /** The page that a person sees: the code for the app that asks, or what is wrong. */
    authorize(query: URLSearchParams): { readonly status: number; readonly text: string } {
      const wrong = (text: string) => ({ status: 400, text });
      if (query.get('client_id') !== APP_KEY) return wrong('Invalid client_id');
      if (query.get('response_type') !== 'code') return wrong('Invalid response_type');
      if (query.get('token_access_type') !== 'offline') return wrong('no refresh token was asked for');
      const scopes = query.get('scope')?.split(' ') ?? SCOPES;
      if (!scopes.every((scope) => SCOPES.includes(scope))) return wrong('Invalid scope');
      const challenge = query.get('code_challenge');
      if (challenge !== null && query.get('code_challenge_method') !== 'S256') return wrong('Invalid method');
      const code = newToken('code');
      codes.set(code, { scopes, ...(challenge === null ? {} : { challenge }) });
      return { status: 200, text: `Enter this code into the app: ${code}\n` };
    },

    token(form: URLSearchParams): { readonly status: number; readonly answer: object } {
      const wrong = (error: string) => ({ status: 400, answer: { error, error_description: error } });
      if (form.get('client_id') !== APP_KEY) return wrong('invalid_client_id');
      const secret = form.get('client_secret');
      if (secret !== null && secret !== APP_SECRET) return wrong('invalid_client');
      const answer = (scopes: readonly string[]) => ({
        token_type: 'bearer',
        access_token: access(scopes),
        expires_in: 14_400,
        scope: scopes.join(' '),
      });
      if (form.get('grant_type') === 'refresh_token') {
        const grant = refreshTokens.get(form.get('refresh_token') ?? '');
        if (grant === undefined || (secret === null && grant.challenge === undefined)) return wrong('invalid_grant');
        renewals++;
        return { status: 200, answer: answer(grant.scopes) };
      }
      if (form.get('grant_type') !== 'authorization_code') return wrong('unsupported_grant_type');
      const code = form.get('code') ?? '';
      const grant = codes.get(code);
      codes.delete(code);
      const verifier = form.get('code_verifier');
      const challenge = verifier === null ? undefined : createHash('sha256').update(verifier).digest('base64url');
      if (grant === undefined || grant.challenge !== challenge) return wrong('invalid_grant');
      if (challenge === undefined && secret === null) return wrong('invalid_client');
      return {
        status: 200,
        answer: {
          ...answer(grant.scopes),
          refresh_token: refresh(challenge !== undefined, grant.scopes),
          account_id: 'dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc',
          uid: '12345',
        },
      };
    },
  };
}
