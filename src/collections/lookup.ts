import type { EpochSeconds } from '../util/time.ts';
import type { BackupChain } from './chains.ts';
import type { Collection } from './collection.ts';
import { setKey } from './listing.ts';
import type { BackupSet } from './sets.ts';
import type { SignatureChain, SignatureFile } from './signature-chains.ts';

/** What a listing of a past state reads. */
export interface SignaturesAt {
  readonly chain: SignatureChain;
  /** Oldest first. */
  readonly files: readonly SignatureFile[];
  /** The time asked for lies before every chain; the oldest one stands in, which deserves a warning. */
  readonly isBeforeFirst: boolean;
}

interface Span {
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
}

/** The sets of a chain that can be restored: all up to an interrupted one, a discarded one included. */
export function restorableSets(chain: BackupChain): readonly BackupSet[] {
  const sets = chain.discarded === undefined ? chain.sets : [...chain.sets, chain.discarded];
  const cut = sets.findIndex(({ isPartial }) => isPartial);
  return cut < 0 ? sets : sets.slice(0, cut);
}

/**
 * The chain that holds the state at `time`: the one that covers it, else the newest that ended before, else the oldest.
 * Of several that cover it (the reference dies of two) the one with the newest set up to `time`. undefined: there is
 * nothing to restore.
 */
export function chainFor(collection: Collection, time: EpochSeconds): BackupChain | undefined {
  const usable = collection.chains.flatMap((chain) => {
    const sets = restorableSets(chain);
    return sets.length === 0 ? [] : [{ chain, sets, start: chain.start, end: sets.at(-1)?.end ?? chain.start }];
  });
  const at = ({ sets }: { readonly sets: readonly BackupSet[] }): EpochSeconds =>
    sets.findLast(({ end }) => end <= time)?.end ?? -Infinity;
  const covering = usable.filter((span) => covers(span, time)).sort((a, b) => at(a) - at(b) || a.start - b.start);
  return (covering.at(-1) ?? nearest(usable, time))?.chain;
}

/** The full and the increments, in order, that give the state at `time`. */
export function setsFor(collection: Collection, time: EpochSeconds): readonly BackupSet[] {
  const chain = chainFor(collection, time);
  if (chain === undefined) return [];
  return restorableSets(chain).filter(({ type, end }) => type === 'full' || end <= time);
}

/**
 * The signatures that tell the state at `time`, by the rule of `chainFor`. Those of a set that was never finished do not
 * count, nor do those after them: what they show cannot be restored.
 */
export function signatureChainFor(collection: Collection, time: EpochSeconds): SignaturesAt | undefined {
  const finished = finishedSets(collection);
  const usable = collection.signatureChains.flatMap((chain) => {
    const cut = chain.files.findIndex((file) => file.isPartial || !finished.has(setKey(file)));
    const files = cut < 0 ? chain.files : chain.files.slice(0, cut);
    return files.length === 0 ? [] : [{ chain, files, start: chain.start, end: files.at(-1)?.end ?? chain.start }];
  });
  const found = usable.findLast((span) => covers(span, time)) ?? nearest(usable, time);
  if (found === undefined) return undefined;
  return {
    chain: found.chain,
    files: found.files.filter(({ type, end }) => type === 'full' || end <= time),
    isBeforeFirst: found.start > time,
  };
}

/** Keys of the sets that have their manifest on the remote and were not given up for another one. */
function finishedSets({ chains, orphaned }: Collection): ReadonlySet<string> {
  const linked = chains.flatMap(({ sets, discarded }) => (discarded === undefined ? sets : [...sets, discarded]));
  return new Set([...linked, ...orphaned].filter(({ isPartial }) => !isPartial).map(setKey));
}

function covers(span: Span, time: EpochSeconds): boolean {
  return span.start <= time && time <= span.end;
}

/** The newest span that ended before `time`, else the oldest; of equal ones the last. */
function nearest<T extends Span>(spans: readonly T[], time: EpochSeconds): T | undefined {
  let before: T | undefined;
  let oldest: T | undefined;
  for (const span of spans) {
    if (span.end < time && (before === undefined || span.end >= before.end)) before = span;
    if (oldest === undefined || span.end <= oldest.end) oldest = span;
  }
  return before ?? oldest;
}
