import type { EpochSeconds } from '../util/time.ts';
import { assembleChains, type BackupChain, discardLast } from './chains.ts';
import { type ListedFile, type Naming, readListing, setKey } from './listing.ts';
import { type BackupSet, collectSets } from './sets.ts';
import { assembleSignatureChains, type SignatureChain } from './signature-chains.ts';

/** Everything that names tell about one archive. */
export interface Collection {
  /** The names that are ours, of the remote and of the archive dir. */
  readonly remote: readonly ListedFile[];
  readonly local: readonly ListedFile[];
  /** Of the remote, what is there by name only: empty, cut off or damaged. It counts as not there. */
  readonly unusable: readonly ListedFile[];
  /** By end time. */
  readonly chains: readonly BackupChain[];
  /** Complete increments without a chain. */
  readonly orphaned: readonly BackupSet[];
  /** Sets without manifest; a discarded set (see `BackupChain`) last. */
  readonly incomplete: readonly BackupSet[];
  /** By end time; a local chain after the remote one that ends with it. */
  readonly signatureChains: readonly SignatureChain[];
  readonly orphanedSignatures: { readonly local: readonly string[]; readonly remote: readonly string[] };
  /** The newest chain and the signatures an increment on it is compared with, when there are such. */
  readonly active: ActiveChain | undefined;
  /** The set to resume or to give up: newest set of the newest full's chain, if that is partial. */
  readonly partial: BackupSet | undefined;
  /** Unfinished local files that nothing can resume from. */
  readonly staleParts: readonly string[];
  /** Remote jsonstat files whose set is gone. */
  readonly strayStatistics: readonly string[];
}

export interface ActiveChain {
  readonly chain: BackupChain;
  readonly signatures: SignatureChain;
}

interface Listings {
  /** File names on the remote. */
  readonly remote: Iterable<string>;
  /** File names in the archive dir. */
  readonly local: Iterable<string>;
  readonly naming?: Naming;
  /** Names on the remote that count as not there. */
  readonly unusable?: ReadonlySet<string>;
}

/**
 * Classifies any two listings; whatever is not ours is ignored, nothing is an error, and the order of the listings does
 * not matter.
 */
export function buildCollection(listings: Listings): Collection {
  const remote = readListing(listings.remote, listings.naming);
  const local = readListing(listings.local, listings.naming);
  const { unusable = new Set() } = listings;
  const { sets, staleParts, strayStatistics } = collectSets(remote, local, unusable);
  const sound = remote.filter(({ name }) => !unusable.has(name));
  const { chains, orphaned, incomplete } = assembleChains(sets);
  const complete = new Set(sets.filter(({ isComplete }) => isComplete).map(setKey));
  const signatures = assembleSignatureChains(sound, local, { stale: staleParts, complete });
  const active = matchPair(chains.at(-1), signatures.chains);
  const discarded = active?.chain.discarded;
  const matched = active === undefined ? chains : [...chains.slice(0, -1), active.chain];
  return {
    remote,
    local,
    unusable: remote.filter(({ name }) => unusable.has(name)),
    chains: matched,
    orphaned,
    incomplete: discarded === undefined ? incomplete : [...incomplete, discarded],
    signatureChains: signatures.chains,
    orphanedSignatures: signatures.orphaned,
    active,
    partial: partialSet(chains),
    staleParts,
    strayStatistics,
  };
}

/** When the newest full was begun, a partial one included. */
export function lastFullTime(collection: Collection): EpochSeconds | undefined {
  return newestFull(collection.chains)?.start;
}

/**
 * The newest chain with the signatures of its newest set, else with those of the set before, the newest then being
 * discarded. One lost file at the end costs no full backup that way. Nor do signatures of a set that never got its
 * manifest (the reference demands that the chains end together): what goes beyond the chain is left away.
 */
function matchPair(
  chain: BackupChain | undefined,
  signatureChains: readonly SignatureChain[],
): ActiveChain | undefined {
  if (chain === undefined) return undefined;
  // The reference compares only the ends. Signatures of another full that ended in the same second are not this chain's.
  const own = signatureChains.filter(({ start }) => start === chain.start).toReversed();
  const before = chain.sets.at(-2)?.end;
  for (const signatures of own) {
    if (signatures.end === chain.end) return { chain, signatures };
    if (signatures.end === before) return { chain: discardLast(chain), signatures };
  }
  for (const signatures of own) {
    const last = signatures.files.findIndex(({ end }) => end === chain.end);
    if (last >= 0) {
      return { chain, signatures: { ...signatures, files: signatures.files.slice(0, last + 1), end: chain.end } };
    }
  }
  return undefined;
}

function partialSet(chains: readonly BackupChain[]): BackupSet | undefined {
  const last = newestFull(chains)?.sets.at(-1);
  return last?.isPartial === true ? last : undefined;
}

function newestFull(chains: readonly BackupChain[]): BackupChain | undefined {
  let newest: BackupChain | undefined;
  for (const chain of chains) if (newest === undefined || chain.start >= newest.start) newest = chain;
  return newest;
}
