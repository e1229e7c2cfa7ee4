import { type FileName, parseName, type Prefixes } from '../archive/names/names.ts';

/** How names are to be read; what `parseName` takes. */
export interface Naming {
  readonly prefixes?: Prefixes;
  readonly timeSeparator?: string;
}

/** A name of a listing and what it says. */
export type ListedFile = FileName & { readonly name: string };

/** Names of one place that are ours, in name order, so that nothing depends on the order of a listing. */
export function readListing(names: Iterable<string>, naming: Naming = {}): readonly ListedFile[] {
  const files: ListedFile[] = [];
  for (const name of new Set(names)) {
    const parsed = parseName(name, naming);
    if (parsed !== undefined) files.push({ ...parsed, name });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Equal for all files of one set, signatures included. */
export function setKey(file: Pick<FileName, 'type' | 'start' | 'end'>): string {
  return `${file.type} ${file.start} ${file.end}`;
}

/** What `setKey` makes, read again. */
export function parseSetKey(key: string): Pick<FileName, 'type' | 'start' | 'end'> | undefined {
  const [, type, start, end] = /^(full|inc) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)$/.exec(key) ?? [];
  if (type !== 'full' && type !== 'inc') return undefined;
  return { type, start: Number(start), end: Number(end) };
}

/** Order of sets: by end time; of two that end together the later started one comes last. */
export function byTime(a: Pick<FileName, 'start' | 'end'>, b: Pick<FileName, 'start' | 'end'>): number {
  return a.end - b.end || a.start - b.start;
}
