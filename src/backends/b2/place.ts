import { UsageError } from '../../errors/errors.ts';
import { redact, type BackendUrl } from '../url/url.ts';

export interface Place {
  /** Id of the application key, or of the account. */
  readonly keyId: string;
  readonly bucket: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
}

/**
 * `b2://KEYID[:KEY]@bucket[/folder]`. Every `@` in the folder separates like a slash: the reference finds its files so.
 * Throws USER_ERROR where a part is missing.
 */
export function placeOf(url: BackendUrl): Place {
  const [authority = '', ...folders] = url.path.replace(/^\/+/, '').split('/');
  const parts = [authority.slice(authority.lastIndexOf('@') + 1), ...folders.flatMap((part) => part.split('@'))];
  const [bucket, ...rest] = parts.filter((part) => part !== '');
  if (url.user === undefined || bucket === undefined) {
    const missing = url.user === undefined ? 'id of an application key' : 'bucket';
    throw new UsageError('USER_ERROR', `InvalidBackendURL: No ${missing} in: ${redact(url.original.reveal())}`, {
      exception: 'InvalidBackendURL',
      hint: 'Write b2://KEYID@bucket/folder and set the key in FTP_PASSWORD; in a URL, slashes of a key are written %2F.',
    });
  }
  return { keyId: url.user, bucket, prefix: rest.map((part) => `${part}/`).join('') };
}

/** A name in an address or a header: UTF-8, escaped, with the slashes as they are. */
export function escapeName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}
