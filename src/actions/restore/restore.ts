import type { Entry } from '../../archive/entry.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Content } from '../../target/file-writer.ts';
import { TreeWriter } from '../../target/tree-writer.ts';
import { ROOT, type BytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { archivedOwner } from '../../repository/source/archived-owner.ts';
import { checkOpenFiles } from '../../repository/preflight/resources.ts';
import { findPastState, type PastOptions, type PastState, planPastTree } from '../../repository/past/past-tree.ts';
import { lockArchive } from '../../repository/lock.ts';
import { readSetManifest } from '../../repository/metadata/read-manifest.ts';
import { Relocation, type Rename } from './relocate.ts';
import type { SalvageReport } from './salvage/report.ts';
import { checkNoFile, checkTarget, fileName, makeParent, placeFor } from './restore-target.ts';
import { keepRates } from '../../repository/rates.ts';
import type { Repository } from '../../repository/repository.ts';
import { openWantedTree, type WantedTree } from '../../repository/past/wanted-tree.ts';

export interface RestoreOptions extends PastOptions {
  /** Directories above it are made. A single file goes into a directory that is there, as with cp. */
  readonly target: BytePath;
  /** What is restored: the first of them that the archive has. By default the root, which is all. */
  readonly paths?: readonly BytePath[] | undefined;
  /** Names in the target that differ from those in the archive, relative to what is restored. */
  readonly renames?: readonly Rename[];
  /** Over what is there. */
  readonly force?: boolean;
  /** Owners by the names in the archive, where this machine has those, or by the numbers, or those of new files. */
  readonly owners?: 'names' | 'numbers' | 'new';
}

/** What a restore has written. */
export interface RestoreResult {
  /** Planned: a dry run, which writes nothing. Salvaged: it has gone on past damage. */
  readonly kind: 'restored' | 'planned' | 'salvaged';
  /** Of the set whose state it is. */
  readonly time: EpochSeconds;
  /** Entries that were written, directories too. */
  readonly entries: number;
  /** Files of the store that are needed for it, in reading order of each set. */
  readonly volumes: readonly string[];
  /** What did not come back whole, of a salvage. */
  readonly salvage?: SalvageReport;
}

/**
 * Restores the state of a time, or a path of it. What is restored in part throws INCOMPLETE, with an event for each entry
 * that is missing.
 */
export async function restore(repository: Repository, options: RestoreOptions): Promise<RestoreResult> {
  const { emit } = repository;
  const { target, paths = [ROOT], renames = [], force = false } = options;
  // Of a path it shows later whether it is a file, which has its place in a directory that is there.
  if (paths.includes(ROOT)) checkTarget({ target, force });
  else checkNoFile({ target, force });
  using lock = await lockArchive(repository);
  void lock;
  checkOpenFiles();
  const state = await findPastState(repository, options);
  const { time } = state;
  if (repository.dryRun) {
    const { volumes } = await planPastTree(repository, state, paths[0] ?? ROOT);
    return { kind: 'planned', time, entries: 0, volumes };
  }
  const found = await openWantedTree(repository, state, paths, 'restore');
  try {
    const moves = { wanted: found.wanted, renames };
    const name = await fileName(found.wanted, () => sourceOf(repository, state));
    const first = found.first && new Relocation({ ...moves, emit: () => undefined }).place(found.first);
    const place = placeFor({ target, force, first, name });
    makeParent(place);
    const relocation = new Relocation({ ...moves, emit });
    const entries = await write(repository, options, { ...found, relocation, place });
    await keepRates(repository);
    return { kind: 'restored', time, entries, volumes: found.volumes };
  } finally {
    await found.tree.close();
  }
}

interface Writing extends WantedTree {
  readonly relocation: Relocation;
  readonly place: BytePath;
}

/** Gives how many entries it wrote. */
async function write(
  { accounts, emit }: Repository,
  { ignoreErrors = false, owners = 'names', renames = [] }: RestoreOptions,
  { tree, relocation, place }: Writing,
): Promise<number> {
  const numericOwner = owners === 'numbers';
  const writer = new TreeWriter({
    target: place,
    ownerOf: owners === 'new' ? undefined : (meta) => archivedOwner({ accounts, numericOwner }, meta),
    tolerant: ignoreErrors,
    revisits: renames.length > 0,
    emit,
  });
  const content: Content = (take) => tree.content(take);
  let found = 0;
  try {
    for (;;) {
      const next: Soon<Entry | undefined> = tree.next();
      const entry = next instanceof Promise ? await next : next;
      if (entry === undefined) break;
      found++;
      const written = writer.write(relocation.place(entry), content);
      if (written instanceof Promise) await written;
    }
  } finally {
    writer.finish();
  }
  if (found === 0) {
    throw new LocalError('NOTHING_RESTORED', 'No files found in archive - nothing restored.', {
      hint: 'The backup of that time holds nothing: take another one with --time.',
    });
  }
  const missing = writer.failures + relocation.replaced + tree.damaged;
  if (missing > 0) {
    const entries = missing === 1 ? '1 entry' : `${missing} entries`;
    throw new LocalError('INCOMPLETE', `The restore is incomplete: ${entries} could not be restored.`, {
      hint: `The warnings above name ${missing === 1 ? 'it' : 'them'}.`,
    });
  }
  return found;
}

/** What was backed up, where the newest set tells. */
async function sourceOf(repository: Repository, { sets }: PastState): Promise<BytePath | undefined> {
  const newest = sets.at(-1);
  return newest === undefined ? undefined : (await readSetManifest(repository, newest)).localDir;
}
