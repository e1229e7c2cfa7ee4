import { createHash, randomBytes } from 'node:crypto';

import { UsageError } from '../../errors/errors.ts';
import type { HttpClient } from '../http/http.ts';
import type { OpenOptions } from '../open-options.ts';
import type { Account, App, Hosts } from './account.ts';
import { redeemCode } from './token.ts';

/** All that a backup needs. */
const SCOPES = 'files.content.write files.content.read files.metadata.read';

/**
 * Lets the person at the terminal allow the app to use a Dropbox, and shows there, and nowhere else, what to set in the
 * environment next time. Throws USER_ERROR where nobody can be asked.
 */
export async function authorize(
  client: HttpClient,
  hosts: Hosts,
  app: App,
  { ask, signal }: Pick<OpenOptions, 'ask' | 'signal'>,
): Promise<Account> {
  const verifier = app.secret === undefined ? randomBytes(48).toString('base64url') : undefined;
  const code = (await ask?.({ prompt: invitation(authorizeUrl(hosts, app, verifier)), isVisible: true }))?.trim() ?? '';
  if (code === '') throw nobody();
  const { token, refreshToken } = await redeemCode(client, hosts, { app, code, verifier }, signal);
  const line = `export DPBX_REFRESH_TOKEN='${refreshToken.reveal()}'`;
  await ask?.({
    prompt: `The app is authorized. To be asked no more, keep this in the environment:\n${line}\nPress Enter to go on: `,
    isVisible: true,
  });
  return { accessToken: token.secret, renewal: { app, refreshToken } };
}

/** The page where a person allows `app` what a backup needs, for as long as it is not taken back. */
function authorizeUrl(hosts: Hosts, app: App, verifier: string | undefined): string {
  const query = new URLSearchParams({
    client_id: app.key,
    response_type: 'code',
    token_access_type: 'offline',
    scope: SCOPES,
    ...(verifier === undefined ? {} : { code_challenge: challengeOf(verifier), code_challenge_method: 'S256' }),
  });
  return `https://${hosts.web}/oauth2/authorize?${query.toString()}`;
}

/** RFC 7636, 4.2. */
function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

function invitation(url: string): string {
  return `Open this address, allow the access and copy the code that is shown:\n${url}\nCode: `;
}

function nobody(): UsageError {
  return new UsageError('USER_ERROR', 'No token for Dropbox, and nobody at a terminal to authorize the app.', {
    exception: 'BackendException',
    hint: 'Set DPBX_REFRESH_TOKEN, or run once in a terminal (docs/backends/dpbx.md).',
  });
}
