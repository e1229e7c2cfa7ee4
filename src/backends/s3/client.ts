import type * as S3 from '@aws-sdk/client-s3';

import { httpAgents } from '../http/agents.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { optionalLibrary } from '../optional-library.ts';
import type { BackendUrl } from '../url.ts';
import { awsKeys, chainInputs, googleKeys, regionOf } from './credentials.ts';
import type { Place } from './place.ts';

/** The AWS SDK, without its remarks on the version of Node. */
export async function loadLibrary(scheme: string): Promise<typeof S3> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return optionalLibrary(scheme, '@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'));
}

/** A client for `place`; nothing has been sent yet. */
export async function connect(
  place: Place,
  { url, opening, library }: { readonly url: BackendUrl; readonly opening: OpenOptions; readonly library: typeof S3 },
): Promise<S3.S3Client> {
  const { env = {}, settings = {} } = opening;
  const isGoogle = url.scheme === 'gs';
  const keys = isGoogle ? googleKeys(env) : awsKeys(env);
  const region = settings.s3RegionName ?? (isGoogle ? 'auto' : regionOf(env));
  const timeout = timeoutMs(opening);
  const { http: httpAgent, https: httpsAgent } = httpAgents(opening);
  return new library.S3Client({
    // Trailing checksums, the SDK's default, end up inside the object on some compatible stores and are refused by others.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The layer above tries again, and tells of it.
    maxAttempts: 1,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    followRegionRedirects: true,
    forcePathStyle: place.pathStyle,
    requestHandler: { connectionTimeout: timeout, socketTimeout: timeout, httpAgent, httpsAgent },
    ...chainInputs(env),
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    region,
    ...(keys === undefined ? {} : { credentials: keys }),
  });
}

function ignore(): void {
  // The library's remarks concern programmers.
}
