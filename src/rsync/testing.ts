import { composer } from './compose.ts';
import { DeltaEncoder } from './delta.ts';
import { DeltaIndex, type Store } from './delta-index.ts';
import { DeltaParser } from './delta-parser.ts';
import { DeltaWriter } from './delta-writer.ts';
import type { Kernels } from './kernel/kernel.ts';
import { type Basis, DeltaApplier } from './patch.ts';
import { SignatureBuilder } from './signature.ts';
import { type Signature, SignatureLoader } from './signature-loader.ts';

// Whole contents through the streaming interfaces, for tests. `piece` is the size of the pieces that go in.

export function sign(content: Buffer, blockLength: number, kernels?: Kernels, piece = 65_536): Buffer {
  const builder = new SignatureBuilder(blockLength, kernels);
  for (const part of split(content, piece)) builder.update(part);
  return Buffer.concat(builder.finish());
}

export function load(stored: Buffer, kernels?: Kernels, piece = 65_536): Signature {
  const loader = new SignatureLoader(kernels);
  for (const part of split(stored, piece)) loader.push(part);
  return loader.finish();
}

export function deltaOf(signature: Signature, content: Buffer, piece = 65_536): Buffer {
  const encoder = new DeltaEncoder(signature);
  const out: Buffer[] = [];
  for (const part of split(content, piece)) out.push(...encoder.update(part));
  out.push(...encoder.finish());
  return Buffer.concat(out);
}

/** The delta and the content's own signature, which the encoder must be able to make. */
export function deltaAndSignature(
  signature: Signature,
  content: Buffer,
  piece: number,
): { readonly delta: Buffer; readonly signature: Buffer } {
  const encoder = new DeltaEncoder(signature, signature.blockLength);
  if (!encoder.isSigning) throw new Error('the encoder makes no signature');
  const out: Buffer[] = [];
  const sums: Buffer[] = [];
  for (const part of split(content, piece)) {
    out.push(...encoder.update(part));
    sums.push(...encoder.takeSignature());
  }
  out.push(...encoder.finish());
  sums.push(...encoder.takeSignature());
  return { delta: Buffer.concat(out), signature: Buffer.concat(sums) };
}

export function patch(basis: Buffer, delta: Buffer, piece = 65_536): Buffer {
  const out: Buffer[] = [];
  const applier = new DeltaApplier(basisOf(basis), (block) => out.push(Buffer.from(block)));
  for (const part of split(delta, piece)) applier.push(part);
  applier.finish();
  return Buffer.concat(out);
}

export function basisOf(content: Buffer): Basis {
  return { size: content.length, read: (into, position) => content.copy(into, 0, position) };
}

function split(content: Buffer, piece: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += piece) parts.push(content.subarray(at, at + piece));
  return parts;
}

/** Bytes that look random and are the same in every run. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** One delta that does what several do, one after the other; they are those of a chain, oldest first. */
export function compose(deltas: readonly Buffer[], piece = 65_536): Buffer {
  const [oldest = Buffer.alloc(0), ...later] = deltas;
  const newest = later.pop();
  let index = new DeltaIndex(memoryStore(), memoryStore());
  read(new DeltaParser(index), oldest);
  index.finish();
  for (const delta of later) {
    const next = new DeltaIndex(memoryStore(), memoryStore());
    read(composer(index, next), delta);
    next.finish();
    index = next;
  }
  const out: Buffer[] = [];
  const writer = new DeltaWriter((block) => out.push(block));
  if (newest === undefined) index.cut(0, index.size, writer);
  else read(composer(index, writer), newest);
  writer.finish();
  return Buffer.concat(out);

  function read(parser: DeltaParser, delta: Buffer): void {
    for (const part of split(delta, piece)) parser.push(part);
    parser.finish();
  }
}

function memoryStore(): Store {
  const blocks: Buffer[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    append(block) {
      blocks.push(Buffer.from(block));
      size += block.length;
    },
    // As files do, it may give less than it has.
    read: (into, position) => Buffer.concat(blocks).copy(into, 0, position, position + 5000),
  };
}
