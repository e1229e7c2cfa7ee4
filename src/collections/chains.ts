import type { EpochSeconds } from '../util/time.ts';
import { byTime } from './listing.ts';
import type { BackupSet } from './sets.ts';

/** A full backup and its increments. */
export interface BackupChain {
  readonly full: BackupSet;
  /** In order; each starts where the one before ends. */
  readonly incs: readonly BackupSet[];
  /** The full and the increments. */
  readonly sets: readonly BackupSet[];
  /** Increments that gave way to a later one on the same parent. No longer part of the chain, but files of it. */
  readonly replaced: readonly BackupSet[];
  /**
   * The newest increment when no signatures exist for it: backups build on the one before. It can be restored.
   */
  readonly discarded: BackupSet | undefined;
  readonly start: EpochSeconds;
  /** End of the newest set, also of a discarded one. */
  readonly end: EpochSeconds;
}

export interface ChainListing {
  /** By end time, then start time. */
  readonly chains: readonly BackupChain[];
  /** Complete increments without a chain to join. */
  readonly orphaned: readonly BackupSet[];
  /** Sets without manifest. */
  readonly incomplete: readonly BackupSet[];
}

interface Draft {
  readonly full: BackupSet;
  readonly incs: BackupSet[];
  readonly replaced: BackupSet[];
  end: EpochSeconds;
}

/** Links sets into chains. Takes any mixture of sets. Rules: docs/format/collections.md, vectors/collections.jsonl. */
export function assembleChains(sets: readonly BackupSet[]): ChainListing {
  const drafts: Draft[] = [];
  const orphaned: BackupSet[] = [];
  const complete = sets.filter(({ isComplete }) => isComplete).sort(byTime);
  for (const set of complete) {
    if (set.type === 'full') drafts.push({ full: set, incs: [], replaced: [], end: set.end });
    else if (!drafts.some((draft) => joins(draft, set))) orphaned.push(set);
  }
  return {
    chains: drafts.map(finish).sort(byTime),
    orphaned,
    incomplete: sets.filter(({ isComplete }) => !isComplete).sort(byTime),
  };
}

/** The chain without its newest increment, which stays known as discarded. */
export function discardLast(chain: BackupChain): BackupChain {
  const discarded = chain.incs.at(-1);
  if (discarded === undefined) return chain;
  return { ...chain, incs: chain.incs.slice(0, -1), sets: chain.sets.slice(0, -1), discarded };
}

/** Adds `set` to the chain if it continues it or replaces its newest increment. */
function joins(draft: Draft, set: BackupSet): boolean {
  const last = draft.incs.at(-1);
  if (set.start !== draft.end) {
    // An increment whose parent's signatures were lost builds on the grandparent; the parent is given up then.
    if (last === undefined || set.start !== last.start || set.end <= last.end) return false;
    draft.replaced.push(last);
    draft.incs.pop();
  }
  draft.incs.push(set);
  draft.end = set.end;
  return true;
}

function finish({ full, incs, replaced, end }: Draft): BackupChain {
  return { full, incs, sets: [full, ...incs], replaced, discarded: undefined, start: full.end, end };
}
