import { lstatSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Entry } from '../../archive/entry.ts';
import { IntegrityError } from '../../errors/errors.ts';
import type { RootPath } from '../../source/root.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { bytePath, comparePaths, ROOT, shown, toFs, type BytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { archivedOwner } from '../../repository/source/archived-owner.ts';
import { EntryComparer } from './compare-entry.ts';
import { findPastState, type PastOptions } from '../../repository/past/past-tree.ts';
import { lockArchive } from '../../repository/lock.ts';
import { ownPlaces } from '../../repository/source/own-places.ts';
import { keepRates } from '../../repository/rates.ts';
import type { Repository } from '../../repository/repository.ts';
import { openSource, type SourceOptions } from '../../repository/source/source-tree.ts';
import { openWantedTree } from '../../repository/past/wanted-tree.ts';

export interface VerifyOptions extends PastOptions, Partial<SourceOptions> {
  /** What the archive is compared with. */
  readonly against: RootPath;
  /** What is verified: the first of them that the archive has. By default the root, which is all. */
  readonly paths?: readonly BytePath[] | undefined;
  /** Not only the archive with its hashes: contents and metadata with those at `against`. */
  readonly compareData?: boolean;
  /** Owners are compared by the numbers in the archive, not by the names. */
  readonly numericOwner?: boolean;
}

/** What a verification has found. */
export interface VerifyResult {
  /** Of the set whose state it is. */
  readonly time: EpochSeconds;
  /** Entries of the archive, and those at `against` that it lacks. */
  readonly compared: number;
  readonly differences: number;
  /** Entries and volumes that could not be read, where that is no failure. */
  readonly damaged: number;
}

/** Reads all the volumes of a state and, where that is asked for, compares it with a tree. */
export async function verify(repository: Repository, options: VerifyOptions): Promise<VerifyResult> {
  const { accounts, emit } = repository;
  const { against, paths = [ROOT], ignoreErrors = false, compareData = false, numericOwner = false } = options;
  const { selection = [], copyLinks = false, nullSeparator = false } = options;
  const seen = { selection, copyLinks, nullSeparator, code: 'VERIFY_DIR_MISSING' } as const;
  const named = openSource(repository, against, { ...seen, leavesOut: ownPlaces(repository, 'info') });
  using lock = await lockArchive(repository);
  void lock;
  const state = await findPastState(repository, options);
  const { wanted, first, tree } = await openWantedTree(repository, state, paths, 'verify');
  let compared = 0;
  let differences = 0;
  let damaged = 0;
  try {
    const inside = fileInside(against.path, wanted, first);
    const source = inside === undefined ? named : openSource(repository, { path: inside }, seen);
    const comparer = new EntryComparer({
      open: source.open,
      content: (take) => tree.content(take),
      ownerOf: (meta) => archivedOwner({ accounts, numericOwner }, meta),
      differs,
      emit,
    });
    const present = source.walk()[Symbol.iterator]();
    let here = present.next();
    for (;;) {
      const next: Soon<Entry | undefined> = tree.next();
      const entry = next instanceof Promise ? await next : next;
      if (entry === undefined) break;
      const path = wanted === ROOT ? entry.path : bytePath(entry.path.slice(wanted.length + 1));
      for (; here.done !== true && comparePaths(here.value.path, path) < 0; here = present.next()) isNew(here.value);
      compared++;
      const other = here.done !== true && here.value.path === path ? here.value : undefined;
      if (other !== undefined) here = present.next();
      try {
        // Without a comparison deltas are applied all the same: damage in them is what a verification is for.
        const checked = compareData ? comparer.compare(path, entry.meta, other) : passOver(entry);
        if (checked instanceof Promise) await checked;
      } catch (error) {
        if (!ignoreErrors || !(error instanceof IntegrityError)) throw error;
        damaged++;
        emit({ kind: 'warning', text: `IGNORED_ERROR: ${error.message}` });
        if (compareData) differs(path, `Data for file ${shown(path)} is damaged in the archive`);
      }
    }
    for (; here.done !== true; here = present.next()) isNew(here.value);
  } finally {
    await tree.close();
  }
  await keepRates(repository);
  return { time: state.time, compared, differences, damaged: damaged + tree.damaged };

  function differs(path: BytePath, text: string): void {
    differences++;
    emit({ kind: 'difference', path, text });
  }

  function isNew({ path }: SourceEntry): void {
    compared++;
    if (compareData) differs(path, `New file ${shown(path)}`);
  }

  function passOver({ meta }: Entry): Soon<void> {
    if (meta.type === 'reg') return tree.content(() => undefined);
  }
}

/** A file that was restored into a directory is compared there. */
function fileInside(target: BytePath, wanted: BytePath, first: Entry | undefined): BytePath | undefined {
  if (wanted === ROOT || first === undefined || first.path !== wanted || first.meta.type === 'dir') return undefined;
  if (statSync(toFs(target), { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const inside = bytePath(`${target.replace(/\/$/, '')}/${basename(wanted)}`);
  return lstatSync(toFs(inside), { throwIfNoEntry: false }) === undefined ? undefined : inside;
}
