import type { Entry } from '../../archive/entry.ts';
import { sumOfKnown } from '../../collections/set-bytes.ts';
import { type BytePath, ROOT } from '../../util/bytepath.ts';
import { checkTempSpace } from '../preflight/resources.ts';
import { openPastTree, type PastState, type PastTree, planPastTree } from './past-tree.ts';
import { pathNotFound } from './path-not-found.ts';
import type { Repository } from '../repository.ts';

/** The part of a past state that was asked for. */
export interface WantedTree {
  /** Which of the paths asked for it is. */
  readonly wanted: BytePath;
  /** Its first entry, which the tree still has to give; undefined: a root without anything. */
  readonly first: Entry | undefined;
  /** All that is read for it, in reading order of each set. */
  readonly volumes: readonly string[];
  readonly tree: PastTree;
}

/** Opens the first of `paths` that the archive has, by default the root. It is to be closed. */
export async function openWantedTree(
  repository: Repository,
  state: PastState,
  paths: readonly BytePath[],
  purpose: 'restore' | 'verify',
): Promise<WantedTree> {
  for (const wanted of paths) {
    const plan = await planPastTree(repository, state, wanted);
    const begun = performance.now();
    checkTempSpace(repository, largestOf(repository, plan.volumes), purpose);
    const tree = await openPastTree(repository, state.options, plan);
    const onEnd = (): void => {
      if (wanted === ROOT) noteSpeed(repository, plan.volumes, performance.now() - begun);
    };
    let first: Entry | undefined;
    try {
      first = await tree.next();
    } catch (error) {
      await tree.close();
      throw error;
    }
    if (first !== undefined || wanted === ROOT) {
      return { wanted, first, volumes: plan.volumes, tree: beginningWith(first, tree, onEnd) };
    }
    await tree.close();
  }
  throw await pathNotFound(repository, state, paths);
}

/** Bytes of the largest volume that has to be fetched, as far as the listing tells. */
function largestOf({ remote }: Repository, volumes: readonly string[]): number {
  if (remote.isLocal) return 0;
  return volumes.reduce((most, name) => Math.max(most, remote.sizeOf(name) ?? 0), 0);
}

/** A whole state that was read tells how long the next one takes. */
function noteSpeed({ remote, traffic }: Repository, volumes: readonly string[], ms: number): void {
  const bytes = sumOfKnown(volumes.map((name) => remote.listedSizeOf(name)));
  if (bytes !== undefined) traffic?.read.add({ bytes, seconds: ms / 1000 });
}

/**
 * The tree with an entry that has been taken out of it already. Its content is still to be had. `onEnd` is called when
 * there are no more.
 */
function beginningWith(first: Entry | undefined, tree: PastTree, onEnd: () => void): PastTree {
  let held = first;
  const passed = (entry: Entry | undefined): Entry | undefined => {
    if (entry === undefined) onEnd();
    return entry;
  };
  return {
    next() {
      if (held === undefined) {
        const next = tree.next();
        return next instanceof Promise ? next.then(passed) : passed(next);
      }
      const entry = held;
      held = undefined;
      return entry;
    },
    content: (take) => tree.content(take),
    blocks: () => tree.blocks(),
    close: () => tree.close(),
    get damaged() {
      return tree.damaged;
    },
  };
}
