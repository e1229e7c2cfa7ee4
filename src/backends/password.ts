import { Secret } from '../util/secret.ts';
import type { OpenOptions } from './open-options.ts';
import type { BackendUrl } from './url/url.ts';

/**
 * The password of the URL, else of `FTP_PASSWORD`, which serves every protocol as in the reference, else what is typed.
 * It is looked for when first needed and asked for once.
 */
export function passwordSource(url: BackendUrl, { env, askPassword }: OpenOptions): () => Promise<Secret | undefined> {
  let asked: Promise<Secret> | undefined;
  return async () => {
    if (url.password !== undefined) return url.password;
    const text = env?.['FTP_PASSWORD'];
    if (text !== undefined) return new Secret(text);
    if (askPassword === undefined) return undefined;
    asked ??= askPassword(`Password for '${url.user ?? ''}@${url.host ?? ''}': `);
    return asked;
  };
}

/** The password of the URL, else that of FTP_PASSWORD, which the reference heeds whatever the protocol. */
export function urlPassword(
  url: BackendUrl,
  env: Readonly<Record<string, string | undefined>> = {},
): Secret | undefined {
  const known = env['FTP_PASSWORD'];
  return url.password ?? (known === undefined ? undefined : new Secret(known));
}
