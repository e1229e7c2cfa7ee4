import { type BytePath, bytePath, comparePaths, ROOT } from '../../util/bytepath.ts';

/** One end of a volume. */
export interface Position {
  readonly path: BytePath;
  /**
   * Number of the piece of a split file. Absent for a whole file and for a file's last piece, so that an end without a
   * block means that the file is complete.
   */
  readonly block?: number;
}

export interface VolumeRecord {
  /** From 1. */
  readonly number: number;
  readonly start: Position;
  readonly end: Position;
  /** Of the remote file, by upper-case name: `SHA1` or, in old sets, `MD5`; others are possible, none too. */
  readonly hashes: ReadonlyMap<string, string>;
}

/** The list of volumes of one set. Grammar: docs/format/manifest.md. */
export interface Manifest {
  readonly hostname?: string;
  readonly localDir?: BytePath;
  /** By number, which is the order of their members. */
  readonly volumes: readonly VolumeRecord[];
  /** Records in the file; more than volumes when a resumed backup wrote some again. */
  readonly records: number;
  /** How many changed files the manifest announces and how many it lists. They differ in a damaged list. */
  readonly fileList?: { readonly announced: number; readonly found: number };
}

/** What happened to a regular file: `new` is stored as a snapshot, `changed` as a delta. */
export type FileChange = 'new' | 'changed' | 'deleted';

/** The volumes that can hold `path` or what lies below it, in reading order. The root is in all of them. */
export function volumesFor(manifest: Manifest, path: BytePath): readonly VolumeRecord[] {
  if (path === ROOT) return manifest.volumes;
  const depth = path.split('/').length;
  return manifest.volumes.filter(
    ({ start, end }) => comparePaths(truncate(start.path, depth), path) <= 0 && comparePaths(path, end.path) <= 0,
  );
}

function truncate(path: BytePath, depth: number): BytePath {
  let cut = -1;
  for (let left = depth; left > 0; left--) {
    cut = path.indexOf('/', cut + 1);
    if (cut < 0) return path;
  }
  return bytePath(path.slice(0, cut));
}
