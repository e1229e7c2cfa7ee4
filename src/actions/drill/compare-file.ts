import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { HEADER_BYTES, SIGNATURE_MAGIC, SignatureBuilder, STRONG_BYTES } from '../../rsync/signature.ts';

/** Holds bytes, as they come, against a signature that lies in a file. */
export class SignatureComparer implements Disposable {
  readonly #fd: number;
  readonly #builder: SignatureBuilder | undefined;
  #at = 0;
  #isSame = true;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    const header = Buffer.alloc(HEADER_BYTES);
    const length = readSync(this.#fd, header, 0, HEADER_BYTES, 0);
    const blockLength = header.readUInt32BE(4);
    const isKnown = length === HEADER_BYTES && header.readUInt32BE(0) === SIGNATURE_MAGIC;
    if (isKnown && blockLength > 0 && header.readUInt32BE(8) === STRONG_BYTES) {
      this.#builder = new SignatureBuilder(blockLength);
    }
  }

  update(block: Buffer): void {
    this.#builder?.update(block);
    for (const piece of this.#builder?.takeSignature() ?? []) this.#compare(piece);
  }

  /** Whether it was the one that the bytes have. */
  finish(): boolean {
    if (this.#builder === undefined) return false;
    for (const piece of this.#builder.finish()) this.#compare(piece);
    return this.#isSame && fstatSync(this.#fd).size === this.#at;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #compare(piece: Buffer): void {
    const stored = Buffer.alloc(piece.length);
    const length = readSync(this.#fd, stored, 0, piece.length, this.#at);
    this.#at += piece.length;
    this.#isSame &&= length === piece.length && stored.equals(piece);
  }
}

/** Holds bytes, as they come, against a regular file. */
export class FileComparer implements Disposable {
  readonly #fd: number;
  readonly isFile: boolean;
  #at = 0;
  #isSame = true;

  /** Throws what the system says. */
  constructor(path: string | Buffer) {
    // A pipe that has taken the place of a file must not hold the run.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    this.isFile = fstatSync(this.#fd).isFile();
  }

  update(block: Buffer): void {
    if (!this.#isSame || !this.isFile) return;
    const here = Buffer.alloc(block.length);
    let length = 0;
    while (length < block.length) {
      const read = readSync(this.#fd, here, length, block.length - length, this.#at + length);
      if (read === 0) break;
      length += read;
    }
    this.#at += block.length;
    this.#isSame = length === block.length && here.equals(block);
  }

  finish(): boolean {
    return this.isFile && this.#isSame && fstatSync(this.#fd).size === this.#at;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
