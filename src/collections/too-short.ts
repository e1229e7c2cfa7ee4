import { type ListedFile, setKey } from './listing.ts';

/** A session key and an encrypted packet with its random prefix. */
const LEAST_OPENPGP = 20;
/** Header, an empty block and the trailer. */
const LEAST_GZIP = 20;
/** One header of a tar archive. */
const LEAST_TAR = 512;
/** `Volume 1:` */
const LEAST_MANIFEST = 9;

/**
 * Files that their size alone tells to be nothing of what their names say: uploads that were cut off, or of which a full
 * disk has kept the name only. What no size is known of is fine.
 */
export function tooShort(
  files: readonly ListedFile[],
  sizeOf: (name: string) => number | undefined,
): readonly ListedFile[] {
  const short = files.filter((file) => (sizeOf(file.name) ?? Infinity) < least(file));
  if (short.length === 0) return short;
  const last = new Map<string, number>();
  for (const file of files) {
    if (file.kind === 'volume') last.set(setKey(file), Math.max(file.volume, last.get(setKey(file)) ?? 0));
  }
  return short.filter((file) => !mayBeEmpty(file) || sizeOf(file.name) !== 0 || last.get(setKey(file)) !== file.volume);

  /**
   * An increment that found no change is one plain volume without a byte, and the reference may end any set with such a
   * one. A full begins with an entry for the root.
   */
  function mayBeEmpty(file: ListedFile): file is ListedFile & { readonly kind: 'volume' } {
    if (file.kind !== 'volume' || file.encrypted || file.compressed) return false;
    return file.type === 'inc' || file.volume > 1;
  }
}

/** Bytes of the smallest file of its kind. Statistics hold nothing that a backup needs. */
function least({ kind, encrypted, compressed }: ListedFile): number {
  if (kind === 'jsonstat') return 0;
  if (encrypted) return LEAST_OPENPGP;
  if (compressed) return LEAST_GZIP;
  return kind === 'manifest' ? LEAST_MANIFEST : LEAST_TAR;
}
