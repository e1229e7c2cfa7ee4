import type { BackupSet } from '../collections/sets.ts';
import type { ArchiveDir } from './archive-dir.ts';

/** What an interrupted run left of a set in the archive dir. Both files are plain and uncompressed. */
export interface PartialFiles {
  /** Name of the unfinished manifest. */
  readonly manifest: string;
  /** Name of the unfinished signatures, if there are any. */
  readonly signatures: string | undefined;
}

/** The unfinished files of a partial set; undefined for any other. */
export function partialFiles(set: BackupSet): PartialFiles | undefined {
  if (set.partialManifest === undefined) return undefined;
  return { manifest: set.partialManifest, signatures: set.partialSignatures };
}

/** The bytes of the unfinished manifest, for the reader of manifests. */
export function readPartialManifest(archiveDir: ArchiveDir, files: PartialFiles): Buffer {
  return archiveDir.read(files.manifest);
}

/** Gives the set up locally, its manifest last: it is what makes the set partial, so a second try finds it again. */
export function removePartial(archiveDir: ArchiveDir, files: PartialFiles): void {
  if (files.signatures !== undefined) archiveDir.remove(files.signatures);
  archiveDir.remove(files.manifest);
}

/**
 * Removes unfinished files that nothing can resume from (`Collection.staleParts`). That ends the state a run leaves when
 * it dies after the upload of its manifest, of which every later command of the reference dies: the remote manifest
 * counts, and the next sync fetches it.
 */
export function dropStaleParts(archiveDir: ArchiveDir, staleParts: readonly string[]): void {
  for (const name of staleParts) archiveDir.remove(name);
}
