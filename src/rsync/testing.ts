import { DeltaEncoder } from './delta.ts';
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
