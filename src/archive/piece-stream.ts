import { IntegrityError } from '../errors/errors.ts';
import { type BytePath, comparePaths, isWithin, ROOT } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import { type OpenVolume, PIECE_SIZE } from './difftar.ts';
import { continues, type DifftarMember, parseMember } from './difftar-member.ts';
import type { Entry, EntryStream } from './entry.ts';
import { type TarMember, TarReader } from './tar/tar-reader.ts';

/** A volume that may be damaged. */
export interface DoubtfulVolume extends OpenVolume {
  /** It has the hash that its manifest tells. */
  readonly isProven: boolean;
  /** What it can hold; anything else is of a header that damage has made, or of another place. */
  readonly accepts: (member: DifftarMember) => boolean;
}

interface PieceStreamOptions {
  readonly wanted?: BytePath;
  /** The rest of a volume cannot be read. */
  readonly onDamage: (file: string, error: IntegrityError) => void;
  /** An entry stands out of order, and is left out. */
  readonly onUnordered: (file: string, path: BytePath) => void;
}

/**
 * The entries of a set of which volumes are damaged or missing. Damage ends nothing: what follows it is given, with its
 * place in the content (`offset`). What is missing shows in that, and in `isWhole`.
 */
export class PieceStream implements EntryStream {
  readonly #volumes: AsyncIterator<DoubtfulVolume>;
  readonly #options: PieceStreamOptions;
  #volume: DoubtfulVolume | undefined;
  #tar: TarReader | undefined;
  #held: DifftarMember | undefined;
  #current: DifftarMember | undefined;
  #piece = 0;
  #pieceSize = 0;
  /** Where the next block stands in the body. */
  #at = 0;
  /** Pieces of other sizes than usual, as before 2013: behind a gap their place is not known. */
  #isIrregular = false;
  #isUnplaceable = false;
  /** The piece at hand is one that was there already. */
  #isRepeated = false;
  #last: BytePath | undefined;
  #isFinished = false;
  #dropped: Promise<void> | undefined;
  /** Where the block that `read` gave last stands in the body of the entry. */
  offset = 0;
  /** Of the body of the current entry nothing is missing so far. */
  isWhole = true;
  /** All of the current entry so far was in volumes that are proven. */
  isProven = true;

  constructor(volumes: AsyncIterable<DoubtfulVolume>, options: PieceStreamOptions) {
    this.#volumes = volumes[Symbol.asyncIterator]();
    this.#options = options;
  }

  /** The current entry is in pieces. */
  get isSplit(): boolean {
    return (this.#current?.piece ?? 0) > 0;
  }

  /** The block that `read` gave last was in a volume that is proven. */
  get isBlockProven(): boolean {
    return this.#volume?.isProven === true;
  }

  next(): Soon<Entry | undefined> {
    for (;;) {
      const member = this.#following();
      if (member instanceof Promise) return this.#nextLater(member);
      if (member === undefined) return undefined;
      if (this.#takes(member)) return member;
    }
  }

  read(): Soon<Buffer | undefined> {
    if (this.#current === undefined) return undefined;
    let block: Soon<Buffer | undefined>;
    try {
      block = this.#tar?.read();
    } catch (error) {
      this.#drop(error);
      this.isWhole = false;
      block = undefined;
    }
    if (block === undefined || block instanceof Promise || this.#isPassedOver) return this.#readLater(block);
    return this.#give(block);
  }

  async close(): Promise<void> {
    this.#isFinished = true;
    this.#held = undefined;
    this.#current = undefined;
    this.#closeVolume();
    await this.#dropped;
    await this.#volumes.return?.();
  }

  async #nextLater(first: Promise<DifftarMember | undefined>): Promise<Entry | undefined> {
    for (let member = await first; member !== undefined; member = await this.#following()) {
      if (this.#takes(member)) return member;
    }
    return undefined;
  }

  async #readLater(first: Soon<Buffer | undefined>): Promise<Buffer | undefined> {
    for (let block = await this.#body(() => first); ; block = await this.#body(() => this.#tar?.read())) {
      const current = this.#current;
      if (current === undefined) return undefined;
      if (block !== undefined) {
        if (this.#isPassedOver) continue;
        return this.#give(block);
      }
      if (current.piece === 0) break;
      const member = await this.#following();
      if (member === undefined || !continues(current, member)) {
        this.#held = member;
        // Writers end a split file with a short piece.
        if (this.#pieceSize === PIECE_SIZE && !this.#isIrregular) this.isWhole = false;
        if (this.#isIrregular && this.#dropped !== undefined) this.isWhole = false;
        break;
      }
      this.#goOn(member);
    }
    this.#current = undefined;
    return undefined;
  }

  get #isPassedOver(): boolean {
    return this.#isUnplaceable || this.#isRepeated;
  }

  async #body(read: () => Soon<Buffer | undefined>): Promise<Buffer | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#drop(error);
      this.isWhole = false;
      return undefined;
    }
  }

  #give(block: Buffer): Buffer {
    this.offset = this.#at;
    this.#at += block.length;
    return block;
  }

  async #answer<T>(answer: Soon<T | undefined>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      this.#drop(error);
      return undefined;
    }
  }

  #following(): Soon<DifftarMember | undefined> {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return held;
    }
    let member: Soon<TarMember | undefined>;
    try {
      member = this.#tar?.next();
    } catch (error) {
      this.#drop(error);
      member = undefined;
    }
    if (member === undefined || member instanceof Promise) return this.#followingLater(member);
    return this.#parsed(member) ?? this.#followingLater(undefined);
  }

  async #followingLater(first: Soon<TarMember | undefined>): Promise<DifftarMember | undefined> {
    let member = await this.#answer(first);
    for (;;) {
      const parsed = member && this.#parsed(member);
      if (parsed !== undefined) return parsed;
      if (member === undefined && !(await this.#openNext())) return undefined;
      member = await this.#answer(this.#tarNext());
    }
  }

  #tarNext(): Soon<TarMember | undefined> {
    try {
      return this.#tar?.next();
    } catch (error) {
      this.#drop(error);
      return undefined;
    }
  }

  async #openNext(): Promise<boolean> {
    this.#tar = undefined;
    await this.#dropped;
    if (this.#isFinished) return false;
    const { done, value } = await this.#volumes.next();
    if (done === true) {
      this.#isFinished = true;
      return false;
    }
    this.#volume = value;
    this.#tar = new TarReader(value.bytes, { label: value.name });
    return true;
  }

  /** undefined: what it is cannot be known, or not be right. */
  #parsed(member: TarMember): DifftarMember | undefined {
    const { name, accepts, isProven } = this.#volume ?? { name: '', accepts: () => false, isProven: false };
    try {
      const parsed = parseMember(member, name);
      if (!accepts(parsed)) return undefined;
      const before = this.#current;
      // Nothing that damage has made, or that belongs elsewhere, ends what comes before it.
      const isStray = before !== undefined && !continues(before, parsed) && comparePaths(parsed.path, before.path) <= 0;
      return isStray && !isProven ? undefined : parsed;
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      this.#options.onDamage(name, error);
      return undefined;
    }
  }

  /** Whether a member begins an entry that is wanted. */
  #takes(member: DifftarMember): boolean {
    const { path, piece, size } = member;
    const { wanted = ROOT, onUnordered } = this.#options;
    const before = this.#current;
    if (before !== undefined && continues(before, member)) {
      this.#goOn(member);
      return false;
    }
    this.#current = undefined;
    if (!isWithin(path, wanted)) return false;
    const last = this.#last;
    if (last !== undefined && comparePaths(path, last) <= 0) {
      // Further pieces of what was read to a gap, or passed over, are no news.
      if (this.#volume?.isProven === true && (path !== last || piece < 2)) onUnordered(this.#volume.name, path);
      return false;
    }
    this.#last = path;
    this.#current = member;
    this.#piece = piece;
    this.#pieceSize = size;
    this.#isIrregular = piece === 1 && size !== PIECE_SIZE;
    this.#isUnplaceable = false;
    this.#isRepeated = false;
    this.isWhole = piece < 2;
    this.isProven = this.#volume?.isProven === true;
    this.#at = piece < 2 ? 0 : (piece - 1) * PIECE_SIZE;
    return true;
  }

  #goOn({ piece, size }: DifftarMember): void {
    const isNext = piece === this.#piece + 1;
    if (!isNext) this.isWhole = false;
    this.#isRepeated = piece <= this.#piece;
    if (this.#isRepeated) return;
    this.isProven &&= this.#volume?.isProven === true;
    if (this.#isIrregular) this.#isUnplaceable ||= !isNext;
    else this.#at = (piece - 1) * PIECE_SIZE;
    this.#piece = piece;
    this.#pieceSize = size;
  }

  /** The volume cannot be read on. */
  #drop(error: unknown): void {
    if (!(error instanceof IntegrityError)) throw error;
    this.#closeVolume();
    this.#options.onDamage(this.#volume?.name ?? '', error);
  }

  #closeVolume(): void {
    const tar = this.#tar;
    this.#tar = undefined;
    this.#dropped = tar?.close().catch(() => undefined);
  }
}
