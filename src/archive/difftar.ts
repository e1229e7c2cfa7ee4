import { IntegrityError } from '../errors/errors.ts';
import { type BytePath, comparePaths, isWithin, ROOT, shown } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import { continues, type DifftarMember, parseMember } from './difftar-member.ts';
import type { Entry, EntryStream } from './entry.ts';
import { type TarMember, TarReader } from './tar/tar-reader.ts';
import type { OnArchiveWarning } from './warning.ts';

/** A split file's pieces are this long, except the last, which is shorter and may be empty. */
export const PIECE_SIZE = 65_536;

/** One volume of a set, opened: its decoded bytes are read once, then the next volume is asked for. */
export interface OpenVolume {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: AsyncIterable<Buffer>;
}

export interface DifftarOptions {
  readonly onWarning: OnArchiveWarning;
  /**
   * Only this path and what lies below it. Other entries are passed over, whole or not: the volumes may begin and end
   * inside one of them. Behind the path nothing is read any more.
   */
  readonly wanted?: BytePath;
  /** Hears of every member as it stands in its volume: `piece` as in its name, 0 when it is not split. */
  readonly onMember?: (file: string, path: BytePath, piece: number) => void;
}

/** The member belongs to something that is passed over. */
const SKIP = Symbol('skip');

/**
 * The entries of a set, read from its volumes in manifest order. A volume is opened when it is needed and read to its
 * end, also behind its tar, before the next one. Pieces of a split file are one entry with the metadata of the first;
 * a missing piece is an `IntegrityError` of the file. After an `IntegrityError`, `next` may be called again: it goes on
 * with the next file or, when the volume itself is damaged, with the next volume.
 */
export class DifftarStream implements EntryStream {
  readonly #volumes: AsyncIterator<OpenVolume>;
  readonly #options: DifftarOptions;
  #tar: TarReader | undefined;
  #label = '';
  /** A member that was looked at and belongs to no entry yet. */
  #held: DifftarMember | undefined;
  #current: DifftarMember | undefined;
  /** Number of the piece of `#current` that the tar reader stands in. */
  #piece = 0;
  /** All pieces of `#current` so far were full, so that more have to follow. */
  #mustGoOn = false;
  /** Further pieces of this path belong to a file that is given up. */
  #abandoned: BytePath | undefined;
  #last: BytePath | undefined;
  #finished = false;
  /** The volumes cannot be had any more. */
  #failure: Error | undefined;
  /** The volume that was given up, or whatever else is left, is being closed. */
  #dropped: Promise<void> | undefined;

  constructor(volumes: AsyncIterable<OpenVolume>, options: DifftarOptions) {
    this.#volumes = volumes[Symbol.asyncIterator]();
    this.#options = options;
  }

  next(): Soon<Entry | undefined> {
    for (;;) {
      const member = this.#following();
      if (member instanceof Promise) return this.#nextLater(member);
      const entry = this.#take(member);
      if (entry !== SKIP) return entry;
    }
  }

  read(): Soon<Buffer | undefined> {
    const current = this.#current;
    if (current === undefined) return undefined;
    try {
      const block = this.#tar?.read();
      if (block instanceof Promise) return this.#readLater(block);
      if (block !== undefined || current.piece === 0) return block;
    } catch (error) {
      this.#dropVolume();
      throw error;
    }
    return this.#readLater(undefined);
  }

  async close(): Promise<void> {
    this.#finished = true;
    this.#held = undefined;
    this.#dropVolume();
    await this.#dropped;
    await this.#volumes.return?.();
  }

  async #nextLater(first: Promise<DifftarMember | undefined>): Promise<Entry | undefined> {
    let entry = this.#take(await first);
    while (entry === SKIP) entry = this.#take(await this.#following());
    return entry;
  }

  async #readLater(first: Promise<Buffer | undefined> | undefined): Promise<Buffer | undefined> {
    for (let block = await this.#answer(first); ; block = await this.#answer(this.#tar?.read())) {
      const current = this.#current;
      if (block !== undefined || current === undefined || current.piece === 0) return block;
      const member = await this.#following();
      if (member === undefined || !continues(current, member)) {
        this.#held = member;
        this.#finishCurrent();
        return undefined;
      }
      this.#goOn(member);
    }
  }

  /** An answer of the tar reader. When it fails, the volume is given up. */
  async #answer<T>(answer: Soon<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.#dropVolume();
      throw error;
    }
  }

  /** The next member of whatever kind, in this volume or the next one that has any. */
  #following(): Soon<DifftarMember | undefined> {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return held;
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#finished) return undefined;
    let member: Soon<TarMember | undefined>;
    try {
      member = this.#tar?.next();
    } catch (error) {
      this.#dropVolume();
      throw error;
    }
    if (member === undefined || member instanceof Promise) return this.#followingLater(member);
    return this.#parsed(member);
  }

  async #followingLater(first: Promise<TarMember | undefined> | undefined): Promise<DifftarMember | undefined> {
    let member = await this.#answer(first);
    while (member === undefined) {
      this.#tar = undefined;
      const volume = await this.#nextVolume();
      if (volume === undefined) return undefined;
      this.#label = volume.name;
      this.#tar = new TarReader(volume.bytes, { label: volume.name });
      member = await this.#answer(this.#tar.next());
    }
    return this.#parsed(member);
  }

  #parsed(member: TarMember): DifftarMember {
    const parsed = parseMember(member, this.#label);
    this.#options.onMember?.(this.#label, parsed.path, parsed.piece);
    return parsed;
  }

  async #nextVolume(): Promise<OpenVolume | undefined> {
    await this.#dropped;
    try {
      const { done, value } = await this.#volumes.next();
      if (done !== true) return value;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error), { cause: error });
      throw error;
    }
    this.#finished = true;
    return undefined;
  }

  /** Makes `member` the current entry, or says that it is not one. */
  #take(member: DifftarMember | undefined): Entry | undefined | typeof SKIP {
    const current = this.#current;
    if (current !== undefined) {
      if (member !== undefined && continues(current, member)) {
        this.#goOn(member);
        return SKIP;
      }
      this.#held = member;
      this.#finishCurrent();
      this.#held = undefined;
    }
    if (member === undefined) return undefined;
    const { wanted = ROOT } = this.#options;
    if (!isWithin(member.path, wanted)) {
      if (comparePaths(member.path, wanted) < 0) return SKIP;
      this.#end();
      return undefined;
    }
    if (member.piece > 0 && member.path === this.#abandoned) return SKIP;
    this.#abandoned = member.piece > 0 ? member.path : undefined;
    if (member.piece > 1) throw this.#gap(member.path, 1, member.piece);
    const last = this.#last;
    if (last !== undefined && comparePaths(member.path, last) <= 0) {
      this.#options.onWarning({ kind: 'unordered', file: this.#label, path: member.path, previous: last });
      return SKIP;
    }
    this.#abandoned = undefined;
    this.#last = member.path;
    this.#current = member;
    this.#piece = member.piece;
    this.#mustGoOn = member.piece > 0 && member.size === PIECE_SIZE;
    return member;
  }

  /** Steps to the next piece of the current entry. */
  #goOn(member: DifftarMember): void {
    const expected = this.#piece + 1;
    if (member.piece !== expected) {
      this.#current = undefined;
      this.#abandoned = member.path;
      throw this.#gap(member.path, expected, member.piece);
    }
    this.#piece = expected;
    this.#mustGoOn &&= member.size === PIECE_SIZE;
  }

  /**
   * The current entry has no more pieces. Writers end a split file with a short piece, so a full one must not be last;
   * before 2013 pieces were of other sizes, hence only files all of whose pieces are full are judged.
   */
  #finishCurrent(): void {
    const current = this.#current;
    const cut = this.#mustGoOn;
    this.#current = undefined;
    this.#mustGoOn = false;
    if (current !== undefined && cut) {
      const text = `${shown(current.path)} is incomplete: piece ${this.#piece + 1} does not follow`;
      throw new IntegrityError('DAMAGED', `${this.#label}: ${text} piece ${this.#piece}.`);
    }
  }

  #gap(path: BytePath, expected: number, seen: number): IntegrityError {
    const text = `${shown(path)} is damaged: piece ${expected} was expected, piece ${seen} was found`;
    return new IntegrityError('DAMAGED', `${this.#label}: ${text}.`);
  }

  /** What follows is not wanted: of hundreds of sets most end long before they are closed. */
  #end(): void {
    this.#finished = true;
    this.#dropVolume();
    this.#dropped = this.#dropped?.then(() => this.#volumes.return?.()).then(ignore, ignore);
  }

  #dropVolume(): void {
    if (this.#current !== undefined && this.#current.piece > 0) this.#abandoned = this.#current.path;
    this.#current = undefined;
    const tar = this.#tar;
    this.#tar = undefined;
    // Why the volume is dropped has been said; that its source does not close well either is no news.
    this.#dropped = tar?.close().catch(() => undefined);
  }
}

function ignore(): void {
  // Whoever closes a volume early has what was wanted of it.
}
