import type { EpochSeconds } from '../util/time.ts';
import type { BackupSet } from './sets.ts';

/** A finished set and the best way to it from its full. */
export interface Step {
  readonly set: BackupSet;
  /** The set it builds on; undefined for a full. */
  readonly parent: Step | undefined;
  /** Sets on the way, the full included. */
  readonly length: number;
  /** Sets on the way that visibly lack volumes. */
  readonly holes: number;
  /** Sets on the way without signatures. */
  readonly unsigned: number;
}

/** All that builds on one full. Several increments of one base make it a tree. */
export class SetTree {
  readonly full: BackupSet;
  readonly #isSigned: (set: BackupSet) => boolean;
  /** Every way in the order of `add`. */
  readonly #steps: Step[] = [];
  /** The best way to each time. */
  readonly #best = new Map<EpochSeconds, Step>();

  constructor(full: BackupSet, isSigned: (set: BackupSet) => boolean = () => true) {
    this.full = full;
    this.#isSigned = isSigned;
    this.#put(full, undefined);
  }

  /** Takes an increment that builds on a set of the tree. Call it in order of time. */
  add(set: BackupSet): boolean {
    const parent = this.#best.get(set.start);
    if (parent === undefined || set.end <= set.start) return false;
    this.#put(set, parent);
    return true;
  }

  /** Whether a set of this time is there to build on. */
  reaches(time: EpochSeconds): boolean {
    return this.#best.has(time);
  }

  /**
   * Of the ways to each time the best, of those to the sets that `mayEnd` the longest, of several as long the one that
   * reaches the newest time.
   */
  longest(mayEnd: (set: BackupSet) => boolean): readonly BackupSet[] {
    let longest: Step | undefined;
    for (const step of this.#best.values()) {
      if (step.parent !== undefined && !mayEnd(step.set)) continue;
      const isBetter =
        longest === undefined ||
        step.length > longest.length ||
        (step.length === longest.length && step.set.end > longest.set.end);
      if (isBetter) longest = step;
    }
    return wayOf(longest);
  }

  /** Sets that the state of some time needs, and those that none does: another way leads to the same time. */
  sort(): { readonly needed: ReadonlySet<BackupSet>; readonly spare: readonly BackupSet[] } {
    const needed = new Set<BackupSet>();
    for (const step of this.#best.values()) {
      for (let at: Step | undefined = step; at !== undefined && !needed.has(at.set); at = at.parent) needed.add(at.set);
    }
    return { needed, spare: this.#steps.map(({ set }) => set).filter((set) => !needed.has(set)) };
  }

  #put(set: BackupSet, parent: Step | undefined): void {
    const step: Step = {
      set,
      parent,
      length: (parent?.length ?? 0) + 1,
      holes: (parent?.holes ?? 0) + holesOf(set),
      unsigned: (parent?.unsigned ?? 0) + (this.#isSigned(set) ? 0 : 1),
    };
    this.#steps.push(step);
    const { end } = step.set;
    const known = this.#best.get(end);
    if (known === undefined || isBetterWay(step, known)) this.#best.set(end, step);
  }
}

/** The sets of a way, the full first. */
function wayOf(step: Step | undefined): readonly BackupSet[] {
  const sets: BackupSet[] = [];
  for (let at = step; at !== undefined; at = at.parent) sets.push(at.set);
  return sets.toReversed();
}

/** Of two ways to one time: the one without holes, with its signatures, the longer one, whose last set began later. */
function isBetterWay(a: Step, b: Step): boolean {
  const order = b.holes - a.holes || b.unsigned - a.unsigned || a.length - b.length || a.set.start - b.set.start;
  return order > 0;
}

/** 1 when a volume is missing, as far as names tell: the last ones can be missing unseen. */
function holesOf({ volumes }: BackupSet): 0 | 1 {
  return volumes.size > 0 && volumes.has(volumes.size) ? 0 : 1;
}
