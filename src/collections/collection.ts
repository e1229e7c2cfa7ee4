import type { EpochSeconds } from '../util/time.ts';
import { assembleChains, type BackupChain, discardLast, setsOf } from './chains.ts';
import { type ListedFile, type Naming, readListing, setKey } from './listing.ts';
import { restorableSets } from './restorable.ts';
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
  /** Chains whose full is dated after now: their clock was wrong. Empty when it is the clock of now that is doubted. */
  readonly ahead: readonly BackupChain[];
  /** What the clock says; after all times when nobody asked it. */
  readonly now: EpochSeconds;
  /** Everything finished is dated after now: it must be the clock of now that is wrong, and nothing counts as ahead. */
  readonly isClockDoubted: boolean;
  /** Complete increments without a chain. */
  readonly orphaned: readonly BackupSet[];
  /** Sets without manifest; a discarded set (see `BackupChain`) last. */
  readonly incomplete: readonly BackupSet[];
  /** By end time; a local chain after the remote one that ends with it. */
  readonly signatureChains: readonly SignatureChain[];
  readonly orphanedSignatures: { readonly local: readonly string[]; readonly remote: readonly string[] };
  /** The newest chain and the signatures an increment on it is compared with, when there are such. */
  readonly active: ActiveChain | undefined;
  /** The set to resume or to give up: the unfinished one of the newest full's chain, else one dated after now. */
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
  /** Without it no set is dated after now. */
  readonly now?: EpochSeconds;
}

/** Clocks of two machines differ by so much without being wrong. */
const SKEW = 60;

/**
 * Classifies any two listings; whatever is not ours is ignored, nothing is an error, and the order of the listings does
 * not matter.
 */
export function buildCollection(listings: Listings): Collection {
  const remote = readListing(listings.remote, listings.naming);
  const local = readListing(listings.local, listings.naming);
  const { unusable = new Set(), now = Infinity } = listings;
  const { sets, staleParts, strayStatistics } = collectSets(remote, local, unusable);
  const sound = remote.filter(({ name }) => !unusable.has(name));
  const signed = new Set([...sound, ...local].filter(({ kind }) => kind === 'signatures').map(setKey));
  const isSigned = (set: BackupSet): boolean => signed.has(setKey(set));
  const apart = assembleChains(sets, { isSigned, isAhead: (set) => isAhead({ now }, set) });
  const isClockDoubted = !apart.chains.some(isRestorable) && apart.ahead.some(isRestorable);
  const { chains, ahead, orphaned, incomplete } = isClockDoubted
    ? assembleChains(sets, { isSigned, isAhead: () => false })
    : apart;
  const all = [...chains, ...ahead];
  const signatures = assembleSignatureChains(sound, local, {
    stale: staleParts,
    linked: new Set(all.flatMap((chain) => chain.sets.map(setKey))),
    beside: new Map(all.flatMap(({ beside, start }) => beside.map((set) => [setKey(set), start]))),
  });
  const active = matchPair(chains.at(-1), signatures.chains);
  const discarded = active?.chain.discarded;
  const matched = active === undefined ? chains : [...chains.slice(0, -1), active.chain];
  return {
    remote,
    local,
    unusable: remote.filter(({ name }) => unusable.has(name)),
    chains: matched,
    ahead,
    now,
    isClockDoubted,
    orphaned,
    incomplete: discarded === undefined ? incomplete : [...incomplete, discarded],
    signatureChains: signatures.chains,
    orphanedSignatures: signatures.orphaned,
    active,
    partial: partialSet(chains) ?? ahead.map((chain) => unfinishedOf(chain)).findLast((set) => set !== undefined),
    staleParts,
    strayStatistics,
  };
}

/** Dated after now, and by more than two clocks differ. */
export function isAhead({ now }: Pick<Collection, 'now'>, { start, end }: Pick<BackupSet, 'start' | 'end'>): boolean {
  return Math.max(start, end) > now + SKEW;
}

/** Every set, each once. */
export function allSets({ chains, ahead, orphaned, incomplete }: Collection): readonly BackupSet[] {
  return [...new Set([...[...chains, ...ahead].flatMap(setsOf), ...orphaned, ...incomplete])];
}

/** When the newest finished full was made. */
export function lastFullTime({ chains }: Collection): EpochSeconds | undefined {
  return newestFull(chains.filter(({ full }) => !full.isPartial))?.start;
}

function isRestorable(chain: BackupChain): boolean {
  return restorableSets(chain).length > 0;
}

/**
 * The newest chain with the signatures of its sets, else with those of all but the newest, which is discarded then. One
 * lost file at the end costs no full backup that way. Nor do signatures of a set that never got its manifest (the
 * reference demands that the chains end together): what goes beyond the chain is left away.
 */
function matchPair(
  chain: BackupChain | undefined,
  signatureChains: readonly SignatureChain[],
): ActiveChain | undefined {
  if (chain === undefined) return undefined;
  let best: ActiveChain | undefined;
  let most = Math.max(1, chain.sets.length - 1);
  for (const signatures of signatureChains) {
    const fitting = fittingFiles(chain, signatures);
    // Local ones come last and are preferred.
    if (fitting < most) continue;
    most = fitting;
    best = {
      chain: fitting === chain.sets.length ? chain : discardLast(chain),
      signatures: cutTo(signatures, fitting),
    };
  }
  return best;
}

/** How many of the chain's sets, from the full on, have their signatures there. */
function fittingFiles({ sets }: BackupChain, { files }: SignatureChain): number {
  let count = 0;
  for (const set of sets) {
    const file = files[count];
    if (file === undefined || setKey(file) !== setKey(set)) break;
    count++;
  }
  return count;
}

function cutTo(signatures: SignatureChain, count: number): SignatureChain {
  if (count === signatures.files.length) return signatures;
  const files = signatures.files.slice(0, count);
  return { ...signatures, files, end: files.at(-1)?.end ?? signatures.start };
}

function partialSet(chains: readonly BackupChain[]): BackupSet | undefined {
  const newest = newestFull(chains);
  return newest && unfinishedOf(newest);
}

function unfinishedOf(chain: BackupChain): BackupSet | undefined {
  const last = chain.sets.at(-1);
  return last?.isPartial === true ? last : chain.beside.findLast(({ isPartial }) => isPartial);
}

function newestFull(chains: readonly BackupChain[]): BackupChain | undefined {
  let newest: BackupChain | undefined;
  for (const chain of chains) if (newest === undefined || chain.start >= newest.start) newest = chain;
  return newest;
}
