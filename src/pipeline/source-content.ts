import { LocalError } from '../errors/errors.ts';
import { blockLength } from '../rsync/block-length.ts';
import { SignatureBuilder, signatureOf } from '../rsync/signature.ts';
import type { SourceFile } from '../source/open-file.ts';

const NOTHING = Buffer.alloc(0);

/** The content of a source file, read once, with the signature of what was read. A read error is its end. */
export class SourceContent {
  readonly #file: SourceFile;
  readonly #blockLength: number;
  #builder: SignatureBuilder | undefined;
  #signature: Buffer[] | undefined;
  length = 0;
  failure: LocalError | undefined;

  constructor(file: SourceFile, size: number, maxBlockSize: number) {
    this.#file = file;
    this.#blockLength = blockLength(size, maxBlockSize);
  }

  fill(into: Buffer): number {
    const length = this.#read(into);
    const bytes = into.subarray(0, length);
    if (this.length === 0 && length < into.length) {
      this.#signature = [signatureOf(bytes, this.#blockLength)];
    } else {
      this.#builder ??= new SignatureBuilder(this.#blockLength);
      this.#builder.update(bytes);
    }
    this.length += length;
    return length;
  }

  signature(): Buffer[] {
    return this.#signature ?? this.#builder?.finish() ?? [signatureOf(NOTHING, this.#blockLength)];
  }

  #read(into: Buffer): number {
    let at = 0;
    try {
      while (at < into.length) {
        const length = this.#file.read(at === 0 ? into : into.subarray(at));
        if (length === 0) break;
        at += length;
      }
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      this.failure = error;
    }
    return at;
  }
}
