import { isIP } from 'node:net';

import { UsageError } from '../../errors/errors.ts';
import { bucketPath } from '../url/url-path.ts';
import { redact, type BackendUrl } from '../url/url.ts';
import type { S3Settings } from './settings.ts';

/** One reading of an S3 URL. */
export interface Place {
  readonly bucket: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
  /** undefined: Amazon's, by region. */
  readonly endpoint: string | undefined;
  /** Where the bucket may stand in a request, in the order in which it is tried. */
  readonly styles: readonly [Style, ...Style[]];
  /** That the server's name tells. */
  readonly region?: string;
}

/** `path`: `https://host/bucket/name`; `virtual`: `https://bucket.host/name`. */
export type Style = 'path' | 'virtual';

/** What environment and profile say. */
export interface Configured {
  readonly endpoint?: string | undefined;
  readonly style?: string | undefined;
}

const REGIONAL =
  /(?:^|\.)s3(?:-fips)?[.-](?:dualstack\.)?([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|scw\.cloud|wasabisys\.com|backblazeb2\.com|io\.cloud\.ovh\.(?:net|us))$/;

const GOOGLE = 'https://storage.googleapis.com';
/** Schemes of 0.8.22 whose first part is a host. In 3.0.1 and in `boto3+s3` it is the bucket. */
const LEGACY = new Set(['s3', 'boto+s3', 's3+http']);

/**
 * What `url` may mean, the likeliest first. `s3://bucket/prefix` (3.0.1) and `s3://host[:port]/bucket/prefix` (0.8.22)
 * look alike when the first part has a dot: then there are two, and whoever opens it takes the one whose bucket is there.
 * A port, an IP address, or a host of Amazon's is never a bucket. With `--s3-endpoint-url` the first part always is one.
 */
export function placesOf(
  url: BackendUrl,
  settings: Partial<S3Settings>,
  configured: Configured = {},
): readonly [Place, ...Place[]] {
  const { bucket: first, prefix } = bucketPath(url);
  if (first === '') {
    throw new UsageError('USER_ERROR', `InvalidBackendURL: No bucket in: ${redact(url.original.reveal())}`, {
      exception: 'InvalidBackendURL',
      hint: `Write ${url.scheme}://bucket/prefix.`,
    });
  }
  const isGoogle = url.scheme === 'gs';
  const given = settings.s3EndpointUrl;
  const named = given ?? (isGoogle ? undefined : configured.endpoint);
  const isPlain = settings.s3UnencryptedConnection === true || url.scheme === 's3+http';
  const endpoint = named ?? (isGoogle ? GOOGLE : isPlain ? 'http://s3.amazonaws.com' : undefined);
  const style = settings.s3AddressingStyle ?? configured.style;
  const modern = placeAt(endpoint === undefined ? undefined : checkedEndpoint(endpoint, isPlain), style);
  const slash = prefix.indexOf('/');
  if (given !== undefined || !LEGACY.has(url.scheme) || slash <= 0 || !/[.:]/.test(first)) {
    return [{ bucket: first, prefix, ...modern }];
  }
  const legacy: Place = {
    bucket: prefix.slice(0, slash),
    prefix: prefix.slice(slash + 1),
    ...placeAt(`${isPlain ? 'http' : 'https'}://${first}`, style ?? 'path'),
  };
  const host = first.replace(/:\d*$/, '');
  const isHost = host !== first || isIP(host) !== 0 || /(^|\.)s3[.-][\w.-]*amazonaws\.com$/.test(host);
  return isHost ? [legacy] : [{ bucket: first, prefix, ...modern }, legacy];
}

function placeAt(
  endpoint: string | undefined,
  style: string | undefined,
): Pick<Place, 'endpoint' | 'styles' | 'region'> {
  const host = hostOf(endpoint);
  const region = regionIn(host);
  return { endpoint, styles: stylesAt(endpoint, host, style), ...(region !== undefined && { region }) };
}

/**
 * Amazon, and what has no other server, by the name of the bucket. Servers of one's own seldom have such names, but
 * their domain may have a wildcard that leads them astray: the path first, as with boto3.
 */
function stylesAt(endpoint: string | undefined, host: string, style: string | undefined): Place['styles'] {
  if (style === 'path' || style === 'virtual') return [style];
  if (endpoint === undefined || isAmazon(host)) return ['virtual'];
  // An address has no names below it, and Google takes both.
  return isIP(host) !== 0 || endpoint === GOOGLE ? ['path'] : ['path', 'virtual'];
}

/** Without the brackets of an address. */
export function hostOf(endpoint: string | undefined): string {
  if (endpoint === undefined || !URL.canParse(endpoint)) return '';
  return new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
}

export function isAmazon(host: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(host);
}

/** Of hosts such as `s3.eu-central-1.amazonaws.com` and `bucket.s3.dualstack.eu-west-1.amazonaws.com`. */
function regionIn(host: string): string | undefined {
  const [, region] = REGIONAL.exec(host) ?? [];
  return region === 'accelerate' || region === 'external-1' ? undefined : region;
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
