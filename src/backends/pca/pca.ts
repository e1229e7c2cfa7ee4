import type { Backend } from '../backend.ts';
import { accountOf } from '../swift/account.ts';
import { openContainer, type SwiftOpenOptions } from '../swift/swift.ts';
import type { BackendUrl } from '../url/url.ts';
import { thawing } from './thaw.ts';

/** Containers of the cold archive have this storage policy. */
const POLICY = 'PCA';

/**
 * The scheme `pca`, the Public Cloud Archive of OVH: Swift with one policy and without segments. An object that is sealed
 * is unsealed by asking for it and can be read after the time that the answer names.
 */
export async function open(url: BackendUrl, options: SwiftOpenOptions): Promise<Backend> {
  const { env = {} } = options;
  const inner = await openContainer(url, {
    account: accountOf(env, 'PCA', 2),
    policy: POLICY,
    segmentSize: Number.POSITIVE_INFINITY,
    opening: options,
  });
  return thawing(inner);
}
