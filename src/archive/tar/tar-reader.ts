import { IntegrityError } from '../../errors/errors.ts';
import { toScreen } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { Metadata } from '../entry.ts';
import { ExtendedHeaders, isExtension } from './extended-headers.ts';
import { BLOCK, paddingLength } from './tar-header.ts';
import { blockSum, checksumFits, fileType, HeaderParser, type RawHeader } from './tar-parse.ts';

export interface TarMember {
  /** As stored, a trailing `/` included. */
  readonly name: string;
  readonly meta: Metadata;
  /** Bytes of its body; 0 for anything but a regular file. */
  readonly size: number;
}

interface TarReaderOptions {
  /** What messages call the archive. */
  readonly label: string;
  /**
   * Told when the source does not even begin like a tar; it then counts as one without members. Without this it is an
   * error.
   */
  readonly onUnreadable?: (error: IntegrityError) => void;
}

const NOTHING = Buffer.alloc(0);
/** Extended headers hold a few paths; a longer one is damage or an attack. */
const LONGEST_EXTENSION = 1024 * 1024;
/** The bytes at hand do not suffice. */
const MORE = Symbol('more');

/**
 * Reads a tar stream in PAX, GNU, ustar or older form, a member at a time. Answers at once as long as the block at hand
 * suffices. Ends at the first zero block or where the source ends between members; what follows a zero block is consumed,
 * so that the source can check itself. Damage is an `IntegrityError`; the reader is dead after any error.
 */
export class TarReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #options: TarReaderOptions;
  readonly #parser = new HeaderParser();

  #block: Buffer = NOTHING;
  /** Its memory, if that is aligned. */
  #words: Int32Array | undefined;
  #at = 0;
  /** Offset of the block in the stream. */
  #base = 0;
  #exhausted = false;

  /** Bytes of the current body that were not given out, and of its padding. */
  #body = 0;
  #padding = 0;
  #name = '';

  /** A header that two blocks share or that is not aligned, and how much of it is there. */
  readonly #splitWords = new Int32Array(BLOCK / 4);
  readonly #split = Buffer.from(this.#splitWords.buffer);
  #splitLength = 0;

  readonly #extended: ExtendedHeaders;
  #begun = false;
  #finished = false;
  /** Whatever went wrong: said again to everyone who goes on asking. */
  #failure: Error | undefined;

  constructor(source: AsyncIterable<Buffer>, options: TarReaderOptions) {
    this.#source = source[Symbol.asyncIterator]();
    this.#options = options;
    this.#extended = new ExtendedHeaders(options.label);
  }

  /** The next member, past whatever of the current body was not read; undefined at the end. */
  next(): Soon<TarMember | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#finished) return undefined;
    try {
      const member = this.#step();
      return member === MORE || member === undefined ? this.#nextLater(member) : member;
    } catch (error) {
      throw this.#die(error);
    }
  }

  /**
   * At least so many first bytes of the name of the last member are those of the member before: who has looked at those
   * need not do so again. 0 when that is not known.
   */
  get shared(): number {
    return this.#parser.shared;
  }

  /** The next bytes of the current body, a slice of a block of the source; undefined at its end. */
  read(): Soon<Buffer | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#body === 0) return undefined;
    return this.#at < this.#block.length ? this.#slice() : this.#readLater();
  }

  /** Consumes the source to its end without looking at it. */
  async drain(): Promise<void> {
    this.#finished = true;
    while (await this.#pull());
    this.#block = NOTHING;
    this.#at = 0;
    this.#body = 0;
  }

  /** Lets go of the source, wherever it is. */
  async close(): Promise<void> {
    this.#finished = true;
    this.#body = 0;
    if (!this.#exhausted) await this.#source.return?.();
    this.#exhausted = true;
  }

  async #nextLater(found: undefined | typeof MORE): Promise<TarMember | undefined> {
    try {
      let member: TarMember | undefined | typeof MORE = found;
      while (member === MORE) {
        if (!(await this.#pull())) this.#checkEnd();
        member = this.#finished ? undefined : this.#step();
      }
      if (member === undefined) await this.drain();
      return member;
    } catch (error) {
      throw this.#die(error);
    }
  }

  async #readLater(): Promise<Buffer | undefined> {
    try {
      if (await this.#pull()) return this.#slice();
    } catch (error) {
      throw this.#die(error);
    }
    throw this.#die(this.#damaged(`ends inside its member ${toScreen(this.#name)}`, this.#at));
  }

  #slice(): Buffer {
    const end = Math.min(this.#at + this.#body, this.#block.length);
    const slice = this.#block.subarray(this.#at, end);
    this.#body -= slice.length;
    this.#at = end;
    return slice;
  }

  /** Makes the next block of the source the one at hand, once all of the present one is used. False at the end. */
  async #pull(): Promise<boolean> {
    while (!this.#exhausted) {
      const { done, value } = await this.#source.next();
      if (done === true) {
        this.#exhausted = true;
        break;
      }
      if (value.length === 0) continue;
      this.#base += this.#block.length;
      this.#block = value;
      this.#at = 0;
      const aligned = value.byteOffset % 4 === 0;
      this.#words = aligned ? new Int32Array(value.buffer, value.byteOffset, value.length >> 2) : undefined;
      return true;
    }
    return false;
  }

  /** The next member from the block at hand; undefined at a zero block. Can be resumed wherever it lacks bytes. */
  #step(): TarMember | undefined | typeof MORE {
    const extended = this.#extended;
    for (;;) {
      if (extended.isOpen) {
        this.#at += extended.take(this.#block, this.#at);
        if (extended.isOpen) return MORE;
      }
      if (!this.#skip()) return MORE;
      const at = this.#at;
      const words = this.#words;
      let header: RawHeader | undefined;
      if (words !== undefined && at % 4 === 0 && at + BLOCK <= this.#block.length && this.#splitLength === 0) {
        this.#at = at + BLOCK;
        header = this.#header(this.#block, at, words);
      } else {
        const taken = this.#block.copy(this.#split, this.#splitLength, at);
        this.#at += taken;
        this.#splitLength += taken;
        if (this.#splitLength < BLOCK) return MORE;
        this.#splitLength = 0;
        header = this.#header(this.#split, 0, this.#splitWords);
      }
      if (header === undefined) return undefined;
      this.#begun = true;
      const member = this.#member(header);
      if (member !== undefined) return member;
    }
  }

  /** Goes past the rest of the current body and its padding. False when the block at hand ends before. */
  #skip(): boolean {
    const rest = this.#body + this.#padding;
    if (rest === 0) return true;
    const there = this.#block.length - this.#at;
    if (rest <= there) {
      this.#at += rest;
      this.#body = 0;
      this.#padding = 0;
      return true;
    }
    const ofBody = Math.min(this.#body, there);
    this.#body -= ofBody;
    this.#padding -= there - ofBody;
    this.#at = this.#block.length;
    return false;
  }

  /** A checked header; undefined for a zero block, and for an archive that does not begin like a tar if that is allowed. */
  #header(block: Buffer, at: number, words: Int32Array): RawHeader | undefined {
    const sum = blockSum(words, at >> 2);
    if (sum === 0) {
      if (this.#extended.isPending) throw this.#fail('ends after an extended header');
      return undefined;
    }
    const header = checksumFits(block, at, sum) ? this.#parser.parse(block, at, words) : undefined;
    if (header !== undefined) return header;
    const error = this.#damaged('has no valid tar header', this.#at - BLOCK);
    if (this.#begun || this.#options.onUnreadable === undefined) throw error;
    this.#options.onUnreadable(error);
    return undefined;
  }

  /** What a header stands for; undefined for an extended header, which is about the members behind it. */
  #member(header: RawHeader): TarMember | undefined {
    const { flag } = this.#parser;
    if (isExtension(flag)) {
      const { size } = header;
      if (size < 0 || size > LONGEST_EXTENSION) throw this.#fail(`has an extended header of ${size} bytes`);
      this.#name = header.name;
      this.#parser.forgetName();
      this.#extended.begin(header, flag);
      this.#padding = paddingLength(size);
      return undefined;
    }
    const full = this.#extended.saysSomething ? this.#extend(header) : header;
    const { name, meta } = full;
    if (fileType(flag, header.name) === undefined) {
      const what = flag === 0x31 ? 'is a hard link' : `is of unknown type ${toScreen(String.fromCharCode(flag))}`;
      throw this.#fail(`has a member ${toScreen(name)} that ${what}`);
    }
    this.#name = name;
    // Other types have no body, whatever their size field says: so reads the reference's tar library.
    const length = meta.type === 'reg' ? full.size : 0;
    if (length < 0) throw this.#fail(`has a member ${toScreen(name)} of ${length} bytes`);
    this.#body = length;
    this.#padding = paddingLength(length);
    return full.size === length ? full : { name, meta, size: length };
  }

  #extend(header: RawHeader): RawHeader {
    const full = this.#extended.applied(header, (what) => this.#fail(what));
    if (full.name !== header.name) this.#parser.forgetName();
    return full;
  }

  /** The source has ended: is that an end of the archive? */
  #checkEnd(): void {
    const zeros = this.#split.subarray(0, this.#splitLength).every((byte) => byte === 0);
    const isExtending = this.#extended.isOpen || this.#extended.isPending;
    const between = this.#body + this.#padding === 0 && !isExtending;
    if (between && zeros) {
      this.#finished = true;
      return;
    }
    const where = between ? 'a header' : `its member ${toScreen(this.#name)}`;
    const error = this.#damaged(`ends inside ${where}`, this.#at);
    if (this.#begun || this.#options.onUnreadable === undefined) throw error;
    this.#options.onUnreadable(error);
    this.#finished = true;
  }

  /** About the header that was just passed. */
  #fail(what: string): IntegrityError {
    return this.#damaged(what, this.#at - BLOCK);
  }

  #die(error: unknown): Error {
    this.#failure = error instanceof Error ? error : new Error(String(error), { cause: error });
    return this.#failure;
  }

  #damaged(what: string, at: number): IntegrityError {
    return new IntegrityError('DAMAGED', `${this.#options.label} ${what} (byte ${this.#base + at} of its tar).`);
  }
}
