import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync } from 'node:fs';
import type { Entry } from '../../archive/entry.ts';
import { sigtarMember } from '../../archive/sigtar.ts';
import { paddingLength } from '../../archive/tar/tar-header.ts';
import { headerBound, trailer, writeHeader } from '../../archive/tar/tar-writer.ts';
import { guard, guardAsync } from '../../cache/guard.ts';
import { HeldBlocks } from './held-blocks.ts';
import { syncData, writeAll } from '../local-file.ts';

const BUFFER = 256 * 1024;

/** The signature archive of a set while it is being written: an uncompressed tar in the archive dir. */
export class SigtarFile {
  readonly #archiveDir: string;
  readonly #fd: number;
  #isOpen = true;
  #path: string;
  #buffer = Buffer.allocUnsafeSlow(BUFFER);
  #used = 0;
  readonly #held: HeldBlocks;
  readonly #hash = createHash('sha1');
  /** Bytes of the whole file. */
  size = 0;

  /** Failures name `archiveDir`. */
  constructor(path: string, archiveDir: string) {
    this.#archiveDir = archiveDir;
    this.#path = path;
    this.#held = new HeldBlocks(`${path}.held`);
    this.#fd = this.#guard(() => openSync(path, 'wx', 0o600));
  }

  get path(): string {
    return this.#path;
  }

  /** Bytes the file has with all that was added, also what still waits to be written. */
  get length(): number {
    return this.size + this.#used;
  }

  /** SHA-1 of those bytes, lower-case hex. */
  digest(): string {
    return this.#hash.copy().update(this.#buffer.subarray(0, this.#used)).digest('hex');
  }

  /** Takes the beginning of the body of the next entry. A long one is kept on disk until its length is known. */
  hold(blocks: readonly Buffer[]): void {
    if (blocks.length > 0) this.#guard(() => this.#held.push(blocks));
  }

  /** `body` is the rest of the body, or all of it when nothing is held. */
  add(entry: Entry, body: readonly Buffer[]): void {
    let size = this.#held.length;
    for (const block of body) size += block.length;
    const member = sigtarMember(entry, size);
    const header = headerBound(member);
    if (header > BUFFER - this.#used) this.#flush();
    if (header > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(header);
    this.#used += writeHeader(this.#buffer, this.#used, member);
    if (this.#held.length > 0) {
      this.#guard(() => {
        for (const block of this.#held.take()) this.#append(block);
      });
    }
    for (const block of body) this.#append(block);
    const padding = paddingLength(size);
    if (padding > 0) this.#pad(padding);
  }

  /** What was added so far has the given name from now on, and is on disk when the promise is kept. */
  async checkpoint(path: string): Promise<void> {
    this.#flush();
    await guardAsync(this.#archiveDir, 'written', () => syncData(this.#fd));
    if (path !== this.#path) this.#guard(() => renameSync(this.#path, path));
    this.#path = path;
  }

  /** Ends the archive; the file stays. */
  finish(): void {
    this.#flush();
    this.#append(trailer(this.size));
    this.#flush();
    this.close();
  }

  /** A second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
    this.#held.close();
  }

  #append(block: Buffer): void {
    if (block.length > BUFFER - this.#used) this.#flush();
    if (block.length > BUFFER) {
      this.#write(block);
      return;
    }
    block.copy(this.#buffer, this.#used);
    this.#used += block.length;
  }

  #pad(length: number): void {
    if (length > BUFFER - this.#used) this.#flush();
    this.#buffer.fill(0, this.#used, this.#used + length);
    this.#used += length;
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #write(block: Buffer): void {
    this.#guard(() => writeAll(this.#fd, block));
    this.#hash.update(block);
    this.size += block.length;
  }

  #guard<T>(act: () => T): T {
    return guard(this.#archiveDir, 'written', act);
  }
}
