import type { Position, VolumeRecord } from '../../../archive/manifest/manifest.ts';
import { type BytePath, ROOT } from '../../../util/bytepath.ts';

interface Seen {
  readonly path: BytePath;
  readonly piece: number;
}

/** What a volume begins and ends with, to be held against its record. */
export interface VolumeRanges {
  member(file: string, path: BytePath, piece: number): void;
  /** What is wrong with the record of a volume that has been read to its end. */
  judge(file: string, record: VolumeRecord): { readonly path: BytePath; readonly what: string } | undefined;
}

export function watchRanges(): VolumeRanges {
  const open = new Map<string, { readonly first: Seen; last: Seen }>();
  return {
    member(file, path, piece) {
      const known = open.get(file);
      if (known === undefined) open.set(file, { first: { path, piece }, last: { path, piece } });
      else known.last = { path, piece };
    },
    judge(file, { start, end }) {
      const seen = open.get(file);
      open.delete(file);
      if (seen === undefined) {
        // One without members has whatever its writer was at.
        return start.path === end.path || start.path === ROOT ? undefined : { path: start.path, what: 'is not in it' };
      }
      if (!isAt(start, seen.first)) return { path: seen.first.path, what: 'stands before what its manifest says' };
      return isAt(end, seen.last) ? undefined : { path: seen.last.path, what: 'stands behind what its manifest says' };
    },
  };
}

/** The last piece of a file has no number in a manifest. */
function isAt({ path, block }: Position, seen: Seen): boolean {
  return path === seen.path && (block === undefined || block === seen.piece);
}
