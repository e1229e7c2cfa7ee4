import { decode, type BackendUrl } from '../url/url.ts';

/**
 * `/dir` of `dpbx:///dir`; '' is the root, which the protocol wants written so. Escapes are decoded twice, as in 0.8.22,
 * where `a%2541` is `aA`: existing backups must be found.
 */
export function folderOf(url: BackendUrl): string {
  return decode(url.path)
    .split('/')
    .filter((part) => part !== '')
    .map((part) => `/${part}`)
    .join('');
}
