import { type BytePath, comparePaths } from '../../util/bytepath.ts';
import { type BaseVolume, bytesInside, type Fate } from './base-volume.ts';

/** What a walk has found at a path. */
export interface Found {
  /** The full backup has an entry for it. */
  readonly inBase: boolean;
  /** That entry is what the path is now. */
  readonly isKept: boolean;
  /** Bytes of content it has now; 0 when it is gone. */
  readonly size: number;
}

/** Of one volume, or of what lies between two. */
export interface Extent {
  /** Bytes of content that belong there now. */
  bytes: number;
  /** Something belongs there. */
  entries: number;
}

/** What a walk has told of the volumes. */
export interface Marked {
  readonly volumes: readonly BaseVolume[];
  readonly fates: Fate[];
  /** By volume. */
  readonly inside: readonly Extent[];
  /** What is new before each volume, and behind the last: one more than volumes. */
  readonly between: readonly Extent[];
}

/**
 * Finds out, while a walk of the source goes by in index order, which volumes still hold exactly what is there: every
 * entry with a piece in them is as it was, and nothing new belongs between their first entry and their last. Memory grows
 * with the number of volumes only.
 */
export class VolumeMarks {
  readonly #volumes: readonly BaseVolume[];
  readonly #fates: Fate[];
  readonly #inside: Extent[];
  readonly #between: Extent[];
  /** The first volume that does not end before the paths to come. */
  #at = 0;
  /** Volumes whose first and last entry were met. */
  readonly #begun = new Set<number>();
  readonly #ended = new Set<number>();

  /** Volumes in the order of their entries. */
  constructor(volumes: readonly BaseVolume[]) {
    this.#volumes = volumes;
    this.#fates = volumes.map(({ fate }) => fate);
    this.#inside = volumes.map(() => ({ bytes: 0, entries: 0 }));
    this.#between = [...volumes, undefined].map(() => ({ bytes: 0, entries: 0 }));
  }

  /** Whether more than one volume holds pieces of the entry of a path, which is the next to be told of. */
  isSplit(path: BytePath): boolean {
    this.#pass(path);
    return this.#volumes[this.#at]?.end.path === path && this.#volumes[this.#at + 1]?.start.path === path;
  }

  /** Each path once, in index order. */
  tell(path: BytePath, { inBase, isKept, size }: Found): void {
    this.#pass(path);
    let isHeld = false;
    for (let index = this.#at; ; index++) {
      const volume = this.#volumes[index];
      if (volume === undefined || comparePaths(volume.start.path, path) > 0) {
        if (!isHeld) this.#count(this.#between[index], size);
        return;
      }
      isHeld = true;
      if (inBase && volume.start.path === path) this.#begun.add(index);
      if (inBase && volume.end.path === path) this.#ended.add(index);
      if (!isKept && this.#fates[index] === 'clean') this.#fates[index] = 'changed';
      this.#count(this.#inside[index], bytesInside(this.#volumes, index, path, size));
    }
  }

  /** An entry of the full backup that is not there any more; in any order. */
  gone(path: BytePath): void {
    let low = 0;
    for (let high = this.#volumes.length; low < high;) {
      const middle = (low + high) >> 1;
      if (comparePaths(this.#volumes[middle]?.end.path ?? '', path) < 0) low = middle + 1;
      else high = middle;
    }
    for (let index = low; ; index++) {
      const volume = this.#volumes[index];
      if (volume === undefined || comparePaths(volume.start.path, path) > 0) return;
      if (this.#fates[index] === 'clean') this.#fates[index] = 'changed';
    }
  }

  /** Nothing more is to come. Volumes whose entries are not those that their record names are not relied on. */
  finish(): Marked {
    for (const index of this.#volumes.keys()) {
      const isKnown = this.#begun.has(index) && this.#ended.has(index);
      if (!isKnown && this.#fates[index] === 'clean') this.#fates[index] = 'changed';
    }
    return { volumes: this.#volumes, fates: this.#fates, inside: this.#inside, between: this.#between };
  }

  #pass(path: BytePath): void {
    for (;;) {
      const volume = this.#volumes[this.#at];
      if (volume === undefined || comparePaths(volume.end.path, path) >= 0) return;
      this.#at++;
    }
  }

  #count(extent: Extent | undefined, size: number): void {
    if (extent === undefined) return;
    extent.entries++;
    extent.bytes += size;
  }
}
