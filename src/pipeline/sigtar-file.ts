import { closeSync, fdatasyncSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Entry } from '../archive/entry.ts';
import { sigtarMember } from '../archive/sigtar.ts';
import { paddingLength } from '../archive/tar-header.ts';
import { headerLength, trailer, writeHeader } from '../archive/tar-writer.ts';

const BUFFER = 256 * 1024;

/** The signature archive of a set while it is being written: an uncompressed tar in the archive dir. */
export class SigtarFile {
  readonly #fd: number;
  #path: string;
  #buffer = Buffer.allocUnsafeSlow(BUFFER);
  #used = 0;
  /** Bytes of the whole file. */
  size = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'wx', 0o600);
  }

  get path(): string {
    return this.#path;
  }

  add(entry: Entry, body: readonly Buffer[]): void {
    let size = 0;
    for (const block of body) size += block.length;
    const member = sigtarMember(entry, size);
    const header = headerLength(member);
    if (header > BUFFER - this.#used) this.#flush();
    if (header > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(header);
    this.#used += writeHeader(this.#buffer, this.#used, member);
    for (const block of body) this.#append(block);
    const padding = paddingLength(size);
    if (padding > 0) this.#append(Buffer.alloc(padding));
  }

  /** What was added so far is on disk, under the given name from now on. */
  checkpoint(path: string): void {
    this.#flush();
    fdatasyncSync(this.#fd);
    if (path === this.#path) return;
    renameSync(this.#path, path);
    this.#path = path;
  }

  /** Ends the archive; the file stays. */
  finish(): void {
    this.#flush();
    this.#append(trailer(this.size));
    this.#flush();
    closeSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
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

  #flush(): void {
    if (this.#used === 0) return;
    this.#write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #write(block: Buffer): void {
    for (let at = 0; at < block.length;) at += writeSync(this.#fd, block, at);
    this.size += block.length;
  }
}
