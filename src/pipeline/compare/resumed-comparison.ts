import type { BytePath } from '../../util/bytepath.ts';
import { isWithin } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { Change, Compared, Comparison } from './compare.ts';
import { ChangedMeanwhile, isKept, type ResumePoint } from '../pack/resume-point.ts';
import type { ResumedState } from './resumed-state.ts';

/** What a resumed backup has to tell of the part it skipped. */
export interface Passed {
  /** Paths that are no longer as the set holds them: the next increment takes them. */
  readonly changed: number;
  /** The resume point is not in the source any more. */
  readonly isGone: boolean;
  /** The first path that is left. */
  readonly next: BytePath | undefined;
  /** The last path of the source before it. */
  readonly last: BytePath | undefined;
}

interface ResumedComparisonOptions {
  readonly point: ResumePoint;
  /** What the comparison compares the source with. */
  readonly state: ResumedState;
  /** Once, when the resume point is passed. */
  readonly onPassed: (passed: Passed) => void;
}

/**
 * What is left to store of a resumed set. Up to the resume point the set stays as it is, whatever the source says;
 * there everything that is not gone counts as unchanged.
 */
export class ResumedComparison<S extends Compared> {
  readonly #comparison: Comparison<S>;
  readonly #options: ResumedComparisonOptions;
  #hasPassed = false;
  #changed = 0;
  #last: BytePath | undefined;
  /** Nothing can be stored below this path in this set. */
  #closedTop: BytePath | undefined;

  constructor(comparison: Comparison<S>, options: ResumedComparisonOptions) {
    this.#comparison = comparison;
    this.#options = options;
  }

  next(): Soon<Change<S> | undefined> {
    const change = this.#comparison.next();
    return change instanceof Promise ? change.then((known) => this.#judge(known)) : this.#judge(change);
  }

  #judge(change: Change<S> | undefined): Change<S> | undefined {
    if (this.#hasPassed) return change === undefined ? undefined : this.#open(change);
    const path = change === undefined ? undefined : pathOf(change);
    if (change !== undefined && path !== undefined && isKept(this.#options.point, path)) return this.#skip(change);
    const settled = change && this.#settle(change);
    this.#pass(settled);
    return settled && this.#open(settled);
  }

  #skip(change: Change<S>): Change<S> {
    if (change.kind === 'snapshot' || change.kind === 'diff' || change.kind === 'deleted') this.#changed++;
    if (change.kind === 'deleted') return { kind: 'unreadable', previous: change.previous };
    if (change.kind === 'unreadable') return change;
    this.#last = change.source.path;
    return asUnchanged(change);
  }

  /** A file in doubt whose delta was begun has been found to differ, and has not been touched since. */
  #settle(change: Change<S>): Change<S> {
    const { split } = this.#options.point;
    if (change.kind !== 'doubtful' || split?.how !== 'diff' || split.path !== change.source.path) return change;
    return { kind: 'diff', source: change.source, previous: change.previous };
  }

  #pass(change: Change<S> | undefined): void {
    this.#hasPassed = true;
    const { point, state, onPassed } = this.#options;
    const { split } = point;
    if (split !== undefined) {
      const isIt = change?.kind === split.how && pathOf(change) === split.path;
      const { closedTop } = state;
      const isReached = closedTop === undefined || !isWithin(split.path, closedTop);
      if (!isIt || !isReached) throw new ChangedMeanwhile(split.path);
    }
    this.#closedTop = state.closedTop;
    onPassed({
      changed: this.#changed,
      isGone: split === undefined && state.endsWithObject && this.#last !== point.path,
      next: change && pathOf(change),
      last: this.#last,
    });
  }

  /** Leaves out what would lie below something that the kept volumes hold as no directory. */
  #open(change: Change<S>): Change<S> {
    if (this.#closedTop === undefined || !isWithin(pathOf(change), this.#closedTop)) return change;
    if (change.previous !== undefined) return { kind: 'deleted', previous: change.previous };
    return change.kind === 'snapshot' ? asUnchanged(change) : change;
  }
}

/** Counted, not stored. */
function asUnchanged<S extends Compared>({
  source,
  previous,
}: {
  readonly source: S;
  readonly previous: Change<S>['previous'];
}): Change<S> {
  return { kind: 'unchanged', source, previous };
}

function pathOf(change: Change<Compared>): BytePath {
  return 'source' in change ? change.source.path : change.previous.path;
}
