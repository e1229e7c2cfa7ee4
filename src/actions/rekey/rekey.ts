import { byTime } from '../../collections/listing.ts';
import { idOf, type SetId } from '../../collections/sets.ts';
import type { Pass, Relocker } from '../../crypto/openpgp/rekey/relock.ts';
import { ChainError, UsageError } from '../../errors/errors.ts';
import type { RelockerOptions } from '../../repository/keys.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime } from '../../util/time.ts';
import { readPlace } from '../mirror/place.ts';
import { startProgress } from '../mirror/progress.ts';
import { isDone, rekeySet } from './rekey-set.ts';
import { filesOfSet, type SetFiles } from './set-files.ts';

export interface RekeyOptions {
  /** Who is to open the backup from now on, and who is not. */
  readonly change: RelockerOptions;
  /** Old keys go in the same pass: half the bytes, and until it is done both are needed. */
  readonly atOnce?: boolean | undefined;
  readonly progressInterval?: number | undefined;
  /** Bytes of volumes that one new manifest announces. */
  readonly groupBytes?: number | undefined;
}

/** A set of which files were replaced, and what was sent for that. */
export interface RekeyedSet extends SetId {
  readonly files: number;
  readonly bytes: number;
}

/** What `rekey` has done, or would do. */
export interface RekeyResult {
  /** Complete encrypted sets. */
  readonly found: number;
  /** Those with files that were replaced, or would be, once for each pass. */
  readonly rekeyed: readonly RekeyedSet[];
  /** Complete sets that are not encrypted: they stay as they are. */
  readonly plain: readonly SetId[];
  /** Sets without a manifest: they stay as they are. */
  readonly unfinished: readonly SetId[];
  /** How often all bytes go through here. */
  readonly passes: number;
  readonly isPlanned: boolean;
}

/**
 * Changes who can open a backup: other packets with the session key stand before the same encrypted data. What was
 * done by a run that died is not done again.
 */
export async function rekey(repository: Repository, options: RekeyOptions): Promise<RekeyResult> {
  const { change, atOnce = false } = options;
  const adds = change.keys.length > 0 || change.newPassphrase !== false;
  const drops = change.drop.length > 0;
  if (!adds && !drops) {
    throw new UsageError('COMMAND_LINE', 'rekey is told no key: neither one to add nor one to drop.', {
      hint: 'Give --encrypt-key or --new-passphrase, and --drop for what is not to open it any more.',
    });
  }
  // As long as the first goes on the old key opens everything, from then on the new one.
  const passes: readonly Pass[] = adds && drops ? (atOnce ? ['both'] : ['add', 'drop']) : [adds ? 'add' : 'drop'];
  using lock = await lockArchive(repository);
  void lock;
  const rekeyed: RekeyedSet[] = [];
  let found = await findSets(repository);
  // Nobody is asked for the passphrase of what is not encrypted.
  if (found.locked.length > 0) {
    const relocker = await repository.keys.relocker(change, repository.call.signal);
    for (const [i, pass] of passes.entries()) {
      // What lay beside files is gone by now.
      if (i > 0 && !repository.dryRun) found = await findSets(repository);
      rekeyed.push(...(await goThrough({ repository, relocker, pass }, found.locked, options)));
    }
  }
  const { locked, plain, unfinished } = found;
  return { found: locked.length, rekeyed, plain, unfinished, passes: passes.length, isPlanned: repository.dryRun };
}

interface Found extends Pick<RekeyResult, 'plain' | 'unfinished'> {
  readonly locked: readonly SetFiles[];
}

async function findSets(repository: Repository): Promise<Found> {
  const place = await readPlace(repository);
  const stored = [...place.sets.values()].toSorted(byTime);
  const complete = stored.filter(({ manifests, set }) => set !== undefined && manifests.length > 0);
  if (complete.length === 0) {
    throw new ChainError('EXCEPTION', 'No backup chains found: there is nothing to give other keys.');
  }
  const known = complete.map((one) => ({ id: idOf(one), files: filesOfSet(one) }));
  return {
    locked: known.flatMap(({ files }) => files ?? []),
    plain: known.filter(({ files }) => files === undefined).map(({ id }) => id),
    unfinished: stored.filter((one) => !complete.includes(one)).map(idOf),
  };
}

interface Going {
  readonly repository: Repository;
  readonly relocker: Relocker;
  readonly pass: Pass;
}

async function goThrough(
  going: Going,
  all: readonly SetFiles[],
  options: RekeyOptions,
): Promise<readonly RekeyedSet[]> {
  const { repository, pass } = going;
  const { groupBytes } = options;
  const sets: SetFiles[] = [];
  for (const files of all) if (!(await isSetDone(going, files))) sets.push(files);
  const sizeOf = (name: string): number => repository.remote.listedSizeOf(name) ?? 0;
  const amount = ({ volumes, others, manifest }: SetFiles): readonly number[] =>
    [...volumes.values(), ...others, manifest].map(sizeOf);
  if (repository.dryRun) {
    return sets.map((files) => ({ ...idOf(files.set), files: amount(files).length, bytes: sum(amount(files)) }));
  }
  const done: RekeyedSet[] = [];
  using progress = startProgress(repository, { ...options, total: sum(sets.flatMap(amount)) });
  for (const files of sets) {
    const word = pass === 'drop' ? 'Dropping old keys from' : 'Giving new keys to';
    repository.emit({ kind: 'notice', text: `${word} the backup set of ${asctime(files.set.end)}.` });
    done.push({ ...idOf(files.set), ...(await rekeySet({ ...going, progress, groupBytes }, files)) });
  }
  progress.finish();
  return done;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The manifest is replaced last. */
async function isSetDone(going: Going, { manifest, staged }: SetFiles): Promise<boolean> {
  if (staged.length > 0) return false;
  return isDone(going, manifest);
}
