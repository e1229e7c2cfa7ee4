// Speed of block sums and delta search, in CPU time: npx tsx bench/rsync-kernel.ts [simd|scalar] [sizes]
import { randomFillSync } from 'node:crypto';
import { fastestKernels } from '../src/rsync/kernel/choose.ts';
import { Kernels } from '../src/rsync/kernel/kernel.ts';
import { scalarKernel } from '../src/rsync/kernel/scalar.ts';
import { DeltaEncoder } from '../src/rsync/delta.ts';
import { SignatureBuilder, signatureOf } from '../src/rsync/signature.ts';
import { SignatureLoader } from '../src/rsync/signature-loader.ts';

const kernels = process.argv[2] === 'scalar' ? new Kernels(scalarKernel) : fastestKernels();
const MEBIBYTE = 1_048_576;
const CHUNK = 65_536;
const content = randomFillSync(Buffer.allocUnsafe(64 * MEBIBYTE));
const other = randomFillSync(Buffer.allocUnsafe(64 * MEBIBYTE));
const chunks = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, i) => bytes.subarray(i * CHUNK, (i + 1) * CHUNK));

/** Best of several runs, in seconds. */
function best(runs: number, run: () => void): number {
  let seconds = Infinity;
  for (let i = 0; i < runs; i++) seconds = Math.min(seconds, timed(run));
  return seconds;
}

function timed(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function sign(bytes: Buffer, blockLength: number): Buffer[] {
  const builder = new SignatureBuilder(blockLength, kernels);
  for (const chunk of chunks(bytes)) builder.update(chunk);
  return builder.finish();
}

function delta(signature: readonly Buffer[], bytes: Buffer): number {
  return encode(load(signature), bytes);
}

function load(signature: readonly Buffer[]): DeltaEncoder {
  const loader = new SignatureLoader(kernels);
  for (const block of signature) loader.push(block);
  return new DeltaEncoder(loader.finish());
}

function encode(encoder: DeltaEncoder, bytes: Buffer): number {
  let size = 0;
  for (const chunk of chunks(bytes)) for (const piece of encoder.update(chunk)) size += piece.length;
  for (const piece of encoder.finish()) size += piece.length;
  return size;
}

function print(name: string, value: number, unit: string): void {
  process.stdout.write(`${name.padEnd(40)} ${value.toFixed(value < 100 ? 2 : 0).padStart(8)} ${unit}\n`);
}

/** Entries as random blocks of 2048 bytes have them: the sum of the bytes, half of the weak sum, is no even spread. */
function randomSignature(count: number): Buffer[] {
  const chance = randomFillSync(Buffer.allocUnsafe(12 * count));
  const blocks = [Buffer.from('727301360000080000000008', 'hex')];
  for (let at = 0; at < chance.length; at += 12) {
    // Twelve of anything make a bell curve: here nibbles of the strong sum, of standard deviation 4.61 each.
    let total = -12 * 7.5;
    for (let i = 4; i < 10; i++) total += ((chance[at + i] ?? 0) >> 4) + ((chance[at + i] ?? 0) & 15);
    const fine = ((chance[at + 10] ?? 0) / 256) * 210;
    chance.writeUInt16BE(Math.round(2048 * (127.5 + 31) + total * 209.4 + fine) & 0xffff, at + 2);
  }
  for (let at = 0; at < chance.length; at += CHUNK) blocks.push(chance.subarray(at, at + CHUNK));
  return blocks;
}

for (const count of process.argv[3] === 'sizes' ? [10_000, 131_072, 1_048_576, 5_242_880] : []) {
  const stored = randomSignature(count);
  const bytes = other.subarray(0, 32 * MEBIBYTE);
  let encoder: DeltaEncoder | undefined;
  print(`load ${count} entries`, timed(() => (encoder = load(stored))) * 1000, 'ms');
  print(
    `no match among ${count} entries`,
    bytes.length / timed(() => encode(encoder ?? load(stored), bytes)) / 1e6,
    'MB/s',
  );
}
if (process.argv[3] === 'sizes') process.exit();

const speed = (bytes: Buffer, run: () => void): number => bytes.length / best(5, run) / 1e6;

for (const blockLength of [512, 2048]) {
  print(
    `signature, block ${blockLength}`,
    speed(content, () => sign(content, blockLength)),
    'MB/s',
  );
}
for (const blockLength of [512, 2048]) {
  const signature = sign(content, blockLength);
  print(
    `unchanged delta, block ${blockLength}`,
    speed(content, () => delta(signature, content)),
    'MB/s',
  );
  print(
    `no-match delta, block ${blockLength}`,
    speed(other, () => delta(signature, other)),
    'MB/s',
  );
}
const edited = Buffer.from(content);
for (let at = 0; at < edited.length; at += 65_537) edited[at] = (edited[at] ?? 0) ^ 1;
const signature = sign(content, 2048);
print(
  'one byte in 64 KiB changed, block 2048',
  speed(edited, () => delta(signature, edited)),
  'MB/s',
);
print('  its delta', delta(signature, edited), 'bytes');

for (const size of [100, 1024, 4096, 20_000]) {
  const bytes = content.subarray(0, size);
  const rounds = 20_000;
  const one = best(5, () => {
    for (let i = 0; i < rounds; i++) signatureOf(bytes, 512, kernels);
  });
  print(`signature of ${size} bytes`, (one / rounds) * 1e6, 'us');
  const stored = signatureOf(bytes, 512, kernels);
  const two = best(5, () => {
    for (let i = 0; i < rounds; i++) {
      const loader = new SignatureLoader(kernels);
      loader.push(stored);
      const encoder = new DeltaEncoder(loader.finish());
      encoder.update(bytes);
      encoder.finish();
    }
  });
  print(`load and unchanged delta of ${size} bytes`, (two / rounds) * 1e6, 'us');
}
