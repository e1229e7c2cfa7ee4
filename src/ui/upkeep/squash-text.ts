import type { SquashResult } from '../../actions/squash/squash.ts';
import { counted } from '../../util/counted.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';

/** The last word of a squash. */
export function squashText(result: SquashResult, { force }: { readonly force: boolean }): string {
  const { squashed, leftovers, set, bytesBefore, bytesAfter, isDone } = result;
  if (squashed.length === 0 && leftovers.length === 0) {
    return `Nothing to squash: the backup of ${asctime(set.end)} builds on that of ${asctime(set.start)}.`;
  }
  const again = force ? [] : ['Rerun command with --force option to actually squash.'];
  if (squashed.length === 0) {
    const what = isDone ? 'Deleted what' : 'Found what';
    return [
      `${what} was left of backup sets that the one of ${asctime(set.end)} has taken the place of, at ${moment(leftovers)}:`,
      ...leftovers.map(({ end }) => asctime(end)),
      ...(isDone ? [] : again),
    ].join('\n');
  }
  const one = `one that builds on the backup of ${asctime(set.start)}`;
  return [
    isDone
      ? `Squashed ${counted(squashed.length, 'increment')} into ${one}:`
      : `Found ${counted(squashed.length, 'increment')} to squash into ${one}:`,
    ...squashed.map(({ end }) => (end === set.end ? `${asctime(end)} (this state stays)` : asctime(end))),
    sizes(bytesBefore, bytesAfter, isDone),
    ...(isDone ? [] : again),
  ].join('\n');
}

function moment(sets: readonly { readonly end: EpochSeconds }[]): string {
  return sets.length === 1 ? 'this time' : 'these times';
}

function sizes(before: number | undefined, after: number | undefined, isDone: boolean): string {
  const was = before === undefined ? 'an unknown number of bytes' : counted(before, 'byte');
  if (isDone) return `They took ${was}, it takes ${after === undefined ? 'an unknown number' : after}.`;
  const estimate = after === undefined ? 'at most as many' : `about ${after}`;
  return `They take ${was}, it will take ${estimate}.`;
}
