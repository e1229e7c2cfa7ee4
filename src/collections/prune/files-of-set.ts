import type { Collection } from '../collection.ts';
import type { Deletion } from '../deletion.ts';
import { type ListedFile, setKey } from '../listing.ts';
import type { SetId } from '../sets.ts';

/** What is not there any more of a set tells what is left to be. */
const ORDER: Readonly<Record<ListedFile['kind'], number>> = { manifest: 0, signatures: 1, volume: 2, jsonstat: 3 };

/**
 * Finds all files of a set by names, in order of deletion. Its manifest comes first: without it the set is none, and what
 * a run that dies then has left is what `cleanup` takes. The copies in the archive dir come last.
 */
export function filesBySet({ remote, local }: Collection): (set: SetId) => readonly Deletion[] {
  const bySet = new Map<string, Deletion[]>();
  const add = (place: Deletion['place'], files: readonly ListedFile[]): void => {
    for (const file of files.toSorted((a, b) => ORDER[a.kind] - ORDER[b.kind] || numberOf(b) - numberOf(a))) {
      const known = bySet.get(setKey(file));
      if (known === undefined) bySet.set(setKey(file), [{ place, name: file.name }]);
      else known.push({ place, name: file.name });
    }
  };
  add('remote', remote);
  add('local', local);
  return (set) => bySet.get(setKey(set)) ?? [];
}

function numberOf(file: ListedFile): number {
  return file.kind === 'volume' ? file.volume : 0;
}
