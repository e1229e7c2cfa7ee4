import { chainFor, setsFor } from '../../collections/lookup.ts';
import { neededByRestore } from '../../collections/needs.ts';
import { restorableSets } from '../../collections/restorable.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { ChainError, DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { rebuildTree, type RebuiltTree } from '../../pipeline/unpack/rebuild.ts';
import { planSet, volumeNames, type SetPlan } from '../../pipeline/unpack/set-plan.ts';
import { openSets } from '../../pipeline/unpack/set-reader.ts';
import { type BytePath, toScreen } from '../../util/bytepath.ts';
import { asctime, type EpochSeconds, formatStamp } from '../../util/time.ts';
import { announceState, emitWarnings, wantedTime } from '../load-collection.ts';
import { readSetManifest } from '../metadata/read-manifest.ts';
import { renewCopy } from '../metadata/renew-copy.ts';
import type { Repository } from '../repository.ts';
import { announceLastFull, synchronise } from '../synchronise.ts';

/** The volumes that hold the state of a time, or the wanted path of it. */
export interface PastTreePlan {
  readonly sets: readonly SetPlan[];
  /** In reading order of each set. */
  readonly volumes: readonly string[];
}

export interface PastTree extends RebuiltTree {
  /** Entries and volumes that could not be read and were left out. */
  readonly damaged: number;
}

/** How a past state is read. */
export interface PastOptions {
  /** By default the newest. */
  readonly time?: EpochSeconds | undefined;
  /** Damaged entries and volumes are left out, with a warning. */
  readonly ignoreErrors?: boolean;
  /** Every volume must be signed by this key. */
  readonly signer?: string | undefined;
}

/** What holds the state of a time. */
export interface PastState {
  readonly options: PastOptions;
  /** Of the set whose state it is. */
  readonly time: EpochSeconds;
  readonly sets: readonly BackupSet[];
  /** All of the chain, later ones too. */
  readonly chain: readonly BackupSet[];
}

/** Finds the sets that have to be read. */
export async function findPastState(repository: Repository, options: PastOptions): Promise<PastState> {
  const { emit } = repository;
  const time = wantedTime(repository, options.time);
  const collection = await synchronise(repository, { needs: neededByRestore(time), time });
  emitWarnings(repository, collection);
  announceLastFull(repository, collection);
  const sets = setsFor(collection, time);
  if (sets.length === 0) {
    throw new ChainError('EXCEPTION', 'No backup chains found', {
      exception: 'CollectionsError',
      hint: 'Check the URL and the --file-prefix options: nothing there is a complete backup.',
    });
  }
  const oldest = sets[0]?.end ?? time;
  const end = sets.at(-1)?.end ?? oldest;
  if (oldest > time) {
    const text = `No backup is as old as ${asctime(time)}: the oldest one, of ${asctime(oldest)}, is taken.`;
    emit({ kind: 'warning', code: 'timeBeforeFirst', time, text });
  }
  announceState(repository, collection, end);
  const chain = chainFor(collection, time);
  return { options, time: end, sets, chain: chain === undefined ? sets : restorableSets(chain) };
}

/** Finds and checks the volumes that have to be read for a path, before anything is written. */
export async function planPastTree(
  repository: Repository,
  { sets, options }: PastState,
  wanted: BytePath,
): Promise<PastTreePlan> {
  const { emit } = repository;
  const plans: SetPlan[] = [];
  for (const set of sets) {
    try {
      plans.push(await planOf(repository, set, { wanted, ignoreErrors: options.ignoreErrors ?? false }));
    } catch (error) {
      const before = plans.at(-1)?.set;
      if (before !== undefined && error instanceof DuplicityError) {
        const text = `The backup before it, of ${asctime(before.end)}, can be had with --time ${formatStamp(before.end)}.`;
        emit({ kind: 'warning', text });
      }
      throw error;
    }
  }
  return { sets: plans, volumes: plans.flatMap(volumeNames) };
}

/** A cached manifest that does not fit what is there is fetched again before it counts. */
async function planOf(
  repository: Repository,
  set: BackupSet,
  { wanted, ignoreErrors }: { readonly wanted: BytePath; readonly ignoreErrors: boolean },
): Promise<SetPlan> {
  const { prefixes } = repository;
  const { localManifest } = set;
  let manifest = await readSetManifest(repository, set);
  if (localManifest !== undefined) {
    try {
      return planSet(set, manifest, wanted, { prefixes, ignoreErrors: false });
    } catch (error) {
      const isRenewed = error instanceof IntegrityError && (await renewCopy(repository, localManifest, error));
      if (isRenewed) manifest = await readSetManifest(repository, set);
    }
  }
  return planSet(set, manifest, wanted, { prefixes, ignoreErrors });
}

export async function openPastTree(
  repository: Repository,
  { ignoreErrors = false, signer }: PastOptions,
  plan: PastTreePlan,
): Promise<PastTree> {
  const { emit, keys, remote, spool, prefixes, tries, call } = repository;
  const codecOf = await keys.reader(plan.volumes);
  let damaged = 0;
  let volumesRead = 0;
  const sets = openSets(plan.sets, {
    remote,
    spool,
    codecOf,
    prefixes,
    signer,
    tries,
    ignoreErrors,
    emit,
    signal: call.signal,
    onWarning: (warning) => {
      damaged++;
      const text =
        warning.kind === 'unordered'
          ? `${warning.file}: ${toScreen(warning.path)} does not stand in order and is left out.`
          : `${warning.file} cannot be read: ${warning.error.message}`;
      emit({ kind: 'warning', text });
    },
    onSkipped: (error) => {
      damaged++;
      emit({ kind: 'failed', error });
      emit({ kind: 'warning', text: 'IGNORED_ERROR: the volume is left out; files in it will be missing.' });
    },
    onVolume: () => emit({ kind: 'progress', current: ++volumesRead, total: plan.volumes.length }),
  });
  const tree = rebuildTree(sets.streams, spool, {
    onDamage: (error) => {
      if (!ignoreErrors) throw error;
      damaged++;
      emit({ kind: 'warning', text: `IGNORED_ERROR: ${error.message}` });
    },
  });
  return {
    next: () => tree.next(),
    content: (take) => tree.content(take),
    blocks: () => tree.blocks(),
    close: async () => {
      try {
        await tree.close();
      } finally {
        await sets.close();
      }
    },
    get damaged() {
      return damaged;
    },
  };
}
