import { lstatSync, rmSync } from 'node:fs';
import { IntegrityError } from '../../errors/errors.ts';
import type { PastState } from '../../repository/past/past-tree.ts';
import { openWantedTree } from '../../repository/past/wanted-tree.ts';
import type { Repository } from '../../repository/repository.ts';
import { type BytePath, joinPath, shown, toFs } from '../../util/bytepath.ts';
import { FileComparer, SignatureComparer } from './compare-file.ts';
import { isUnchangedSince, type LaidSignature } from './drill-listing.ts';

/** What became of one file. */
export interface DrilledFile {
  readonly bytes: number;
  /** Files of the store that were read for it. */
  readonly volumes: readonly string[];
  readonly fitsSignature: boolean;
  /** undefined: there is none to compare with. */
  readonly source: 'same' | 'different' | 'changed' | undefined;
}

interface Limits {
  readonly files: number;
  readonly bytes: number;
  readonly isOfNewest: (path: BytePath) => boolean;
}

/** As many as fit, one of the newest set before others where one does; but one at least: the smallest. */
export function fitting(
  candidates: readonly LaidSignature[],
  { files, bytes, isOfNewest }: Limits,
): readonly LaidSignature[] {
  const first = candidates.find(({ path, most }) => isOfNewest(path) && most <= bytes);
  const inOrder = first === undefined ? candidates : [first, ...candidates.filter((one) => one !== first)];
  let left = bytes;
  const chosen = inOrder.filter(({ most }) => {
    if (most > left) return false;
    left -= most;
    return true;
  });
  return chosen.length > 0 ? chosen.slice(0, files) : candidates.toSorted((a, b) => a.most - b.most).slice(0, 1);
}

/** Reads a file out of its volumes, as a restore does, and compares what comes. Nothing of it is kept. */
export async function drillFile(
  repository: Repository,
  state: PastState,
  { path, file }: LaidSignature,
  root: BytePath | undefined,
): Promise<DrilledFile> {
  const { tree, volumes } = await openWantedTree(repository, state, [path], 'restore');
  try {
    const entry = await tree.next();
    if (entry?.meta.type !== 'reg') throw new IntegrityError('DAMAGED', `${shown(path)} is no file in its volumes.`);
    using signature = new SignatureComparer(file);
    using source = openSource(root, path, entry.meta.mtime);
    let bytes = 0;
    for await (const block of tree.blocks()) {
      bytes += block.length;
      signature.update(block);
      source?.update(block);
    }
    if (tree.damaged > 0) throw new IntegrityError('DAMAGED', `${shown(path)} could not be read whole.`);
    const isSame = source?.finish() === true;
    // What was changed while it was read tells nothing either.
    const isOld = root !== undefined && isUnchangedSince(root, path, state.time);
    const different = isOld && source !== undefined ? 'different' : 'changed';
    return {
      bytes,
      volumes,
      fitsSignature: signature.finish(),
      source: root === undefined ? undefined : isSame ? 'same' : different,
    };
  } finally {
    await tree.close();
    rmSync(file, { force: true });
  }
}

/** undefined: it is not there as it was. */
function openSource(root: BytePath | undefined, path: BytePath, mtime: number): FileComparer | undefined {
  if (root === undefined) return undefined;
  const name = toFs(joinPath(root, path));
  try {
    const stats = lstatSync(name);
    return stats.isFile() && Math.floor(stats.mtimeMs / 1000) === mtime ? new FileComparer(name) : undefined;
  } catch {
    return undefined;
  }
}
