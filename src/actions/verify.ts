import { lstatSync } from 'node:fs';
import type { Entry, Metadata } from '../archive/entry.ts';
import { IntegrityError, LocalError } from '../errors/errors.ts';
import { ContentComparer, type Comparison, type Content } from '../pipeline/compare-content.ts';
import type { OpenedFile } from '../source/open-file.ts';
import type { SourceEntry } from '../source/source-entry.ts';
import { bytePath, comparePaths, isWithin, ROOT, toFs, toScreen, type BytePath } from '../util/bytepath.ts';
import { errorCode } from '../util/errno.ts';
import type { Soon } from '../util/soon.ts';
import { asctime } from '../util/time.ts';
import { archivedOwner } from './archived-owner.ts';
import { openPastTree, planPastTree } from './past-tree.ts';
import { lockArchive } from './lock.ts';
import type { Session } from './session.ts';
import { openSource } from './source-tree.ts';

/** Reads all the volumes of a state and, with `--compare-data`, compares it with the tree at `target`. */
export async function verify(session: Session, target: BytePath): Promise<number> {
  const { settings, emit } = session;
  if (lstatSync(toFs(target), { throwIfNoEntry: false }) === undefined) {
    throw new LocalError('VERIFY_DIR_MISSING', `Verify directory ${toScreen(target)} does not exist`, {
      hint: 'Name the directory that was backed up, or another one to compare with.',
    });
  }
  const source = openSource(session, target);
  using lock = await lockArchive(session);
  void lock;
  const plan = await planPastTree(session);
  const tree = await openPastTree(session, plan);
  const wanted = settings.pathToRestore ?? ROOT;
  const comparer = new ContentComparer();
  const content: Content = (take) => tree.content(take);
  const passOver = (): Soon<void> => tree.content(() => undefined);
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
      if (!isWithin(entry.path, wanted)) {
        if (comparePaths(entry.path, wanted) > 0) break;
        continue;
      }
      const path = wanted === ROOT ? entry.path : bytePath(entry.path.slice(wanted.length + 1));
      for (; here.done !== true && comparePaths(here.value.path, path) < 0; here = present.next()) isNew(here.value);
      compared++;
      const other = here.done !== true && here.value.path === path ? here.value : undefined;
      if (other !== undefined) here = present.next();
      try {
        const checked = check(path, entry.meta, other);
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

  /** Whatever there is to compare with, all of the archive is read: damage in it is what a verification is for. */
  function check(path: BytePath, meta: Metadata, other: SourceEntry | undefined): Soon<void> {
    if (settings.compareData) {
      const what = other === undefined ? `File ${shown(path)} is missing` : difference(meta, other, ownerOf);
      if (what === undefined && meta.type === 'reg' && other !== undefined) return checkData(other);
      if (what !== undefined) differs(what);
    }
    if (meta.type === 'reg') return passOver();
  }

  function checkData(other: SourceEntry): Soon<void> {
    let file: OpenedFile;
    try {
      file = source.open(other);
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      reportData(other, error);
      return passOver();
    }
    const result = comparer.compare(file, content);
    if (result instanceof Promise) return result.then((later) => reportData(other, later));
    reportData(other, result);
  }

  function reportData({ path }: SourceEntry, result: Comparison): void {
    if (result === 'different') differs(`Data for file ${shown(path)} is different`);
    if (!(result instanceof LocalError)) return;
    // Gone since the walk saw it, as files of a living tree are.
    if (isAbsence(result)) {
      differs(`File ${shown(path)} is missing`);
      return;
    }
    emit({ kind: 'warning', code: 'cannotRead', path, text: result.message });
    differs(`Data for file ${shown(path)} cannot be compared`);
  }

  function ownerOf(meta: Metadata): { readonly uid: number; readonly gid: number } {
    return archivedOwner(session, meta);
  }
}

/** The first difference of a path but that of data, in the order in which the reference looks for them. */
function difference(
  meta: Metadata,
  { path, meta: is }: SourceEntry,
  ownerOf: (meta: Metadata) => { readonly uid: number; readonly gid: number },
): string | undefined {
  if (is.type !== meta.type) return `File ${shown(path)} has type ${is.type}, expected ${meta.type}`;
  if (meta.type === 'sym') {
    return is.link === meta.link
      ? undefined
      : `Symlink ${shown(path)} points to ${toScreen(is.link)}, expected ${toScreen(meta.link)}`;
  }
  const { uid, gid } = ownerOf(meta);
  if (is.uid !== uid || is.gid !== gid || is.mode !== meta.mode) {
    const expected = `${uid}:${gid} ${meta.mode.toString(8)}`;
    return `File ${shown(path)} has permissions ${is.uid}:${is.gid} ${is.mode.toString(8)}, expected ${expected}`;
  }
  if (meta.type === 'chr' || meta.type === 'blk') {
    return is.major === meta.major && is.minor === meta.minor
      ? undefined
      : `Device file ${shown(path)} has numbers (${is.major}, ${is.minor}), expected (${meta.major}, ${meta.minor})`;
  }
  if (is.mtime !== meta.mtime && (is.mtime > 0 || meta.mtime > 0)) {
    return `File ${shown(path)} has mtime ${asctime(is.mtime)}, expected ${asctime(meta.mtime)}`;
  }
  return undefined;
}

function isAbsence({ cause }: LocalError): boolean {
  return errorCode(cause) === 'ENOENT';
}

function shown(path: BytePath): string {
  return path === ROOT ? '.' : toScreen(path);
}
