import type { KnownSet } from '../../repository/ledger/history.ts';
import { findPastState, type PastState } from '../../repository/past/past-tree.ts';
import type { Repository } from '../../repository/repository.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import type { DrillReport } from './report.ts';

export interface Expectation {
  /** A set from then or later must be there. */
  readonly expectAfter?: EpochSeconds | undefined;
  readonly signer?: string | undefined;
}

export interface NewestState {
  readonly state: PastState;
  readonly expected: NonNullable<DrillReport['expected']>;
}

/** The state of the set that was made last, by whoever knows. An older one does not do. */
export async function newestState(
  repository: Repository,
  { expectAfter, signer }: Expectation,
  tell: (expected: DrillReport['expected']) => void,
): Promise<NewestState> {
  const before = aliveIn(repository);
  const byLedger = newestOf(before);
  const asked = expectAfter === undefined ? undefined : ({ time: expectAfter, by: 'option' } as const);
  tell(asked ?? (byLedger && { time: byLedger.id.end, by: 'ledger' }));
  const state = await findPastState(repository, { signer });
  const { ledger } = repository;
  // With ledgers of other machines, and of several disks that of the one which is there.
  const counted = [...before, ...aliveIn(repository).filter(({ isOurs }) => isOurs)];
  const known = newestOf(counted.filter(({ place }) => place === ledger?.place));
  const expected = asked ?? (known && ({ time: known.id.end, by: 'ledger' } as const));
  tell(expected);
  if (expected === undefined) {
    throw new IntegrityError('DRILL_FAILED', 'Nothing tells which backup was made last: an old copy would pass.', {
      hint: 'Name the archive dir of the backups, whose ledger knows, use --ledger, or say --expect-after TIME.',
    });
  }
  const wanted = Math.max(expected.time, known?.id.end ?? -Infinity);
  if (state.time < wanted) throw tooOld(state.time, wanted, wanted === known?.id.end ? 'ledger' : 'option');
  return { state, expected };
}

function aliveIn({ ledger }: Repository): readonly KnownSet[] {
  return ledger === undefined ? [] : [...ledger.history.sets].filter(({ state }) => state === 'alive');
}

function newestOf(sets: readonly KnownSet[]): KnownSet | undefined {
  return sets.toSorted((a, b) => a.id.end - b.id.end).at(-1);
}

function tooOld(found: EpochSeconds, wanted: EpochSeconds, by: 'ledger' | 'option'): IntegrityError {
  const text =
    by === 'ledger'
      ? `The last backup was made on ${asctime(wanted)}, and what can be restored is that of ${asctime(found)}.`
      : `There is no backup since ${asctime(wanted)}: the last one that can be restored is of ${asctime(found)}.`;
  return new IntegrityError('DRILL_FAILED', text, {
    hint: 'See what is there with "collection-status" and "check", whether backups still run, and whether this is the right place.',
  });
}
