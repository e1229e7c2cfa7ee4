import type { ListedFile } from '../../collections/listing.ts';
import { type BackupSet, hasVolumes } from '../../collections/sets.ts';
import { ChainError, type DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { asctime } from '../../util/time.ts';
import type { Place, StoredSet } from './place.ts';

/** What of a set has to be sent. */
export interface SetCopy {
  readonly stored: StoredSet & { readonly set: BackupSet };
  /** The names of all its files, in the order in which they are sent. */
  readonly all: { readonly files: readonly string[]; readonly manifests: readonly string[] };
  /** What lies there of it. */
  readonly there: StoredSet | undefined;
  /** What is lacking there or has another size, without the manifest: a file's companions before it. */
  readonly files: readonly string[];
  /** The manifest with its companions, it last; empty where it is there. */
  readonly manifests: readonly string[];
}

interface Sizes {
  here(name: string): number | undefined;
  /** Of a file that is there: undefined where the place does not tell. */
  there(name: string): number | undefined;
}

interface Comparands {
  readonly here: Place;
  readonly there: Place;
  readonly sizes: Sizes;
  /** Recovery files that show here are copied, too. */
  readonly keepsCompanions: boolean;
}

/** Compares a set by names and sizes. A size that a place does not tell counts as right where the set is complete. */
export function planCopy(stored: SetCopy['stored'], { here, there, sizes, keepsCompanions }: Comparands): SetCopy {
  const other = there.sets.get(stored.key);
  const isComplete = other !== undefined && other.manifests.length > 0;
  const isThere = (name: string): boolean => {
    if (!there.names.has(name)) return false;
    const [size, found] = [sizes.here(name), sizes.there(name)];
    return size === undefined || found === undefined ? isComplete : size === found;
  };
  const named = ({ name }: ListedFile): readonly string[] => [
    ...(keepsCompanions ? here.companionsOf(name) : []),
    name,
  ];
  const all = {
    files: stored.files.flatMap(named),
    manifests: stored.manifests
      .toSorted((a, b) => Number(a.name === stored.set.manifest) - Number(b.name === stored.set.manifest))
      .flatMap(named),
  };
  const lacking = (names: readonly string[]): readonly string[] => names.filter((name) => !isThere(name));
  return { stored, all, there: other, files: lacking(all.files), manifests: lacking(all.manifests) };
}

/** Why a set cannot be copied, as far as names tell. */
export function obstacle({ stored, there }: SetCopy): DuplicityError | undefined {
  const { set, files } = stored;
  const when = asctime(set.end);
  const ours = new Map<string, Set<string>>();
  for (const file of [...files, ...stored.manifests]) {
    ours.set(placeOf(file), (ours.get(placeOf(file)) ?? new Set()).add(file.name));
  }
  const surplus = there?.files.find((file) => file.kind === 'volume' && !ours.has(placeOf(file)));
  if (!hasVolumes(set) || surplus !== undefined) {
    const isWhole = there?.set !== undefined && there.manifests.length > 0 && hasVolumes(there.set);
    const lost = surplus === undefined ? 'volumes' : `a volume that is at the other place (${surplus.name})`;
    return new IntegrityError('DAMAGED', `The backup set of ${when} lacks ${lost}: it is not copied.`, {
      hint: isWhole
        ? 'It is whole at the other place: mirror it back from there.'
        : 'See what is left with "collection-status", and what can be restored with "verify".',
    });
  }
  const other = [...(there?.files ?? []), ...(there?.manifests ?? [])].find(
    (file) => ours.get(placeOf(file))?.has(file.name) === false,
  );
  if (other === undefined) return undefined;
  return new ChainError(
    'ENCRYPTION_MISMATCH',
    `Of the backup set of ${when} there is ${other.name}, which has another name here: it is not the same backup.`,
    { hint: 'Mirror to another place, or remove what is there.' },
  );
}

/** Equal for files of a set that stand for the same. */
function placeOf(file: ListedFile): string {
  return file.kind === 'volume' ? `volume ${file.volume}` : file.kind;
}
