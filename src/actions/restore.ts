import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from '../archive/entry.ts';
import { LocalError } from '../errors/errors.ts';
import type { Content } from '../target/file-writer.ts';
import { TreeWriter } from '../target/tree-writer.ts';
import { ROOT, toFs, toScreen, type BytePath } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import { archivedOwner } from './archived-owner.ts';
import { checkResources } from './check-resources.ts';
import { openPastTree, planPastTree } from './past-tree.ts';
import { lockArchive } from './lock.ts';
import { Relocation } from './relocate.ts';
import type { Session } from './session.ts';

/** Restores the state of `--time`, or the path of it that is asked for, into `target`. */
export async function restore(session: Session, target: BytePath): Promise<number> {
  const { settings, emit } = session;
  checkTarget(target, settings.force);
  using lock = await lockArchive(session);
  void lock;
  checkResources(session);
  const plan = await planPastTree(session);
  if (settings.dryRun) {
    emit({
      kind: 'forced',
      text: ['Required volumes to restore:', ...plan.volumes.map((name) => `\t${name}`)].join('\n'),
    });
    return 0;
  }
  makeParent(target);
  const tree = await openPastTree(session, plan);
  const writer = new TreeWriter({
    target,
    ownerOf: settings.noRestoreOwnership ? undefined : (meta) => archivedOwner(session, meta),
    tolerant: settings.ignoreErrors,
    revisits: settings.rename.length > 0,
    emit,
  });
  const wanted = settings.pathToRestore ?? ROOT;
  const relocation = new Relocation({ wanted, renames: settings.rename, emit });
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
    await tree.close();
  }
  if (found === 0) throw nothingFound(wanted);
  const missing = writer.failures + relocation.replaced + tree.damaged;
  if (missing > 0) {
    const entries = missing === 1 ? '1 entry' : `${missing} entries`;
    throw new LocalError('INCOMPLETE', `The restore is incomplete: ${entries} could not be restored.`, {
      hint: `The warnings above name ${missing === 1 ? 'it' : 'them'}.`,
    });
  }
  return 0;
}

function checkTarget(target: BytePath, force: boolean): void {
  if (force) return;
  const there = lstatSync(toFs(target), { throwIfNoEntry: false });
  if (there === undefined || (there.isDirectory() && isEmpty(target))) return;
  throw new LocalError(
    'RESTORE_DIR_EXISTS',
    `Restore destination directory ${toScreen(target)} already exists.\nWill not overwrite.`,
    { hint: 'Name a new or empty directory, or add --force to restore over what is there.' },
  );
}

/** A directory that cannot be looked into may hold anything. */
function isEmpty(target: BytePath): boolean {
  try {
    return readdirSync(toFs(target)).length === 0;
  } catch {
    return false;
  }
}

function makeParent(target: BytePath): void {
  try {
    mkdirSync(toFs(dirname(target)), { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LocalError('GENERIC', `The directory for ${toScreen(target)} cannot be made: ${reason}.`, {
      cause,
      hint: 'Name a target in a place where directories can be made.',
    });
  }
}

function nothingFound(wanted: BytePath): LocalError {
  if (wanted === ROOT) {
    return new LocalError('NOTHING_RESTORED', 'No files found in archive - nothing restored.', {
      hint: 'The backup of that time holds nothing: take another one with --time.',
    });
  }
  return new LocalError('RESTORE_PATH_NOT_FOUND', `${toScreen(wanted)} not found in archive - no files restored.`, {
    hint: 'Paths are relative to the root of the backup; list-current-files shows them.',
  });
}
