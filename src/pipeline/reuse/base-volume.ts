import { PIECE_SIZE } from '../../archive/difftar.ts';
import type { Position } from '../../archive/manifest/manifest.ts';
import type { EpochSeconds } from '../../util/time.ts';

/**
 * What becomes of a volume of the full backup that a new one is made beside. `clean`: copied. Its entries are stored
 * anew: `changed`: it holds something that is not as it was, or a place where something new belongs; `joined`: small, or
 * beside little that is new; `old`: nobody has read it for too long; `missing`: not there, or not known well enough;
 * `locked`: for other keys.
 */
export type Fate = 'clean' | 'changed' | 'joined' | 'old' | 'missing' | 'locked';

/** A volume of that full backup. */
export interface BaseVolume {
  readonly number: number;
  /** On the remote. */
  readonly name: string;
  readonly start: Position;
  readonly end: Position;
  /** Of the remote file, lower-case hex. */
  readonly sha1: string;
  /** Bytes of the remote file; without a listing that tells them it counts as missing. */
  readonly size: number;
  /** When its bytes were last made from a source, or found to be right. */
  readonly madeAt: EpochSeconds;
  /** `clean` as long as nothing speaks against it. */
  readonly fate: Fate;
}

/** Whether the file that the volume ends with goes on in the next one. */
export function endsInside({ end }: BaseVolume): boolean {
  return end.block !== undefined;
}

/** Pieces of the file a volume begins with that are in volumes before it. */
export function piecesBefore(volumes: readonly BaseVolume[], index: number): number {
  return volumes[index - 1]?.end.block ?? 0;
}

/** Bytes of the content of a file of `size` bytes that the volume holds, which is one of those it lies in. */
export function bytesInside(volumes: readonly BaseVolume[], index: number, path: string, size: number): number {
  const volume = volumes[index];
  if (volume === undefined) return 0;
  const before = volume.start.path === path ? piecesBefore(volumes, index) : 0;
  const end = volume.end.path === path ? volume.end.block : undefined;
  const upTo = end === undefined ? size : Math.min(size, end * PIECE_SIZE);
  return Math.max(0, upTo - before * PIECE_SIZE);
}
