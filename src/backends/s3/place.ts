import { isIP } from 'node:net';

import { UsageError } from '../../errors/errors.ts';
import { bucketPath } from '../url-path.ts';
import { redact, type BackendUrl } from '../url.ts';
import type { S3Settings } from './settings.ts';

/** One reading of an S3 URL. */
export interface Place {
  readonly bucket: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
  /** undefined: Amazon's, by region. */
  readonly endpoint: string | undefined;
  /** The bucket stands in the path of a request instead of the name of the host. */
  readonly pathStyle: boolean;
}

const GOOGLE = 'https://storage.googleapis.com';
/** Schemes of 0.8.22 whose first part is a host. In 3.0.1 and in `boto3+s3` it is the bucket. */
const LEGACY = new Set(['s3', 'boto+s3', 's3+http']);

/**
 * What `url` may mean, the likeliest first. `s3://bucket/prefix` (3.0.1) and `s3://host[:port]/bucket/prefix` (0.8.22)
 * look alike when the first part has a dot: then there are two, and whoever opens it takes the one whose bucket is there.
 * A port, an IP address, or a host of Amazon's is never a bucket. With `--s3-endpoint-url` the first part always is one.
 */
export function placesOf(url: BackendUrl, settings: Partial<S3Settings>): readonly [Place, ...Place[]] {
  const { bucket: first, prefix } = bucketPath(url);
  if (first === '') {
    throw new UsageError('USER_ERROR', `InvalidBackendURL: No bucket in: ${redact(url.original.reveal())}`, {
      exception: 'InvalidBackendURL',
      hint: `Write ${url.scheme}://bucket/prefix.`,
    });
  }
  const given = settings.s3EndpointUrl;
  const isPlain = settings.s3UnencryptedConnection === true || url.scheme === 's3+http';
  const endpoint = given ?? (url.scheme === 'gs' ? GOOGLE : isPlain ? 'http://s3.amazonaws.com' : undefined);
  const modern: Place = {
    bucket: first,
    prefix,
    endpoint: endpoint === undefined ? undefined : checkedEndpoint(endpoint, isPlain),
    pathStyle: endpoint !== undefined && needsPathStyle(endpoint),
  };
  const slash = prefix.indexOf('/');
  if (given !== undefined || !LEGACY.has(url.scheme) || slash <= 0 || !/[.:]/.test(first)) return [modern];
  const legacy: Place = {
    bucket: prefix.slice(0, slash),
    prefix: prefix.slice(slash + 1),
    endpoint: `${isPlain ? 'http' : 'https'}://${first}`,
    pathStyle: true,
  };
  const host = first.replace(/:\d*$/, '');
  const isHost = host !== first || isIP(host) !== 0 || /(^|\.)s3[.-][\w.-]*amazonaws\.com$/.test(host);
  return isHost ? [legacy] : [modern, legacy];
}

function checkedEndpoint(endpoint: string, isPlain: boolean): string {
  const whole = /^https?:\/\//i.test(endpoint) ? endpoint : `${isPlain ? 'http' : 'https'}://${endpoint}`;
  if (!URL.canParse(whole)) {
    throw new UsageError('USER_ERROR', `Not an address of a server: ${endpoint}`, {
      exception: 'InvalidBackendURL',
      hint: 'Write --s3-endpoint-url https://host:port.',
    });
  }
  return isPlain ? whole.replace(/^https:/i, 'http:') : whole;
}

/** An address has no names below it. */
function needsPathStyle(endpoint: string): boolean {
  const host = /^(?:https?:\/\/)?(?:\[([^\]]*)\]|([^:/]*))/i.exec(endpoint);
  return isIP(host?.[1] ?? host?.[2] ?? '') !== 0;
}
