import type { Entry } from '../../archive/entry.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Content } from '../../target/file-writer.ts';
import { TreeWriter } from '../../target/tree-writer.ts';
import { ROOT, type BytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { archivedOwner } from '../../repository/source/archived-owner.ts';
import { checkOpenFiles } from '../../repository/check-resources.ts';
import { findPastState, type PastState, planPastTree } from '../../repository/past/past-tree.ts';
import { lockArchive } from '../../repository/lock.ts';
import { readSetManifest } from '../../repository/metadata/read-manifest.ts';
import { Relocation } from './relocate.ts';
import { checkNoFile, checkTarget, fileName, makeParent, placeFor } from './restore-target.ts';
import type { Session } from '../session.ts';
import { openWantedTree, type WantedTree } from '../../repository/past/wanted-tree.ts';

/** Restores the state of `--time`, or the path of it that is asked for, into `target`. */
export async function restore(session: Session, target: BytePath): Promise<number> {
  const { settings, emit } = session;
  const { force, time, ignoreErrors, signKey: signer } = settings;
  const paths = settings.pathToRestore ?? [ROOT];
  // Of a path it shows later whether it is a file, which has its place in a directory that is there.
  if (paths.includes(ROOT)) checkTarget({ target, force });
  else checkNoFile({ target, force });
  using lock = await lockArchive(session);
  void lock;
  checkOpenFiles();
  const state = await findPastState(session, { time, ignoreErrors, signer });
  if (settings.dryRun) {
    const { volumes } = await planPastTree(session, state, paths[0] ?? ROOT);
    emit({ kind: 'forced', text: ['Required volumes to restore:', ...volumes.map((name) => `\t${name}`)].join('\n') });
    return 0;
  }
  const found = await openWantedTree(session, state, paths, 'restore');
  try {
    const moves = { wanted: found.wanted, renames: settings.rename };
    const name = await fileName(found.wanted, () => sourceOf(session, state));
    const first = found.first && new Relocation({ ...moves, emit: () => undefined }).place(found.first);
    const place = placeFor({ target, force, first, name });
    makeParent(place);
    return await write(session, { ...found, relocation: new Relocation({ ...moves, emit }), place });
  } finally {
    await found.tree.close();
  }
}

interface Writing extends WantedTree {
  readonly relocation: Relocation;
  readonly place: BytePath;
}

async function write(session: Session, { tree, relocation, place }: Writing): Promise<number> {
  const { settings, accounts, emit } = session;
  const { numericOwner } = settings;
  const writer = new TreeWriter({
    target: place,
    ownerOf: settings.noRestoreOwnership ? undefined : (meta) => archivedOwner({ accounts, numericOwner }, meta),
    tolerant: settings.ignoreErrors,
    revisits: settings.rename.length > 0,
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
  return 0;
}

/** What was backed up, where the newest set tells. */
async function sourceOf(session: Session, { sets }: PastState): Promise<BytePath | undefined> {
  const newest = sets.at(-1);
  return newest === undefined ? undefined : (await readSetManifest(session, newest)).localDir;
}
