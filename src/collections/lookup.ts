import type { EpochSeconds } from '../util/time.ts';
import { type BackupChain, wayTo } from './chains.ts';
import { isAhead, type Collection } from './collection.ts';
import { setKey } from './listing.ts';
import { restorableBeside, restorableSets } from './restorable.ts';
import type { BackupSet } from './sets.ts';
import type { SignatureChain, SignatureFile } from './signature-chains.ts';

/** What a listing of a past state reads. */
export interface SignaturesAt {
  readonly place: SignatureChain['place'];
  /** Oldest first. */
  readonly files: readonly SignatureFile[];
  /** The state that they tell. */
  readonly end: EpochSeconds;
  /** The state that would be restored, which is newer when its signatures are lost. */
  readonly wanted: EpochSeconds;
}

/** A state that can be restored. */
interface State {
  readonly chain: BackupChain;
  readonly set: BackupSet;
}

/** The chain that holds the state at `time`, see `setsFor`. undefined: there is nothing to restore. */
export function chainFor(collection: Collection, time: EpochSeconds): BackupChain | undefined {
  return statesAt(collection, time)[0]?.chain;
}

/**
 * The full and the increments, in order, that give the state at `time`: that of the newest set which is not later. What
 * lies beside a chain counts until the chain has got further, and what is dated after now not at all, unless `time` is
 * its very own. Before everything the oldest full stands in.
 */
export function setsFor(collection: Collection, time: EpochSeconds): readonly BackupSet[] {
  const state = statesAt(collection, time)[0];
  return state === undefined ? [] : wayTo(state.chain, state.set);
}

/** Whether a set of `time` lies beside the way to the state that stands for it, and is newer than that. */
export function isOvertaken(collection: Collection, time: EpochSeconds): boolean {
  const [state] = statesAt(collection, time);
  if (state === undefined) return false;
  return restorableBeside(state.chain).some(
    (set) => set.end > state.set.end && set.end <= time && !isAhead(collection, set),
  );
}

/**
 * The signatures that tell the state at `time`, of the same sets that would be restored; where theirs are lost those of
 * the newest state before. Of a set that was never finished there are none: what they show cannot be restored.
 */
export function signaturesFor(collection: Collection, time: EpochSeconds): SignaturesAt | undefined {
  const known = knownSignatures(collection);
  const states = statesAt(collection, time);
  const [first] = states;
  for (const { chain, set } of states) {
    const way = wayTo(chain, set);
    const found = PLACES.map((place) => ({ place, files: filesOf(way, known[place]) }));
    const [local, remote] = found;
    const best = (remote?.files.length ?? 0) > (local?.files.length ?? 0) ? remote : local;
    const end = best?.files.at(-1)?.end;
    if (best !== undefined && end !== undefined) return { ...best, end, wanted: first?.set.end ?? end };
  }
  return undefined;
}

export interface SetSignatures {
  readonly place: SignatureChain['place'];
  readonly file: SignatureFile;
}

/** Finds the finished signatures of a set, those in the archive dir before those on the remote. */
export function signaturesBySet(collection: Collection): (set: BackupSet) => SetSignatures | undefined {
  const known = knownSignatures(collection);
  return (set) => {
    for (const place of PLACES) {
      const file = known[place].get(setKey(set));
      if (file !== undefined) return { place, file };
    }
    return undefined;
  };
}

/** The states that can stand for `time`, the right one first: one of each chain. */
function statesAt({ chains, ahead }: Collection, time: EpochSeconds): readonly State[] {
  const usable = chains.filter((chain) => restorableSets(chain).length > 0);
  const exact = [...ahead, ...usable]
    .flatMap((chain) => [...restorableBeside(chain), ...restorableSets(chain)].map((set) => ({ chain, set })))
    .findLast(({ set }) => set.end === time);
  const before = usable.flatMap((chain) => {
    const set = newestUpTo(chain, time);
    return set === undefined ? [] : [{ chain, set }];
  });
  before.sort((a, b) => b.set.end - a.set.end || b.chain.start - a.chain.start);
  if (exact !== undefined) return [exact, ...before.filter(({ set }) => set !== exact.set)];
  if (before.length > 0) return before;
  return usable
    .toSorted((a, b) => a.start - b.start)
    .slice(0, 1)
    .map((chain) => ({ chain, set: chain.full }));
}

/** Of a chain that has got no further than `time` its newest set, whatever lies beside it. */
function newestUpTo(chain: BackupChain, time: EpochSeconds): BackupSet | undefined {
  const sets = restorableSets(chain);
  const tip = sets.at(-1);
  if (tip !== undefined && tip.end <= time) return tip;
  let newest = sets.findLast(({ end }) => end <= time);
  for (const set of restorableBeside(chain)) {
    if (set.end <= time && set.end > (newest?.end ?? -Infinity)) newest = set;
  }
  return newest;
}

const PLACES = ['local', 'remote'] as const;

/** Finished signatures by the key of their set. */
function knownSignatures({
  signatureChains,
}: Collection): Readonly<Record<SignatureChain['place'], ReadonlyMap<string, SignatureFile>>> {
  const known = { local: new Map<string, SignatureFile>(), remote: new Map<string, SignatureFile>() };
  for (const { place, files, beside } of signatureChains) {
    for (const file of [...files, ...beside]) if (!file.isPartial) known[place].set(setKey(file), file);
  }
  return known;
}

/** The signatures of the sets, up to the first that has none. */
function filesOf(sets: readonly BackupSet[], known: ReadonlyMap<string, SignatureFile>): readonly SignatureFile[] {
  const files: SignatureFile[] = [];
  for (const set of sets) {
    const file = known.get(setKey(set));
    if (file === undefined) break;
    files.push(file);
  }
  return files;
}
