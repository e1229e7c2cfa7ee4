import type * as S3 from '@aws-sdk/client-s3';

import { createHash } from 'node:crypto';
import { httpAgents } from '../http/agents.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { optionalLibrary } from '../optional-library.ts';
import type { BackendUrl } from '../url/url.ts';
import { awsKeys, chainInputs, googleKeys, regionOf } from './account/credentials.ts';
import type { Place, Style } from './place.ts';

/** As many timeouts as other drivers give a server that has a file to store. */
const PATIENCE = 10;

export function loadLibrary(scheme: string): Promise<typeof S3> {
  return optionalLibrary(scheme, '@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'));
}

export interface ConnectOptions {
  readonly url: BackendUrl;
  readonly opening: OpenOptions;
  readonly library: typeof S3;
}

/** The region to begin with: servers tell when it is another. */
export function firstRegion(place: Place, { url, opening: { env = {}, settings = {} } }: ConnectOptions): string {
  const usual = url.scheme === 'gs' ? 'auto' : (regionOf(env) ?? 'us-east-1');
  return settings.s3RegionName ?? place.region ?? usual;
}

/** A client for `endpoint`; nothing has been sent yet. */
export async function connect(
  {
    endpoint,
    style,
    region,
    isPatient = false,
  }: {
    readonly endpoint: string | undefined;
    readonly style: Style;
    readonly region: string;
    readonly isPatient?: boolean;
  },
  { url, opening, library }: ConnectOptions,
): Promise<S3.S3Client> {
  const { env = {} } = opening;
  const keys = url.scheme === 'gs' ? googleKeys(env) : awsKeys(env);
  const timeout = timeoutMs(opening);
  const { http: httpAgent, https: httpsAgent } = httpAgents(opening);
  const client = new library.S3Client({
    // Trailing checksums, the SDK's default, end up inside the object on some compatible stores and are refused by others.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The layer above tries again, and tells of it.
    maxAttempts: 1,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    // Each request would be sent twice, and the content of a put is there once.
    followRegionRedirects: false,
    forcePathStyle: style === 'path',
    requestHandler: {
      connectionTimeout: timeout,
      socketTimeout: isPatient ? timeout * PATIENCE : timeout,
      httpAgent,
      httpsAgent,
    },
    ...chainInputs(env),
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    ...(keys === undefined ? {} : { credentials: keys }),
  });
  client.middlewareStack.add(withContentMd5, { step: 'build', name: 'contentMd5' });
  return client;
}

interface Request {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/**
 * Buckets with Object Lock take nothing without a digest. This one is known to the oldest servers, unlike the checksums in
 * headers of their own. What is not in memory brings its digest along.
 */
function withContentMd5<A extends { readonly request: unknown }, R>(next: (args: A) => R): (args: A) => R {
  return (args) => {
    const { method, headers, body } = args.request as Request;
    if (method === 'PUT' && body instanceof Uint8Array && headers['content-md5'] === undefined) {
      headers['content-md5'] = createHash('md5').update(body).digest('base64');
    }
    return next(args);
  };
}

function ignore(): void {
  // The library's remarks concern programmers.
}
