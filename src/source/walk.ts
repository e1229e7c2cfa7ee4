import { readCheck } from './readable.ts';
import { reporter } from './report.ts';
import { checkStillThere, deviceInside } from './root.ts';
import type { SourceEntry } from './source-entry.ts';
import { type Level, type Visit, visitName, visitRoot, type WalkOptions } from './visit.ts';

/**
 * The selected objects of a tree in index order, the root first. What cannot be read is reported and left out; only a
 * root that cannot be used throws (`LocalError`). In memory are the names of the directories on the way, nothing else.
 */
export function walkSource(options: WalkOptions): Iterable<SourceEntry> {
  return { [Symbol.iterator]: () => new SourceWalk(options) };
}

const DONE = { done: true, value: undefined } as const;

/** Not a generator: resuming one costs more than all that is done here for a file. */
class SourceWalk implements Iterator<SourceEntry, undefined> {
  readonly #visit: Visit;
  #levels: Level[] | undefined;
  /** Of what lies in the root. */
  #device: number | undefined;
  #isInside = false;
  /** Scanned directories on the way that nothing below has justified yet. */
  #held: SourceEntry[] = [];
  /** What has been found, last first. */
  #found: SourceEntry[] = [];

  constructor(options: WalkOptions) {
    const links = options.copyLinks ? 'follow' : 'keep';
    this.#visit = { ...options, links, mayRead: readCheck(), report: reporter(options) };
  }

  next(): IteratorResult<SourceEntry, undefined> {
    const value = this.#found.length > 0 ? this.#found.pop() : this.#following();
    return value === undefined ? DONE : { done: false, value };
  }

  #following(): SourceEntry | undefined {
    if (this.#levels === undefined) return this.#root();
    const levels = this.#levels;
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.names[level.at++];
      if (name === undefined) {
        levels.pop();
        if (this.#held.at(-1) === level.entry) this.#held.pop();
        continue;
      }
      const found = visitName(this.#visit, levels, name);
      if (found === undefined) continue;
      if (found.level !== undefined) levels.push(found.level);
      if (found.isScanned) this.#held.push(found.entry);
      else return this.#held.length === 0 ? found.entry : this.#release(found.entry);
    }
    this.#leaveRoot();
    return undefined;
  }

  #root(): SourceEntry {
    const root = visitRoot(this.#visit);
    this.#levels = root.level === undefined ? [] : [root.level];
    // After it was listed, which mounts what is mounted on demand.
    this.#isInside = root.level !== undefined;
    if (this.#isInside) this.#device = deviceInside(this.#visit.root);
    return root.entry;
  }

  #leaveRoot(): void {
    if (this.#isInside) checkStillThere(this.#visit.root, this.#device);
    this.#isInside = false;
  }

  /** The first of the directories that `entry` justifies; the others and the entry itself follow it. */
  #release(entry: SourceEntry): SourceEntry {
    const [first = entry, ...rest] = this.#held;
    this.#held = [];
    this.#found = [entry, ...rest.toReversed()];
    return first;
  }
}
