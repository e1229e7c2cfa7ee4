import { LocalError } from '../../errors/errors.ts';
import { checkOpenFiles } from '../../repository/preflight/resources.ts';
import { lockArchive } from '../../repository/lock.ts';
import { findPastState, type PastOptions } from '../../repository/past/past-tree.ts';
import { openWantedTree, type WantedTree } from '../../repository/past/wanted-tree.ts';
import type { Repository } from '../../repository/repository.ts';
import { type BytePath, shown } from '../../util/bytepath.ts';

/** Damage is never passed over: what is given is the file, or it ends with an error. */
export type ReadFileOptions = Omit<PastOptions, 'ignoreErrors'>;

/**
 * The bytes of one regular file as it was at a time; only the volumes that can hold it are fetched. The blocks belong to the
 * receiver; who stops before the end lets go of everything. The archive dir is locked until the first one is there.
 */
export async function* readFile(
  repository: Repository,
  path: BytePath,
  options: ReadFileOptions = {},
): AsyncGenerator<Buffer> {
  const { tree } = await openFile(repository, path, options);
  try {
    const entry = await tree.next();
    if (entry !== undefined && entry.meta.type !== 'reg') throw notFile(path, entry.meta.type);
    for await (const block of tree.blocks()) yield Buffer.from(block);
    if (tree.damaged > 0) {
      throw new LocalError('INCOMPLETE', `${shown(path)} could not be read whole.`, {
        hint: 'The warnings tell what is damaged; an earlier or later backup may hold it whole.',
      });
    }
  } finally {
    await tree.close();
  }
}

async function openFile(repository: Repository, path: BytePath, options: ReadFileOptions): Promise<WantedTree> {
  using lock = await lockArchive(repository);
  void lock;
  checkOpenFiles();
  const state = await findPastState(repository, { time: options.time, signer: options.signer });
  return openWantedTree(repository, state, [path], 'restore');
}

const CALLED = { dir: 'a directory', sym: 'a symbolic link', fifo: 'a named pipe', chr: 'a device', blk: 'a device' };

function notFile(path: BytePath, type: keyof typeof CALLED): LocalError {
  return new LocalError('GENERIC', `${shown(path)} is ${CALLED[type]}, which has no content to read.`, {
    hint: 'Name a regular file, or restore it.',
  });
}
