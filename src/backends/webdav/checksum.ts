import type { IncomingHttpHeaders } from 'node:http';
import type { Checksum } from '../backend.ts';
import { checksumOf, checksumOf64 } from '../transfer/checksum.ts';

/** `OC-Checksum: SHA1:… MD5:…`, as ownCloud and its like have it, or `Content-MD5`, as Apache makes it when it is told to. */
export function checksumIn(headers: IncomingHttpHeaders): Checksum | undefined {
  const told = [headers['oc-checksum'] ?? ''].flat().join(' ');
  for (const algorithm of ['sha1', 'md5'] as const) {
    const hex = new RegExp(`(?:^|[ ,])${algorithm}:(\\w+)`, 'i').exec(told)?.[1];
    const found = checksumOf(algorithm, hex);
    if (found !== undefined) return found;
  }
  return checksumOf64('md5', headers['content-md5']);
}
