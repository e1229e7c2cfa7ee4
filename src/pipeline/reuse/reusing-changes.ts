import type { Entry, EntryStream } from '../../archive/entry.ts';
import { type BytePath, comparePaths, isWithin, parentOf, ROOT } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { Change, Compared } from '../compare/compare.ts';
import { ChangedMeanwhile } from '../pack/resume-point.ts';
import type { FilePart } from '../pack/part-of-file.ts';
import { type BaseVolume, endsInside, piecesBefore } from './base-volume.ts';
import { goesOn, type ReusePlan } from './reuse-plan.ts';

interface ReusingOptions<S> {
  /** What a full backup has to store. */
  readonly changes: { next(): Soon<Change<S> | undefined> };
  /** The signatures of the full backup that volumes come from. */
  readonly base: EntryStream;
  readonly plan: ReusePlan;
  readonly volumeSize: number;
  /** Bytes of the volume that is being written. */
  readonly begun: () => number;
  /** Directories that the set holds already, outermost first: those that the first change may lie in. */
  readonly directories: () => readonly BytePath[];
  /** False once the store has shown that it does not copy. */
  readonly canCopy: () => boolean;
  /** Takes the entries of volumes that are taken over: the body, then the entry. `source` is what is there now. */
  readonly hold: (block: Buffer) => void;
  readonly add: (entry: Entry, source: S | undefined) => void;
  /** Stores pieces of a file whose other pieces are taken over. Throws `ChangedMeanwhile` when it is not what it was. */
  readonly storePart: (source: S, part: FilePart) => Promise<void>;
  /** Ends the volume that is being written; the next one is this. */
  readonly takeOver: (volume: BaseVolume) => Promise<void>;
  readonly pause: () => Promise<void>;
}

/** Entries after which others get their turn. */
const STRIDE = 1024;

/**
 * What is left to store of a full backup beside the volumes that it takes over. In their ranges the set holds what they
 * hold, whatever the source says by now: their signatures come from where they come from, so that the next backup finds
 * what has changed since. Of a file of which only some volumes are taken over the other pieces are read again, under their
 * numbers.
 */
export class ReusingChanges<S extends Compared> {
  readonly #options: ReusingOptions<S>;
  readonly #volumes: readonly BaseVolume[];
  readonly #isClean: boolean[];
  /** Directories of the set that what comes may lie in, outermost first. */
  #known: BytePath[] | undefined;
  #change: Change<S> | undefined;
  #isTaken = true;
  #entry: Entry | undefined;
  #isRead = true;
  /** Index of the next volume to be taken over; as many as volumes when there is none. */
  #next = 0;
  /** Index of the one before it that has just been taken over; nothing was stored since. */
  #last = -2;
  /** The file in the middle of which the set ends so far. */
  #open: { readonly path: BytePath; readonly pieces: number } | undefined;
  #steps = 0;

  constructor(options: ReusingOptions<S>) {
    this.#options = options;
    this.#volumes = options.plan.volumes;
    this.#isClean = options.plan.fates.map((fate) => fate === 'clean');
    this.#skipDirty();
  }

  next(): Soon<Change<S> | undefined> {
    const change = this.#peek();
    if (change instanceof Promise) return change.then((known) => this.#decide(known));
    return this.#decide(change);
  }

  #decide(change: Change<S> | undefined): Soon<Change<S> | undefined> {
    if (this.#open === undefined && !this.#isTurn(change)) return this.#give(change);
    return this.#advance();
  }

  /** Whether the next volume comes before what the source has next. */
  #isTurn(change: Change<S> | undefined): boolean {
    const volume = this.#volumes[this.#next];
    if (volume === undefined) return false;
    return change === undefined || comparePaths(pathOf(change), volume.start.path) >= 0;
  }

  async #advance(): Promise<Change<S> | undefined> {
    for (;;) {
      const waiting = this.#peek();
      const change = waiting instanceof Promise ? await waiting : waiting;
      const volume = this.#volumes[this.#next];
      const open = this.#open;
      if (open !== undefined && volume?.start.path !== open.path) {
        await this.#finishOpen(change, open);
        continue;
      }
      if (volume === undefined || (open === undefined && !this.#isTurn(change))) return this.#give(change);
      const isDirect = this.#last === this.#next - 1;
      const isOut = !this.#options.canCopy() || (!isDirect && (this.#joins(volume) || !this.#fits(volume)));
      if (isOut) {
        this.#drop();
        continue;
      }
      const before = piecesBefore(this.#volumes, this.#next);
      if (!isDirect && before > 0 && !(await this.#storeHead(change, volume, before))) {
        this.#drop();
        continue;
      }
      await this.#takeOver(volume);
    }
  }

  #joins(volume: BaseVolume): boolean {
    return goesOn(this.#options.begun(), volume, this.#options.volumeSize);
  }

  /** Whether the set has the directory that the first entry of a volume lies in. */
  #fits({ start: { path } }: BaseVolume): boolean {
    return path === this.#open?.path || this.#isHeld(path);
  }

  /** What is behind the part of a file that was taken over, to its end. */
  async #finishOpen(change: Change<S> | undefined, open: { path: BytePath; pieces: number }): Promise<void> {
    await this.#store(change, { path: open.path, from: open.pieces + 1, to: undefined });
    this.#open = undefined;
    const entry = await this.#entryAt(open.path);
    if (entry === undefined || change?.kind !== 'snapshot') throw new ChangedMeanwhile(open.path);
    await this.#copy(entry, change.source);
    this.#isTaken = true;
  }

  /** The pieces before those of the volume; false when there is no such file any more, and nothing was stored. */
  async #storeHead(change: Change<S> | undefined, { start: { path } }: BaseVolume, pieces: number): Promise<boolean> {
    const from = (this.#open?.pieces ?? 0) + 1;
    const isThere = change?.kind === 'snapshot' && change.source.path === path;
    if (!isThere && this.#open === undefined) return false;
    if (from <= pieces) await this.#store(change, { path, from, to: pieces });
    return true;
  }

  async #store(change: Change<S> | undefined, part: FilePart): Promise<void> {
    if (change?.kind !== 'snapshot' || change.source.path !== part.path) throw new ChangedMeanwhile(part.path);
    await this.#options.storePart(change.source, part);
  }

  /** Its entries, and what the source has in its range, are passed. */
  async #takeOver(volume: BaseVolume): Promise<void> {
    const { end } = volume;
    const isInside = (path: BytePath): boolean => {
      const order = comparePaths(path, end.path);
      return order < 0 || (order === 0 && !endsInside(volume));
    };
    let last: BytePath | undefined;
    for (;;) {
      const entry = await this.#peekEntry();
      if (entry === undefined || !isInside(entry.path)) break;
      const isBefore = comparePaths(entry.path, volume.start.path) < 0;
      if (isBefore) this.#isRead = true;
      else {
        const source = await this.#sourceAt(entry.path);
        await this.#copy(entry, source);
        last = entry.path;
      }
      if (++this.#steps % STRIDE === 0) await this.#options.pause();
    }
    // What signatures tell now is not what they told when all was planned.
    if (last !== end.path && !endsInside(volume)) throw new ChangedMeanwhile(end.path);
    for (;;) {
      const waiting = this.#peek();
      const change = waiting instanceof Promise ? await waiting : waiting;
      if (change === undefined || !isInside(pathOf(change))) break;
      this.#isTaken = true;
      if (++this.#steps % STRIDE === 0) await this.#options.pause();
    }
    await this.#options.takeOver(volume);
    this.#open = end.block === undefined ? undefined : { path: end.path, pieces: end.block };
    this.#last = this.#next;
    this.#next++;
    this.#skipDirty();
  }

  /** What the source has at a path of a volume, if anything; what it has before that is new since all was planned. */
  async #sourceAt(path: BytePath): Promise<S | undefined> {
    for (;;) {
      const waiting = this.#peek();
      const change = waiting instanceof Promise ? await waiting : waiting;
      if (change === undefined) return undefined;
      const order = comparePaths(pathOf(change), path);
      if (order > 0) return undefined;
      this.#isTaken = true;
      if (order === 0) return 'source' in change ? change.source : undefined;
    }
  }

  async #copy(entry: Entry, source: S | undefined): Promise<void> {
    const { base, hold, add } = this.#options;
    for (;;) {
      let block = base.read();
      if (block instanceof Promise) block = await block;
      if (block === undefined) break;
      // The stream fills its memory again.
      hold(Buffer.from(block));
    }
    this.#enter(entry.path, entry.meta.type === 'dir');
    add(entry, source);
    this.#isRead = true;
  }

  /** The next change, if the set has the directory that it lies in; else it is for the next backup. */
  #give(change: Change<S> | undefined): Change<S> | undefined {
    this.#isTaken = true;
    if (change?.kind !== 'snapshot') return change;
    const { path, meta } = change.source;
    if (!this.#isHeld(path)) return { kind: 'unchanged', source: change.source, previous: change.previous };
    this.#enter(path, meta.type === 'dir');
    this.#last = -2;
    return change;
  }

  get #directories(): BytePath[] {
    return (this.#known ??= [...this.#options.directories()]);
  }

  #isHeld(path: BytePath): boolean {
    if (path === ROOT) return true;
    this.#leave(path);
    return this.#directories.at(-1) === parentOf(path);
  }

  #enter(path: BytePath, isDirectory: boolean): void {
    if (!isDirectory) return;
    this.#leave(path);
    if (this.#directories.at(-1) !== path) this.#directories.push(path);
  }

  #leave(path: BytePath): void {
    for (
      let top = this.#directories.at(-1);
      top !== undefined && !isWithin(path, top);
      top = this.#directories.at(-1)
    ) {
      this.#directories.pop();
    }
  }

  #drop(): void {
    this.#isClean[this.#next] = false;
    this.#skipDirty();
  }

  #skipDirty(): void {
    while (this.#next < this.#volumes.length && this.#isClean[this.#next] !== true) this.#next++;
  }

  #peek(): Soon<Change<S> | undefined> {
    if (!this.#isTaken) return this.#change;
    const change = this.#options.changes.next();
    const keep = (known: Change<S> | undefined): Change<S> | undefined => {
      this.#isTaken = false;
      this.#change = known;
      return known;
    };
    return change instanceof Promise ? change.then(keep) : keep(change);
  }

  async #peekEntry(): Promise<Entry | undefined> {
    if (!this.#isRead) return this.#entry;
    for (;;) {
      let entry = this.#options.base.next();
      if (entry instanceof Promise) entry = await entry;
      this.#isRead = false;
      this.#entry = entry;
      if (entry?.kind !== 'deleted') return entry;
    }
  }

  async #entryAt(path: BytePath): Promise<Entry | undefined> {
    for (;;) {
      const entry = await this.#peekEntry();
      if (entry === undefined || comparePaths(entry.path, path) > 0) return undefined;
      if (entry.path === path) return entry;
      this.#isRead = true;
    }
  }
}

function pathOf(change: Change<Compared>): BytePath {
  return 'source' in change ? change.source.path : change.previous.path;
}
