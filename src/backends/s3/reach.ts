import type * as S3 from '@aws-sdk/client-s3';

import { networkFailure } from '../failures/network-failure.ts';
import { connect, firstRegion, type ConnectOptions } from './client.ts';
import { concernsStyle, isNoBucketOfOurs, isUnknownRequest, NoListing, regionTold, s3Failure } from './failure.ts';
import { hostOf, isAmazon, type Place, type Style } from './place.ts';

/** A bucket that answers, and the client that reaches it. */
export interface Bucket {
  readonly client: S3.S3Client;
  /** Another client, for what takes the server long. */
  readonly patient: () => Promise<S3.S3Client>;
  readonly place: Place;
  /** The listing that the server knows. */
  readonly version: Version;
}

export type Version = 'first' | 'second';

/** The first reading of the URL whose bucket is there. When none is, the failure of the likelier one counts. */
export async function reach([place, other]: readonly [Place, ...Place[]], options: ConnectOptions): Promise<Bucket> {
  const { signal } = options.opening;
  try {
    return await reachAt(place, options);
  } catch (error) {
    signal.throwIfAborted();
    // Where Amazon cannot be reached, the host of one's own may be.
    if (other !== undefined && (isNoBucketOfOurs(error) || networkFailure(error) !== undefined)) {
      const found = await reachAt(other, options).catch((failure: unknown) => {
        signal.throwIfAborted();
        if (networkFailure(failure) === undefined) throw s3Failure(reaching(other), failure, 'NoSuchBucket');
      });
      if (found !== undefined) return found;
    }
    throw s3Failure(reaching(place), error, 'NoSuchBucket');
  }
}

function reaching({ bucket, endpoint }: Place): string {
  return `open the bucket ${bucket}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}

/** In the first style that the server takes. What the likelier one met counts, unless it says to take the other. */
async function reachAt(place: Place, options: ConnectOptions): Promise<Bucket> {
  const region = firstRegion(place, options);
  const [first, second] = place.styles;
  try {
    return await reachIn(first, region, { place, options });
  } catch (error) {
    options.opening.signal.throwIfAborted();
    const concern = concernsStyle(error);
    if (second === undefined || concern === undefined) throw error;
    return await reachIn(second, region, { place, options }).catch((failure: unknown) => {
      options.opening.signal.throwIfAborted();
      throw concern === 'surely' ? failure : error;
    });
  }
}

/**
 * Asks for the beginning of the listing: a key may be good for its prefix only, and unlike an answer to HEAD this one has
 * words. In the region that the server tells, if it is another.
 */
async function reachIn(
  style: Style,
  region: string,
  {
    place,
    options,
    isMoved = false,
  }: { readonly place: Place; readonly options: ConnectOptions; readonly isMoved?: boolean },
): Promise<Bucket> {
  const { opening } = options;
  const reached = { endpoint: place.endpoint, style, region };
  const client = await connect(reached, options);
  const patient = () => connect({ ...reached, isPatient: true }, options);
  try {
    return { client, patient, place, version: await versionAt(client, place, options) };
  } catch (error) {
    client.destroy();
    const told = regionTold(error);
    if (isMoved || told === undefined || told === region) throw error;
    opening.emit?.({ kind: 'info', text: `The bucket ${place.bucket} is in the region ${told}: that is used.` });
    return reachIn(style, told, { place: inRegion(place, told), options, isMoved: true });
  }
}

/** Asks by the second version, and by the first where the server says that it does not know the second. */
async function versionAt(client: S3.S3Client, place: Place, { opening, library }: ConnectOptions): Promise<Version> {
  const input = { Bucket: place.bucket, Prefix: place.prefix, MaxKeys: 1 };
  const sent = { abortSignal: opening.signal };
  let version: Version = 'second';
  const page = await client.send(new library.ListObjectsV2Command(input), sent).catch((error: unknown) => {
    if (!isUnknownRequest(error)) throw error;
    version = 'first';
    return client.send(new library.ListObjectsCommand(input), sent);
  });
  if (!isListing(page)) throw new NoListing();
  return version;
}

/** Amazon has a host for each region, other servers have one. */
function inRegion(place: Place, region: string): Place {
  const [, protocol] = /^(https?:)/i.exec(place.endpoint ?? '') ?? [];
  const host = hostOf(place.endpoint);
  if (protocol === undefined || !isAmazon(host)) return place;
  return { ...place, endpoint: `${protocol}//s3.${region}.amazonaws.com${host.endsWith('.cn') ? '.cn' : ''}` };
}

/** Something between us and the store may answer in its place, and well. */
export function isListing(page: S3.ListObjectsV2CommandOutput): boolean {
  return page.Contents !== undefined || page.IsTruncated !== undefined;
}
