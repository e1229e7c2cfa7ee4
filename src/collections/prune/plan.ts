import type { EpochSeconds } from '../../util/time.ts';
import { type BackupChain, setsOf, wayTo } from '../chains.ts';
import type { Collection } from '../collection.ts';
import { byTime } from '../listing.ts';
import { restorableBeside } from '../restorable.ts';
import type { BackupSet } from '../sets.ts';
import { type Held, heldSets, type Line, linesOf } from './candidates.ts';
import { expiries } from './expiry.ts';
import { type Policy, type Reason, reasonsFor } from './policy.ts';

/** What is to become of a set. */
export type Fate =
  /** Rules take it. */
  | { readonly kind: 'wanted'; readonly reasons: readonly Reason[] }
  /** No rule takes it, but the set of this time, the next one that stays, builds on it. */
  | { readonly kind: 'needed'; readonly by: EpochSeconds }
  | { readonly kind: 'held'; readonly why: Held }
  | { readonly kind: 'removed' };

export interface PlannedSet {
  readonly set: BackupSet;
  readonly fate: Fate;
  /** When a set that stays would go, if backups go on as they have lately. undefined: not in sight. */
  readonly until: EpochSeconds | undefined;
}

export interface PrunePlan {
  /** All that are there, by time. */
  readonly sets: readonly PlannedSet[];
  /** Those that go, in order of deletion: of each chain the newest first, so that none is left without its base. */
  readonly removed: readonly BackupSet[];
  /**
   * Neighbouring increments that nobody wants apart: all but the last of each run stay only because that builds on them.
   * Merged into one, they would leave the states of the others out and nothing else.
   */
  readonly mergeable: readonly (readonly BackupSet[])[];
}

/** Which sets go under a policy, and why the others stay. Names decide: no key is needed. */
export function planPrune(collection: Collection, policy: Policy): PrunePlan {
  const lines = linesOf(collection);
  const fates = new Map<BackupSet, Fate>();
  for (const [set, why] of heldSets(collection)) fates.set(set, { kind: 'held', why });
  for (const { sets } of lines) {
    const reasons = reasonsFor(
      policy,
      sets.map(({ end }) => end),
    );
    for (const [i, set] of sets.entries()) {
      const own = reasons[i] ?? [];
      fates.set(set, own.length > 0 ? { kind: 'wanted', reasons: own } : { kind: 'removed' });
    }
  }
  const chains = [...collection.chains, ...collection.ahead];
  for (const chain of chains) keepBases(chain, fates);
  removeTwins(collection, fates);
  const until = expiries(lines, policy, collection.now, (set) => fates.get(set)?.kind === 'held');
  const sets = [...fates.keys()].sort(byTime);
  return {
    sets: sets.map((set) => ({ set, fate: fateOf(set), until: isRemoved(set) ? undefined : until.get(set) })),
    removed: inOrder(chains, sets, isRemoved),
    mergeable: lines.flatMap((line) => mergeable(line, fateOf)),
  };

  function fateOf(set: BackupSet): Fate {
    return fates.get(set) ?? { kind: 'removed' };
  }
  function isRemoved(set: BackupSet): boolean {
    return fateOf(set).kind === 'removed';
  }
}

/**
 * What a set that stays builds on stays, too; the nearest of those sets is told. A chain that has sets beside it stays as
 * it is: one of them would take the place of what goes, and perhaps be restored as the newest state.
 */
function keepBases(chain: BackupChain, fates: Map<BackupSet, Fate>): void {
  const staying = setsOf(chain).filter((set) => fates.get(set)?.kind !== 'removed');
  for (const set of staying.sort(byTime)) {
    for (const base of basesOf(chain, set)) {
      if (fates.get(base)?.kind === 'removed') fates.set(base, { kind: 'needed', by: set.end });
    }
  }
  if (restorableBeside(chain).length === 0) return;
  for (const set of chain.sets) {
    if (fates.get(set)?.kind === 'removed') fates.set(set, { kind: 'held', why: 'beside' });
  }
}

function basesOf(chain: BackupChain, set: BackupSet): readonly BackupSet[] {
  const way = wayTo(chain, set);
  if (way.length > 0) return way.slice(0, -1);
  // An unfinished one: the way to whatever it begins at.
  const base = setsOf(chain).find(({ end, isPartial }) => end === set.start && !isPartial);
  return base === undefined ? [] : wayTo(chain, base);
}

/** A set beside two that lead to the same time tells what they tell, and goes with them. */
function removeTwins({ chains, orphaned }: Collection, fates: Map<BackupSet, Fate>): void {
  for (const set of orphaned) {
    const chain = chains.find(({ sets }) => sets.some(({ end }) => end === set.start));
    const twin = chain?.sets.find(({ end }) => end === set.end);
    if (twin !== undefined && fates.get(twin)?.kind === 'removed') fates.set(set, { kind: 'removed' });
  }
}

/** Chain by chain, the oldest first; of each the newest set first. */
function inOrder(
  chains: readonly BackupChain[],
  sets: readonly BackupSet[],
  isRemoved: (set: BackupSet) => boolean,
): readonly BackupSet[] {
  const ofChains = chains
    .toSorted((a, b) => a.start - b.start)
    .flatMap((chain) => setsOf(chain).filter(isRemoved).sort(byTime).toReversed());
  const linked = new Set(ofChains);
  return [...sets.filter((set) => isRemoved(set) && !linked.has(set)).toReversed(), ...ofChains];
}

function mergeable({ chains }: Line, fateOf: (set: BackupSet) => Fate): readonly (readonly BackupSet[])[] {
  const runs: BackupSet[][] = [];
  for (const { incs } of chains) {
    let run: BackupSet[] = [];
    for (const set of incs) {
      run.push(set);
      const { kind } = fateOf(set);
      if (kind === 'needed') continue;
      if (kind === 'wanted' && run.length > 1) runs.push(run);
      run = [];
    }
  }
  return runs;
}
