import type { Entry, EntryStream } from '../../archive/entry.ts';
import { type Meeting, mergeStreams } from '../../archive/merge.ts';
import { type BytePath, isWithin, parentOf, ROOT } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { isKept, type ResumePoint } from '../pack/resume-point.ts';
import { readSignature } from './stored-signature.ts';

/** Takes what the kept volumes hold, in index order: first the body, then the entry. */
export interface KeptSink {
  hold(block: Buffer): void;
  /** `previous` is what the base says of the path; `isSame`: and the entry says no more, so that no volume holds it. */
  add(entry: Entry, previous: Entry | undefined, isSame: boolean): void;
}

interface ResumedStateOptions {
  /** The state the set is based on, rolled forward; nothing for a full set. */
  readonly base: EntryStream | undefined;
  /** The unfinished signatures. What lies behind the resume point is not read. Its blocks belong to the receiver. */
  readonly kept: EntryStream;
  readonly point: ResumePoint;
  readonly sink: KeptSink | undefined;
}

const BASE = 0;
const KEPT = 1;

/**
 * The state that a resumed backup compares the source with: up to the resume point what the chain will say once the set
 * is finished, behind it what the base says. Reading it copies the entries of the kept volumes.
 */
export class ResumedState implements EntryStream {
  readonly #merge: ReturnType<typeof mergeStreams>;
  readonly #point: ResumePoint;
  readonly #sink: KeptSink | undefined;
  #current = BASE;
  /** The resume point, if it is a directory, and directories above it. */
  readonly #directories = new Set<BytePath>();
  /** The volumes end with an object, not with word of its deletion. */
  endsWithObject = false;

  constructor({ base, kept, point, sink }: ResumedStateOptions) {
    this.#merge = mergeStreams([base ?? NOTHING, upTo(kept, point)]);
    this.#point = point;
    this.#sink = sink;
  }

  next(): Soon<Entry | undefined> {
    for (;;) {
      const meeting = this.#merge.next();
      if (meeting instanceof Promise) return this.#nextLater(meeting);
      if (meeting === undefined) return undefined;
      const entry = this.#entryAt(meeting);
      if (entry instanceof Promise) return this.#orNext(entry);
      if (entry !== undefined) return entry;
    }
  }

  read(): Soon<Buffer | undefined> {
    return this.#merge.read(this.#current);
  }

  close(): Promise<void> {
    return this.#merge.close();
  }

  /**
   * The topmost of the resume point and what it lies in that is no directory in the kept volumes, and so cannot have
   * anything below it in this set. Known once the resume point is passed.
   */
  get closedTop(): BytePath | undefined {
    const { path, split } = this.#point;
    // A single file is its own root: nothing can be above it.
    if (split !== undefined && path === ROOT) return undefined;
    let top: BytePath | undefined;
    for (let at = split === undefined ? path : parentOf(path); ; at = parentOf(at)) {
      if (!this.#directories.has(at)) top = at;
      if (at === ROOT) return top;
    }
  }

  async #nextLater(first: Promise<Meeting | undefined>): Promise<Entry | undefined> {
    const meeting = await first;
    return meeting === undefined ? undefined : ((await this.#entryAt(meeting)) ?? this.next());
  }

  async #orNext(entry: Promise<Entry | undefined>): Promise<Entry | undefined> {
    return (await entry) ?? this.next();
  }

  #entryAt({ holders }: Meeting): Soon<Entry | undefined> {
    const newest = holders[holders.length - 1] ?? BASE;
    const entry = this.#merge.entryOf(newest);
    this.#current = newest;
    if (entry.meta.type === 'dir' && entry.kind !== 'deleted' && isWithin(this.#point.path, entry.path)) {
      this.#directories.add(entry.path);
    }
    if (newest === BASE) return entry;
    this.endsWithObject = entry.kind !== 'deleted';
    const copied = this.#copy(entry, holders[0] === BASE ? this.#merge.entryOf(BASE) : undefined);
    const alive = entry.kind === 'deleted' ? undefined : entry;
    return copied instanceof Promise ? copied.then(() => alive) : alive;
  }

  #copy(entry: Entry, previous: Entry | undefined): Soon<void> {
    const sink = this.#sink;
    if (sink === undefined) return undefined;
    if (previous?.storedAt !== undefined && isAlike(entry, previous)) return this.#copySettled(sink, entry, previous);
    for (;;) {
      const block = this.#merge.read(KEPT);
      if (block instanceof Promise) return this.#copyLater(block, sink, { entry, previous });
      if (block === undefined) break;
      sink.hold(block);
    }
    sink.add(entry, previous, false);
  }

  async #copyLater(
    first: Promise<Buffer | undefined>,
    sink: KeptSink,
    { entry, previous }: { readonly entry: Entry; readonly previous: Entry | undefined },
  ): Promise<void> {
    for (let block = await first; block !== undefined; block = await this.#merge.read(KEPT)) sink.hold(block);
    sink.add(entry, previous, false);
  }

  /** Of a file that was in doubt: it was stored again if its content had changed. */
  async #copySettled(sink: KeptSink, entry: Entry, previous: Entry): Promise<void> {
    const signature = await readSignature(() => this.#merge.read(KEPT));
    const before = await readSignature(() => this.#merge.read(BASE));
    sink.hold(signature);
    sink.add(entry, previous, signature.equals(before));
  }
}

/** Whether nothing but the content can differ. */
function isAlike(is: Entry, was: Entry): boolean {
  return is.kind === was.kind && ATTRIBUTES.every((name) => is.meta[name] === was.meta[name]);
}

const ATTRIBUTES = ['mode', 'uid', 'gid', 'uname', 'gname', 'mtime'] as const;

const NOTHING: EntryStream = {
  next: () => undefined,
  read: () => undefined,
  close: async () => undefined,
};

/** The entries up to the resume point. */
function upTo(stream: EntryStream, point: ResumePoint): EntryStream {
  let ended = false;
  const check = (entry: Entry | undefined): Entry | undefined => {
    ended = entry === undefined || !isKept(point, entry.path);
    return ended ? undefined : entry;
  };
  return {
    next() {
      if (ended) return undefined;
      const entry = stream.next();
      return entry instanceof Promise ? entry.then(check) : check(entry);
    },
    read: () => stream.read(),
    close: () => stream.close(),
  };
}
