import { lstatSync } from 'node:fs';
import type { Entry } from '../archive/entry.ts';
import { LocalError } from '../errors/errors.ts';
import { contentDiffers } from '../pipeline/compare-content.ts';
import type { SourceEntry } from '../source/source-entry.ts';
import { bytePath, comparePaths, isWithin, ROOT, toFs, toScreen, type BytePath } from '../util/bytepath.ts';
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
  let compared = 0;
  let differences = 0;
  const differs = (what: string): void => {
    differences++;
    emit({ kind: 'notice', text: `Difference found: ${what}` });
  };
  try {
    const present = source.walk()[Symbol.iterator]();
    let here = present.next();
    for (let entry = await tree.next(); entry !== undefined; entry = await tree.next()) {
      if (!isWithin(entry.path, wanted)) {
        if (comparePaths(entry.path, wanted) > 0) break;
        continue;
      }
      const path = wanted === ROOT ? entry.path : bytePath(entry.path.slice(wanted.length + 1));
      for (; here.done !== true && comparePaths(here.value.path, path) < 0; here = present.next()) {
        compared++;
        if (settings.compareData) differs(`New file ${shown(here.value.path)}`);
      }
      compared++;
      const other = here.done !== true && here.value.path === path ? here.value : undefined;
      if (other !== undefined) here = present.next();
      if (!settings.compareData) {
        // Deltas are applied all the same: damage in them is what a verification is for.
        if (entry.meta.type === 'reg') await tree.content(() => undefined);
        continue;
      }
      const what = other === undefined ? `File ${shown(path)} is missing` : await difference(entry, other);
      if (what !== undefined) differs(what);
    }
    for (; here.done !== true; here = present.next()) {
      compared++;
      if (settings.compareData) differs(`New file ${shown(here.value.path)}`);
    }
  } finally {
    await tree.close();
  }
  emit({ kind: 'verified', compared, differences });
  return differences > 0 || tree.damaged > 0 ? 1 : 0;

  /** The first difference of a path, in the order in which the reference looks for them. */
  async function difference(entry: Entry, other: SourceEntry): Promise<string | undefined> {
    const name = shown(other.path);
    const { meta } = entry;
    const is = other.meta;
    if (is.type !== meta.type) return `File ${name} has type ${is.type}, expected ${meta.type}`;
    if (meta.type === 'sym') {
      return is.link === meta.link
        ? undefined
        : `Symlink ${name} points to ${toScreen(is.link)}, expected ${toScreen(meta.link)}`;
    }
    const owner = archivedOwner(session, meta);
    const expected = `${owner.uid}:${owner.gid} ${meta.mode.toString(8)}`;
    const actual = `${is.uid}:${is.gid} ${is.mode.toString(8)}`;
    if (actual !== expected) return `File ${name} has permissions ${actual}, expected ${expected}`;
    if (meta.type === 'chr' || meta.type === 'blk') {
      return is.major === meta.major && is.minor === meta.minor
        ? undefined
        : `Device file ${name} has numbers (${is.major}, ${is.minor}), expected (${meta.major}, ${meta.minor})`;
    }
    if (is.mtime !== meta.mtime && (is.mtime > 0 || meta.mtime > 0)) {
      return `File ${name} has mtime ${asctime(is.mtime)}, expected ${asctime(meta.mtime)}`;
    }
    if (meta.type !== 'reg') return undefined;
    return (await contentDiffers(source.open(other), (take) => tree.content(take)))
      ? `Data for file ${name} is different`
      : undefined;
  }
}

function shown(path: BytePath): string {
  return path === ROOT ? '.' : toScreen(path);
}
