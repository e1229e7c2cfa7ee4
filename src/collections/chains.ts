import type { EpochSeconds } from '../util/time.ts';
import { byTime } from './listing.ts';
import { SetTree } from './paths.ts';
import type { BackupSet } from './sets.ts';

/** A full backup and its increments. */
export interface BackupChain {
  readonly full: BackupSet;
  /** In order; each starts where the one before ends. */
  readonly incs: readonly BackupSet[];
  /** The full and the increments. */
  readonly sets: readonly BackupSet[];
  /**
   * Other increments of this full, by time: of two that start together only one can be in the chain. The finished ones
   * can be restored, each by its own time. Those dated after now are here as well.
   */
  readonly beside: readonly BackupSet[];
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
  /** Those whose full is dated after now. */
  readonly ahead: readonly BackupChain[];
  /** Complete increments without a chain to join, or whose time another way leads to. */
  readonly orphaned: readonly BackupSet[];
  /** Sets without manifest. */
  readonly incomplete: readonly BackupSet[];
}

interface ChainRules {
  /** Dated after now: never the end of a chain of others. */
  readonly isAhead: (set: BackupSet) => boolean;
  readonly isSigned: (set: BackupSet) => boolean;
}

/** Links sets into chains. Takes any mixture of sets. Rules: docs/format/collections.md, vectors/collections.jsonl. */
export function assembleChains(sets: readonly BackupSet[], { isAhead, isSigned }: ChainRules): ChainListing {
  const trees: SetTree[] = [];
  const orphaned: BackupSet[] = [];
  const unfinished: BackupSet[] = [];
  const complete = sets.filter(({ isComplete }) => isComplete).sort(byTime);
  for (const set of complete) {
    if (set.type === 'full') trees.push(new SetTree(set, isSigned));
    else if (set.isPartial) unfinished.push(set);
    else if (!trees.some((tree) => tree.add(set))) orphaned.push(set);
  }
  const chains = trees.map((tree) => {
    const own = unfinished.filter((set) => tree.reaches(set.start));
    for (const set of own) unfinished.splice(unfinished.indexOf(set), 1);
    const { spare, ...chain } = finish(tree, own, isAhead(tree.full) ? () => false : isAhead);
    for (const set of spare) orphaned.push(set);
    return chain;
  });
  return {
    chains: chains.filter(({ full }) => !isAhead(full)).sort(byTime),
    ahead: chains.filter(({ full }) => isAhead(full)).sort(byTime),
    orphaned: [...orphaned, ...unfinished].sort(byTime),
    incomplete: sets.filter(({ isComplete }) => !isComplete).sort(byTime),
  };
}

/** The chain without its newest increment, which stays known as discarded. */
export function discardLast(chain: BackupChain): BackupChain {
  const discarded = chain.incs.at(-1);
  if (discarded === undefined) return chain;
  return { ...chain, incs: chain.incs.slice(0, -1), sets: chain.sets.slice(0, -1), discarded };
}

/** The way from the full to a set of its chain; empty when there is none. */
export function wayTo(chain: BackupChain, wanted: BackupSet): readonly BackupSet[] {
  const place = chain.sets.indexOf(wanted);
  if (place >= 0) return chain.sets.slice(0, place + 1);
  if (wanted === chain.discarded) return [...chain.sets, wanted];
  const tree = new SetTree(chain.full);
  const incs = [...chain.incs, ...(chain.discarded === undefined ? [] : [chain.discarded]), ...chain.beside];
  for (const set of incs.filter(({ isPartial }) => !isPartial).sort(byTime)) tree.add(set);
  const way = tree.longest((set) => set === wanted);
  return way.at(-1) === wanted ? way : [];
}

/** All sets of a chain, by time within each kind. */
export function setsOf({ sets, discarded, beside }: BackupChain): readonly BackupSet[] {
  return discarded === undefined ? [...sets, ...beside] : [...sets, discarded, ...beside];
}

function finish(
  tree: SetTree,
  unfinished: readonly BackupSet[],
  isAhead: (set: BackupSet) => boolean,
): BackupChain & { readonly spare: readonly BackupSet[] } {
  const { full } = tree;
  const way = tree.longest((set) => !isAhead(set));
  const tip = way.at(-1)?.end ?? full.end;
  // An unfinished set is the end of the chain while it fits there; else it is known, so that it can be given up.
  const last = unfinished.findLast((set) => set.start === tip && !isAhead(set));
  const sets = last === undefined ? way : [...way, last];
  const { needed, spare } = tree.sort();
  const used = new Set(sets);
  return {
    full,
    incs: sets.slice(1),
    sets,
    beside: [...needed, ...unfinished].filter((set) => !used.has(set)).sort(byTime),
    discarded: undefined,
    start: full.end,
    end: last?.end ?? tip,
    spare,
  };
}
