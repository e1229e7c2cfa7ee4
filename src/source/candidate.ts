import type { Stats } from 'node:fs';
import type { FileType } from '../archive/entry.ts';
import type { Subject } from '../selection/condition.ts';
import type { BytePath } from '../util/bytepath.ts';
import { listDirectory, type Listing } from './listing.ts';

interface Kind {
  readonly type: FileType;
  readonly mtime: number;
  readonly isBroken?: boolean;
}

/** A path with its numbers, while the selection looks at it and until it becomes an entry. */
export class Candidate implements Subject {
  /** For the system: the root as given, joined with the relative path. */
  readonly path: BytePath;
  readonly stats: Stats;
  readonly type: FileType;
  readonly mtime: number;
  readonly device: number;
  /** A link that should be followed and leads nowhere. */
  readonly isBroken: boolean;
  #listing: Listing | undefined;

  constructor(path: BytePath, stats: Stats, kind: Kind) {
    this.path = path;
    this.stats = stats;
    this.type = kind.type;
    this.mtime = kind.mtime;
    this.device = stats.dev;
    this.isBroken = kind.isBroken === true;
  }

  /** Read once, be it for a condition or for the walk. */
  list(): Listing {
    this.#listing ??= listDirectory(this.path);
    return this.#listing;
  }

  holds(name: string): boolean {
    return this.list().names?.includes(name) === true;
  }
}
