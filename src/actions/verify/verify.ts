import { lstatSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Entry } from '../../archive/entry.ts';
import { IntegrityError } from '../../errors/errors.ts';
import type { RootPath } from '../../source/root.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { bytePath, comparePaths, ROOT, shown, toFs, type BytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { archivedOwner } from '../../repository/source/archived-owner.ts';
import { EntryComparer } from './compare-entry.ts';
import { findPastState } from '../../repository/past/past-tree.ts';
import { lockArchive } from '../../repository/lock.ts';
import { ownPlaces } from '../../repository/source/own-places.ts';
import type { Session } from '../session.ts';
import { openSource } from '../../repository/source/source-tree.ts';
import { openWantedTree } from '../../repository/past/wanted-tree.ts';

/** Reads all the volumes of a state and, with `--compare-data`, compares it with the tree at `target`. */
export async function verify(session: Session, target: RootPath): Promise<number> {
  const { settings, accounts, emit } = session;
  const { time, ignoreErrors, signKey: signer, numericOwner } = settings;
  const code = 'VERIFY_DIR_MISSING';
  const named = openSource(session, target, { ...settings, code, leavesOut: ownPlaces(session, 'info') });
  using lock = await lockArchive(session);
  void lock;
  const state = await findPastState(session, { time, ignoreErrors, signer });
  const { wanted, first, tree } = await openWantedTree(session, state, settings.pathToRestore ?? [ROOT], 'verify');
  const inside = fileInside(target.path, wanted, first);
  const source = inside === undefined ? named : openSource(session, { path: inside }, { ...settings, code });
  const comparer = new EntryComparer({
    open: source.open,
    content: (take) => tree.content(take),
    ownerOf: (meta) => archivedOwner({ accounts, numericOwner }, meta),
    differs,
    emit,
  });
  let compared = 0;
  let differences = 0;
  let damaged = 0;
  try {
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
        const checked = check(path, entry, other);
        if (checked instanceof Promise) await checked;
      } catch (error) {
        if (!settings.ignoreErrors || !(error instanceof IntegrityError)) throw error;
        damaged++;
        emit({ kind: 'warning', text: `IGNORED_ERROR: ${error.message}` });
        if (settings.compareData) differs(`Data for file ${shown(path)} is damaged in the archive`);
      }
    }
    for (; here.done !== true; here = present.next()) isNew(here.value);
  } finally {
    await tree.close();
  }
  emit({ kind: 'verified', compared, differences });
  return differences > 0 || damaged > 0 || tree.damaged > 0 ? 1 : 0;

  function differs(what: string): void {
    differences++;
    emit({ kind: 'notice', text: `Difference found: ${what}` });
  }

  function isNew({ path }: SourceEntry): void {
    compared++;
    if (settings.compareData) differs(`New file ${shown(path)}`);
  }

  /** Without `--compare-data` deltas are applied all the same: damage in them is what a verification is for. */
  function check(path: BytePath, { meta }: Entry, other: SourceEntry | undefined): Soon<void> {
    if (settings.compareData) return comparer.compare(path, meta, other);
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
