import type { Entry } from '../../archive/entry.ts';
import { bytePath, isWithin, joinPath, ROOT, shown, type BytePath } from '../../util/bytepath.ts';
import type { Emit } from '../../events/events.ts';

export interface Rename {
  readonly from: BytePath;
  readonly to: BytePath;
}

interface RelocateOptions {
  /** What becomes the root; every entry lies in it. */
  readonly wanted: BytePath;
  /**
   * From paths below `wanted` to paths in the target. The one that fits most of the path counts, of equal ones the last.
   * (Observed with 0.8.22; deja-dup names both where one file goes to a home directory of another name.)
   */
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

  #pathFor(archived: BytePath): BytePath {
    const { wanted, renames } = this.#options;
    const path = belowOf(archived, wanted);
    let best: Rename | undefined;
    for (const rename of renames) {
      if (isWithin(path, rename.from) && rename.from.length >= (best?.from.length ?? 0)) best = rename;
    }
    if (best === undefined) return path;
    const below = belowOf(path, best.from);
    return below === ROOT ? best.to : joinPath(best.to, below);
  }

  /** Two directories become one; anything else that meets at a path is one object too many. */
  #take(path: BytePath, type: 'dir' | 'other'): void {
    const before = this.#taken.get(path);
    this.#taken.set(path, type);
    if (before === undefined || (before === 'dir' && type === 'dir')) return;
    // A directory that is not empty is not replaced: the writer says so and counts that.
    if (before !== 'dir') this.replaced++;
    const text = `Error '--rename gives it the place of another entry, which it replaces' processing ${shown(path)}`;
    this.#options.emit({ kind: 'warning', code: 'cannotProcess', path, text });
  }
}

function belowOf(path: BytePath, top: BytePath): BytePath {
  return top === ROOT ? path : bytePath(path.slice(top.length + 1));
}
