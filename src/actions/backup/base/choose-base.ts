import type { BackupChain } from '../../../collections/chains.ts';
import type { Collection } from '../../../collections/collection.ts';
import { type FullDue, fullDue, type FullReason, type FullRules } from '../../../collections/full-due.ts';
import { neededByIncrement } from '../../../collections/needs.ts';
import type { Codec } from '../../../crypto/codec.ts';
import { ChainError, CryptoError } from '../../../errors/errors.ts';
import { asctime, type EpochSeconds } from '../../../util/time.ts';
import type { BackupKind, BackupOptions } from '../options.ts';
import { isWhole } from './check-chain.ts';
import { knownRates, restoreRate } from '../../../repository/rates.ts';
import type { Repository } from '../../../repository/repository.ts';
import { synchronise } from '../../../repository/synchronise.ts';

type Wish = Pick<BackupOptions, 'kind' | 'checksRemote'> & FullRules;

/**
 * What is there, with the metadata that the backup reads: none for a full one, also when that is due, so that neither
 * damage nor a key or passphrase of old chains is in its way. Where a chain cannot be read for want of a secret key, a
 * backup without an action word is a full one.
 */
export async function findBackups(
  repository: Repository,
  wish: Wish,
): Promise<{ readonly found: Collection; readonly kind: BackupKind }> {
  const { keys, emit } = repository;
  const { kind } = wish;
  try {
    return { found: await synchronise(repository, { needs: neededBy(repository, wish), mayLack: true }), kind };
  } catch (error) {
    if (kind !== 'auto' || keys.isSymmetric || !(error instanceof CryptoError && error.lacksKey)) throw error;
    const text = `${error.message}\nThe last chain cannot be continued here: making a full backup.`;
    emit({ kind: 'warning', text });
    return { found: await synchronise(repository, { needs: () => [] }), kind: 'full' };
  }
}

function neededBy(repository: Repository, wish: Wish): (collection: Collection) => readonly string[] {
  return (collection) => {
    const { partial } = collection;
    if (partial !== undefined) return partial.type === 'full' ? [] : neededByIncrement(collection);
    const isFull =
      wish.kind === 'full' || collection.isClockDoubted || dueFull(repository, wish, collection).reasons.length > 0;
    return isFull ? [] : neededByIncrement(collection);
  };
}

/** What a backup builds on. */
export interface Base {
  /** The chain of an increment; undefined for a full backup. */
  readonly base: Collection['active'];
  /** The rules that made it a full one. */
  readonly fullBecause: readonly FullReason[];
}

export async function chooseBase(repository: Repository, wish: Wish, collection: Collection): Promise<Base> {
  if (wish.kind === 'full') return { base: undefined, fullBecause: [] };
  const due = dueFull(repository, wish, collection);
  if (due.reasons.length > 0 || due.unknown.length > 0) repository.emit({ kind: 'fullDue', due });
  if (due.reasons.length > 0) return { base: undefined, fullBecause: due.reasons };
  return { base: await chainFor(repository, wish, collection), fullBecause: [] };
}

async function chainFor(repository: Repository, wish: Wish, collection: Collection): Promise<Collection['active']> {
  const { emit } = repository;
  const { kind } = wish;
  const { active, isClockDoubted } = collection;
  if (isClockDoubted) {
    const text = `The clock says ${asctime(collection.now)}, but the first backup set is from ${asctime(firstTime(collection))}.`;
    if (kind === 'incremental') {
      throw new ChainError('USER_ERROR', text, { hint: 'Set the clock right, or make a full backup if it is.' });
    }
    emit({ kind: 'warning', text: `${text} There is nothing to build on: making a full backup.` });
    return undefined;
  }
  if (active !== undefined) {
    return (await isWhole(repository, active.chain, wish)) ? active : undefined;
  }
  if (kind === 'incremental') {
    throw new ChainError(
      'INC_WITHOUT_SIGS',
      'Fatal Error: Unable to start incremental backup.  Old signatures not found and incremental specified',
      { hint: 'Make a full backup, or leave the action away to get the right kind by itself.' },
    );
  }
  emit({ kind: 'warning', text: 'No signatures found, switching to full backup.' });
  return undefined;
}

function firstTime({ chains }: Collection): EpochSeconds {
  return chains.reduce((first, { start }) => Math.min(first, start), Infinity);
}

function dueFull(repository: Repository, wish: Wish, collection: Collection): FullDue {
  return fullDue(collection, wish, {
    sizeOf: repository.remote.listedSizeOf,
    restoreRate: () => restoreRate(knownRates(repository)),
  });
}

/** Encryption begins with the set that is written: what the chain holds already stays as it is. */
export function warnOfClearSets({ emit }: Repository, { full, sets }: BackupChain, { suffix }: Codec): void {
  const isEncrypted = suffix === '.gpg';
  const others = sets.filter(({ encrypted }) => encrypted !== isEncrypted);
  if (others.length === 0) return;
  const whole = `the full backup of ${asctime(full.end)}`;
  if (!isEncrypted) {
    const text = `This increment is not encrypted, though ${others.includes(full) ? whole : 'a set of its chain'} is.`;
    emit({ kind: 'warning', text });
    return;
  }
  const clear = others.includes(full) ? whole : `${others.length} of the sets that it builds on`;
  emit({
    kind: 'warning',
    text: `This increment is encrypted, but ${clear} stays readable for everybody who can read the storage. Make a full backup to encrypt everything, and remove the old ones then.`,
  });
}
