import { DeltaParser } from '../../src/rsync/delta-parser.ts';
import { Kernels } from '../../src/rsync/kernel/kernel.ts';
import { scalarKernel } from '../../src/rsync/kernel/scalar.ts';
import { DeltaApplier } from '../../src/rsync/patch.ts';
import { signedSize } from '../../src/rsync/signed-size.ts';
import { basisOf, compose, deltaOf, load, noise, patch, sign } from '../../src/rsync/testing.ts';
import { DuplicityError } from '../../src/errors/errors.ts';
import { readBothWays } from '../pieces.ts';
import type { Target } from '../target.ts';

const BASIS = noise(9000, 3);
const CONTENT = Buffer.concat([BASIS.subarray(4000), noise(500, 4), BASIS.subarray(0, 3000)]);

const codes = (...bytes: readonly number[]): Buffer => Buffer.from(bytes);
/** What a short delta may make of a file; more is cut off here, as no memory holds it. */
const MOST_OUTPUT = 64 * 1024 * 1024;

class Enough extends Error {}

async function applied(parts: readonly Buffer[]): Promise<unknown> {
  let size = 0;
  let sum = 0;
  const applier = new DeltaApplier(basisOf(BASIS), (block) => {
    size += block.length;
    sum = (sum * 31 + (block[0] ?? 0) + (block.at(-1) ?? 0)) % 1_000_003;
    if (size > MOST_OUTPUT) throw new Enough();
  });
  try {
    for (const part of parts) applier.push(part);
    applier.finish();
  } catch (error) {
    if (error instanceof Enough) return 'enough';
    throw error;
  }
  return size;
}

export const RSYNC: readonly Target[] = [
  {
    name: 'delta',
    words: [
      codes(0x72, 0x73, 2, 0x36),
      codes(0x45, 0, 1),
      codes(0x4f, 0, 0, 0, 0, 0, 0, 0, 0),
      codes(0x41, 3),
      codes(0x54),
      codes(0x44),
    ],
    seeds: () => [deltaOf(load(sign(BASIS, 512)), CONTENT), Buffer.from('7273023645000a03616263004100', 'hex')],
    async read(input) {
      await readBothWays(input, applied);
      // Twice over: what the first makes is the basis of the second.
      if (input.length < 2000) composed(input);
    },
  },
  {
    name: 'signature',
    words: [codes(0x72, 0x73, 1, 0x36), codes(0, 0, 2, 0), codes(0, 0, 0, 8), codes(0xff, 0xff, 0xff, 0xff)],
    seeds: () => [sign(BASIS, 512), sign(BASIS, 2048), sign(Buffer.alloc(0), 512), sign(BASIS.subarray(0, 100), 16)],
    most: 8192,
    read(input) {
      signedSize(input.subarray(0, 12), input.length);
      const piece = 1 + (input.length % 61);
      const there = deltaOf(load(input), CONTENT);
      const scalar = deltaOf(load(input, new Kernels(scalarKernel), piece), CONTENT, 1000);
      if (!there.equals(scalar)) throw new Error('the two kernels make different deltas');
    },
  },
];

function composed(input: Buffer): void {
  const first = deltaOf(load(sign(BASIS, 512)), CONTENT);
  let expected: Buffer;
  try {
    if (outputOf(input, CONTENT) > 1_000_000) return;
    expected = patch(CONTENT, input);
  } catch (error) {
    if (error instanceof DuplicityError) return;
    throw error;
  }
  const both = patch(BASIS, compose([first, input], 700));
  if (!both.equals(expected)) throw new Error('the composed delta makes something else');
}

function outputOf(delta: Buffer, basis: Buffer): number {
  let size = 0;
  const parser = new DeltaParser({
    literal: (_source, from, to) => void (size += to - from),
    copy(position, length) {
      if (length > basis.length - position) throw parser.damaged('a copy reaches beyond the basis');
      size += length;
    },
  });
  parser.push(delta);
  parser.finish();
  return size;
}
