import { createReadStream } from 'node:fs';
import type { Collection } from '../../collections/collection.ts';
import { bytesBySet } from '../../collections/set-bytes.ts';
import type { BackupSet, SetId } from '../../collections/sets.ts';
import type { SquashPlan } from '../../collections/squash/plan-squash.ts';
import { listedChanges } from '../../pipeline/squash/list-cursor.ts';
import type { Repository } from '../../repository/repository.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { othersTurn } from '../../util/others-turn.ts';

/** Paths that are counted; of more no estimate is made. */
const MOST_PATHS = 500_000;

/** Stored of these sets; undefined where the listing lacks the size of one of their files. */
export function bytesOf({ remote }: Repository, collection: Collection, sets: readonly SetId[]): number | undefined {
  const bytesOfSet = bytesBySet(collection, remote.listedSizeOf);
  return sets
    .map(bytesOfSet)
    .reduce((sum, bytes) => (sum === undefined || bytes === undefined ? undefined : sum + bytes), 0);
}

/**
 * What the one will take, as far as lists of changed files tell that can be read without asking for anything: a path that
 * several sets have counts once, with what a file took on average in the newest of them.
 */
export async function estimateMerged(
  repository: Repository,
  collection: Collection,
  { sets, written, merged }: SquashPlan,
): Promise<number | undefined> {
  if (sets.length === 1 || written?.isComplete === true) return bytesOf(repository, collection, [merged]);
  const shares = new Map<BytePath, number>();
  let others = 0;
  for (const set of sets) {
    const bytes = bytesOf(repository, collection, [set]);
    const paths = await changedPaths(repository, set);
    if (bytes === undefined || paths === undefined || shares.size + paths.length > MOST_PATHS) return undefined;
    if (paths.length === 0) others += bytes;
    for (const path of paths) shares.set(path, bytes / paths.length);
  }
  let sum = others;
  for (const share of shares.values()) sum += share;
  return Math.round(sum);
}

async function changedPaths(repository: Repository, set: BackupSet): Promise<readonly BytePath[] | undefined> {
  const { archiveDir, keys, call } = repository;
  const { localManifest, manifest } = set;
  if (localManifest === undefined && (manifest === undefined || !keys.canRead(manifest))) return undefined;
  const bytes =
    localManifest === undefined
      ? fetchDecoded(repository, manifest ?? '', { signal: call.signal })
      : createReadStream(archiveDir.pathOf(localManifest));
  const paths: BytePath[] = [];
  for await (const lines of listedChanges(bytes, localManifest ?? manifest ?? '')) {
    for (const { change, path } of lines) if (change !== 'deleted') paths.push(path);
    if (paths.length > MOST_PATHS) return undefined;
    await othersTurn(call.signal);
  }
  return paths;
}
