import { LocalError } from '../../errors/errors.ts';
import type { OpenedFile } from '../../source/open-file.ts';
import type { Soon } from '../../util/soon.ts';

/** The source is read in pieces of this size: one call for most files. */
const BUFFER_BYTES = 64 * 1024;

/** What came of a comparison; an error says why the file of the source could not be read to its end. */
export type Comparison = 'same' | 'different' | LocalError;

/** Gives content to `take`, block by block. */
export type Content = (take: (block: Buffer) => void) => Soon<void>;

/** Compares files of the source with contents that come in blocks, one file after the other. */
export class ContentComparer {
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #file: OpenedFile | undefined;
  /** What of the buffer was read and not compared yet. */
  #at = 0;
  #end = 0;
  #compared = 0;
  #result: Comparison = 'same';
  readonly #take = (block: Buffer): void => this.#compare(block);

  /** Closes the file. Throws what `content` throws; the content is taken to its end also after a difference. */
  compare(file: OpenedFile, content: Content): Soon<Comparison> {
    this.#file = file;
    this.#at = 0;
    this.#end = 0;
    this.#compared = 0;
    this.#result = 'same';
    let done: Soon<void>;
    try {
      done = content(this.#take);
    } catch (error) {
      file.close();
      throw error;
    }
    if (done instanceof Promise) return this.#finishLater(file, done);
    return this.#finish(file);
  }

  async #finishLater(file: OpenedFile, done: Promise<void>): Promise<Comparison> {
    try {
      await done;
    } catch (error) {
      file.close();
      throw error;
    }
    return this.#finish(file);
  }

  #finish(file: OpenedFile): Comparison {
    // A file of no size may have content all the same: that of the proc file system has.
    const isAtEnd = this.#at === this.#end && this.#compared === file.size && file.size > 0;
    if (this.#result === 'same' && !isAtEnd && (this.#at < this.#end || this.#fill())) this.#result = 'different';
    file.close();
    return this.#result;
  }

  #compare(block: Buffer): void {
    for (let from = 0; from < block.length && this.#result === 'same';) {
      if (this.#at === this.#end && !this.#fill()) {
        this.#differs();
        return;
      }
      const length = Math.min(block.length - from, this.#end - this.#at);
      if (this.#buffer.compare(block, from, from + length, this.#at, this.#at + length) !== 0) this.#differs();
      from += length;
      this.#at += length;
      this.#compared += length;
    }
  }

  #differs(): void {
    if (this.#result === 'same') this.#result = 'different';
  }

  /** Reads on. False at the end of the file and when it cannot be read. */
  #fill(): boolean {
    this.#at = 0;
    this.#end = 0;
    try {
      this.#end = this.#file?.read(this.#buffer) ?? 0;
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      this.#result = error;
    }
    return this.#end > 0;
  }
}
