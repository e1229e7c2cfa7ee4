import type { EpochSeconds } from '../util/time.ts';
import type { BackupChain } from './chains.ts';
import { type Collection, lastFullTime } from './collection.ts';
import { bytesBySet, sumOfKnown } from './set-bytes.ts';
import { volumeNames } from './sets.ts';

/** When a backup that may be an increment is to be a full one. */
export interface FullRules {
  /** The last full one is from before this. */
  readonly fullIfOlderThan: EpochSeconds | undefined;
  /** The chain would hold more increments than this. */
  readonly fullIfChainLongerThan?: number | undefined;
  /** More is stored of the increments than this share of the full, or so many bytes. */
  readonly fullIfChainLargerThan?: SizeLimit | undefined;
  /** To restore the chain would take more seconds than this. */
  readonly fullIfRestoreLongerThan?: number | undefined;
}

export type SizeLimit = { readonly percent: number } | { readonly bytes: number };

/** A rule that makes a backup full, and why it does now. */
export type FullReason =
  | { readonly rule: 'olderThan' }
  | { readonly rule: 'chainLongerThan'; readonly increments: number; readonly most: number }
  | {
      readonly rule: 'chainLargerThan';
      /** Stored of the increments, and of the full. */
      readonly bytes: number;
      readonly fullBytes: number;
      /** Bytes that they may have. */
      readonly most: number;
    }
  | { readonly rule: 'restoreLongerThan'; readonly seconds: number; readonly most: number };

/** A rule that cannot tell: it does nothing. */
export type FullUnknown =
  | { readonly rule: 'chainLargerThan'; readonly lacks: 'sizes' }
  | { readonly rule: 'restoreLongerThan'; readonly lacks: 'sizes' | 'rates' };

export interface FullDue {
  readonly reasons: readonly FullReason[];
  readonly unknown: readonly FullUnknown[];
}

/** What is known besides names. */
interface Known {
  /** Bytes of a remote file, as far as it is listed with them. */
  readonly sizeOf: (name: string) => number | undefined;
  /** Bytes per second at which a chain is restored; undefined: nobody has measured. */
  readonly restoreRate: () => number | undefined;
}

/** Why the next backup is to be a full one, of the rules that were given. */
export function fullDue(collection: Collection, rules: FullRules, known: Known): FullDue {
  const last = lastFullTime(collection);
  const { fullIfOlderThan } = rules;
  const isOld = fullIfOlderThan !== undefined && (last === undefined || last < fullIfOlderThan);
  const first: readonly (FullReason | FullUnknown)[] = isOld ? [{ rule: 'olderThan' }] : [];
  const chain = collection.active?.chain;
  const found = chain === undefined ? first : [...first, ...chainDue(collection, chain, rules, known)];
  return {
    reasons: found.filter((one): one is FullReason => !('lacks' in one)),
    unknown: found.filter((one): one is FullUnknown => 'lacks' in one),
  };
}

function* chainDue(
  collection: Collection,
  { full, incs, sets }: BackupChain,
  { fullIfChainLongerThan, fullIfChainLargerThan, fullIfRestoreLongerThan }: FullRules,
  { sizeOf, restoreRate }: Known,
): Generator<FullReason | FullUnknown> {
  if (fullIfChainLongerThan !== undefined && incs.length >= fullIfChainLongerThan) {
    yield { rule: 'chainLongerThan', increments: incs.length, most: fullIfChainLongerThan };
  }
  if (fullIfChainLargerThan !== undefined) {
    const bytesOf = bytesBySet(collection, sizeOf);
    const [fullBytes, bytes] = [bytesOf(full), sumOfKnown(incs.map(bytesOf))];
    if (fullBytes === undefined || bytes === undefined) yield { rule: 'chainLargerThan', lacks: 'sizes' };
    else {
      const limit = fullIfChainLargerThan;
      const most = 'bytes' in limit ? limit.bytes : (fullBytes * limit.percent) / 100;
      if (bytes > most) yield { rule: 'chainLargerThan', bytes, fullBytes, most };
    }
  }
  if (fullIfRestoreLongerThan === undefined) return;
  const bytes = sumOfKnown(sets.flatMap(volumeNames).map(sizeOf));
  const rate = restoreRate();
  if (bytes === undefined) yield { rule: 'restoreLongerThan', lacks: 'sizes' };
  else if (rate === undefined) yield { rule: 'restoreLongerThan', lacks: 'rates' };
  else if (bytes / rate > fullIfRestoreLongerThan) {
    yield { rule: 'restoreLongerThan', seconds: bytes / rate, most: fullIfRestoreLongerThan };
  }
}
