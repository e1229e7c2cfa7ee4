import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { writeAll } from '../local-file.ts';

/** Bytes that are kept in memory: what 180 MB of content have for a signature. */
const IN_MEMORY = 1_048_576;
const READ = 262_144;

/** Blocks that wait for others to come. Beyond 1 MiB they are kept in a file that has no name. */
export class HeldBlocks {
  readonly #path: string;
  #blocks: Buffer[] = [];
  /** Bytes in memory. */
  #size = 0;
  /** Bytes in the file. */
  #spilled = 0;
  #fd: number | undefined;

  /** At `path` the file is made and at once removed. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes in all. */
  get length(): number {
    return this.#size + this.#spilled;
  }

  push(blocks: readonly Buffer[]): void {
    for (const block of blocks) {
      this.#blocks.push(block);
      this.#size += block.length;
    }
    if (this.#size > IN_MEMORY) this.#spill();
  }

  /** All blocks, each valid until the next is asked for; nothing is held when the last was taken. */
  *take(): Generator<Buffer> {
    if (this.#fd !== undefined && this.#spilled > 0) {
      const buffer = Buffer.allocUnsafeSlow(READ);
      for (let at = 0; at < this.#spilled;) {
        const length = readSync(this.#fd, buffer, 0, READ, at);
        if (length === 0) throw new Error('a file of ours became shorter');
        yield buffer.subarray(0, length);
        at += length;
      }
      this.close();
    }
    yield* this.#blocks;
    this.#blocks = [];
    this.#size = 0;
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    this.#spilled = 0;
  }

  #spill(): void {
    this.#fd ??= this.#open();
    for (const block of this.#blocks) writeAll(this.#fd, block);
    this.#spilled += this.#size;
    this.#blocks = [];
    this.#size = 0;
  }

  #open(): number {
    const fd = openSync(this.#path, 'w+', 0o600);
    unlinkSync(this.#path);
    return fd;
  }
}
