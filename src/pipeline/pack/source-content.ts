import { LocalError } from '../../errors/errors.ts';
import { blockLength } from '../../rsync/block-length.ts';
import { SignatureBuilder, signatureOf } from '../../rsync/signature.ts';
import type { SourceFile } from '../../source/open-file.ts';

const NOTHING = Buffer.alloc(0);

/** Something else that sees all of the content and makes its signature. */
interface Signer {
  /** The pieces of the signature that are complete; when all was seen, all that is left. */
  takeSignature(): Buffer[];
}

/** The content of a source file, read once, with the signature of what was read. A read error is its end. */
export class SourceContent {
  readonly #file: SourceFile;
  readonly #size: number;
  readonly blockLength: number;
  #signer: Signer | undefined;
  #builder: SignatureBuilder | undefined;
  #signature: Buffer | undefined;
  length = 0;
  failure: LocalError | undefined;

  /** `size` is what the file had when it was examined. */
  constructor(file: SourceFile, size: number, maxBlockSize: number) {
    this.#file = file;
    this.#size = size;
    this.blockLength = blockLength(size, maxBlockSize);
  }

  /** Before the first byte is read: the signature comes from `signer`. */
  leaveSigningTo(signer: Signer): void {
    this.#signer = signer;
  }

  fill(into: Buffer): number {
    const length = this.#read(into);
    if (this.#signer === undefined) {
      this.#sign(length === into.length ? into : into.subarray(0, length), length < into.length);
    }
    this.length += length;
    return length;
  }

  /** The pieces of the signature that are complete. */
  takeSignature(): readonly Buffer[] {
    return (this.#signer ?? this.#builder)?.takeSignature() ?? [];
  }

  /** What is left of the signature. */
  signature(): readonly Buffer[] {
    if (this.#signer !== undefined) return this.#signer.takeSignature();
    if (this.#builder !== undefined) return this.#builder.finish();
    return [this.#signature ?? signatureOf(NOTHING, this.blockLength)];
  }

  close(): void {
    this.#file.close();
  }

  #sign(bytes: Buffer, isLast: boolean): void {
    if (this.length === 0 && isLast) {
      this.#signature = signatureOf(bytes, this.blockLength);
      return;
    }
    this.#builder ??= new SignatureBuilder(this.blockLength);
    this.#builder.update(bytes);
  }

  #read(into: Buffer): number {
    let at = 0;
    try {
      while (at < into.length) {
        const length = this.#file.read(at === 0 ? into : into.subarray(at));
        if (length === 0) break;
        at += length;
        // All that was there, and no more at hand: asking for the end would take another call for each small file.
        if (at < into.length && this.length + at === this.#size) break;
      }
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      this.failure = error;
    }
    return at;
  }
}
