import type { Entry } from '../archive/entry.ts';
import { bytePath, isWithin, joinPath, ROOT, toScreen, type BytePath } from '../util/bytepath.ts';
import type { Emit } from '../events/events.ts';

export interface Rename {
  readonly from: BytePath;
  readonly to: BytePath;
}

interface RelocateOptions {
  /** What becomes the root; every entry lies in it. */
  readonly wanted: BytePath;
  /** From paths of the archive to paths in the target; the first one that fits counts. */
  readonly renames: readonly Rename[];
  readonly emit: Emit;
}

/** Says where in the target an entry goes. */
export class Relocation {
  readonly #options: RelocateOptions;
  /** What has gone to or below the new names. */
  readonly #taken = new Map<BytePath, 'dir' | 'other'>();
  /** Entries that another one has replaced. */
  replaced = 0;

  constructor(options: RelocateOptions) {
    this.#options = options;
  }

  place(entry: Entry): Entry {
    const { wanted, renames } = this.#options;
    const path = this.#pathFor(entry.path);
    if (renames.some(({ to }) => isWithin(path, to))) this.#take(path, entry.meta.type === 'dir' ? 'dir' : 'other');
    return wanted === ROOT && path === entry.path ? entry : { ...entry, path };
  }

  #pathFor(path: BytePath): BytePath {
    const { wanted, renames } = this.#options;
    for (const { from, to } of renames) {
      if (!isWithin(path, from)) continue;
      const below = belowOf(path, from);
      return below === ROOT ? to : joinPath(to, below);
    }
    return belowOf(path, wanted);
  }

  /** Two directories become one; anything else that meets at a path is one object too many. */
  #take(path: BytePath, type: 'dir' | 'other'): void {
    const before = this.#taken.get(path);
    this.#taken.set(path, type);
    if (before === undefined || (before === 'dir' && type === 'dir')) return;
    // A directory that is not empty is not replaced: the writer says so and counts that.
    if (before !== 'dir') this.replaced++;
    const text = `Error '--rename gives it the place of another entry, which it replaces' processing ${toScreen(path)}`;
    this.#options.emit({ kind: 'warning', code: 'cannotProcess', path, text });
  }
}

function belowOf(path: BytePath, top: BytePath): BytePath {
  return top === ROOT ? path : bytePath(path.slice(top.length + 1));
}
