import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { SigtarStream } from '../../archive/sigtar.ts';
import type { JournalLine } from '../../cache/journal.ts';
import { partialFiles, readPartialManifest } from '../../cache/partial.ts';
import { setKey } from '../../collections/listing.ts';
import type { Collection } from '../../collections/collection.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { type BytePath, comparePaths } from '../../util/bytepath.ts';
import type { Repository } from '../repository.ts';

/** The unfinished manifest; undefined when it is damaged. */
export async function readUnfinished({ archiveDir }: Repository, set: BackupSet): Promise<Manifest | undefined> {
  const files = partialFiles(set);
  if (files === undefined) return undefined;
  const bytes = readPartialManifest(archiveDir, files);
  try {
    return await readManifest(once(bytes), { name: files.manifest, partial: true });
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}

/**
 * The local file that holds the signatures of an unfinished set: the unfinished one, or the finished one when the run
 * died after it had uploaded that.
 */
export function unfinishedSignatures(collection: Collection, set: BackupSet): string | undefined {
  if (set.partialSignatures !== undefined) return set.partialSignatures;
  const key = setKey(set);
  return collection.local.find((file) => file.kind === 'signatures' && setKey(file) === key)?.name;
}

/** Its entries, in blocks that belong to the receiver. */
export function openUnfinishedSignatures({ archiveDir, keys, call }: Repository, name: string): SigtarStream {
  const path = join(archiveDir.path, name);
  const bytes = keys.local(name).open(path, { name, signal: call.signal });
  return new SigtarStream(bytes, { name, onWarning: () => undefined });
}

/**
 * Whether the signatures are what they were when the volume of the line ended. A power failure or a bad disk can leave
 * zeros, which look like the end of the archive.
 */
export async function areEntriesIntact(
  { archiveDir, keys, call }: Repository,
  name: string,
  line: JournalLine,
): Promise<boolean> {
  const hash = createHash('sha1');
  let left = line.signatures;
  try {
    const path = join(archiveDir.path, name);
    for await (const block of keys.local(name).open(path, { name, signal: call.signal })) {
      hash.update(block.subarray(0, left));
      left -= Math.min(left, block.length);
      if (left === 0) break;
    }
  } catch (error) {
    if (error instanceof IntegrityError) return false;
    throw error;
  }
  return left === 0 && hash.digest('hex') === line.entries;
}

/** Which of the paths have a whole entry there. */
export async function findEntries(
  repository: Repository,
  name: string,
  paths: readonly BytePath[],
): Promise<ReadonlySet<BytePath>> {
  const wanted = new Set(paths);
  const last = paths.toSorted(comparePaths).at(-1);
  const found = new Set<BytePath>();
  if (last === undefined) return found;
  const stream = openUnfinishedSignatures(repository, name);
  try {
    let open: BytePath | undefined;
    for (;;) {
      let entry = stream.next();
      if (entry instanceof Promise) entry = await entry;
      // The reader has passed the body: it is there.
      if (open !== undefined) found.add(open);
      if (entry === undefined || comparePaths(entry.path, last) > 0) return found;
      open = wanted.has(entry.path) ? entry.path : undefined;
    }
  } catch (error) {
    // Cut off where the run died.
    if (error instanceof DuplicityError) return found;
    throw error;
  } finally {
    await stream.close();
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
