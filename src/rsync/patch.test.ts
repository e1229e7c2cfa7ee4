import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { IntegrityError } from '../errors/errors.ts';
import { DeltaApplier } from './patch.ts';
import { basisOf, noise, patch } from './testing.ts';

interface Vector {
  readonly name: string;
  readonly basis_b64: string;
  readonly delta_b64: string;
  readonly result_b64?: string;
}

interface Pair {
  readonly name: string;
  readonly basis_b64: string;
  readonly new_b64: string;
  readonly delta_b64: string;
}

const ops = read('delta-ops.jsonl') as readonly Vector[];
const pairs = read('rdiff.jsonl') as readonly Pair[];
const valid = ops.filter((vector) => vector.result_b64 !== undefined);
const invalid = ops.filter((vector) => vector.result_b64 === undefined);
const PIECES = [1, 2, 3, 7, 1000];

test.each(valid)('a delta with $name gives what librsync makes of it', ({ basis_b64, delta_b64, result_b64 }) => {
  for (const piece of PIECES) {
    const result = patch(Buffer.from(basis_b64, 'base64'), Buffer.from(delta_b64, 'base64'), piece);
    expect(result.toString('base64')).toBe(result_b64);
  }
});

test.each(pairs)('a delta made by librsync gives the new content: $name', ({ basis_b64, delta_b64, new_b64 }) => {
  for (const piece of PIECES) {
    const result = patch(Buffer.from(basis_b64, 'base64'), Buffer.from(delta_b64, 'base64'), piece);
    expect(result.toString('base64')).toBe(new_b64);
  }
});

describe('a damaged delta is refused:', () => {
  test.each(invalid)('$name', ({ basis_b64, delta_b64 }) => {
    for (const piece of PIECES) {
      const run = (): Buffer => patch(Buffer.from(basis_b64, 'base64'), Buffer.from(delta_b64, 'base64'), piece);
      expect(run).toThrow(IntegrityError);
    }
  });

  test.each([
    ['nothing at all', '', 'offset 0'],
    ['a magic cut short', '727302', 'offset 3'],
    ['a copy from beyond the end of the basis', '72730236450b0100', 'offset 4'],
    ['a copy that ends one byte too far', '72730236016145000b00', 'offset 6'],
    ['a length that is no safe integer', '72730236440020000000000000', 'offset 4'],
    ['a position that is no safe integer', '7273023651ffffffffffffffff0100', 'offset 4'],
    ['a reserved op-code after a literal', '72730236026162ff', 'offset 7'],
    ['a literal of 2^40 bytes that never comes', '727302364400000100000000006162', 'offset 15'],
    ['a copy cut short', '72730236460000', 'offset 7'],
  ])('%s', (_what, hex, offset) => {
    for (const piece of PIECES) {
      const run = (): Buffer => patch(Buffer.alloc(10), Buffer.from(hex, 'hex'), piece);
      expect(run).toThrow(offset);
      expect(run).toThrow(IntegrityError);
    }
  });

  test('a basis that has become shorter', () => {
    const applier = new DeltaApplier({ size: 10, read: () => 0 }, () => {});
    expect(() => applier.push(Buffer.from('7273023645000a00', 'hex'))).toThrow('shorter');
  });
});

test('what follows END is ignored, in the same block and in later ones', () => {
  const out: Buffer[] = [];
  const applier = new DeltaApplier(basisOf(Buffer.alloc(0)), (block) => out.push(Buffer.from(block)));
  applier.push(Buffer.from('7273023601610055', 'hex'));
  applier.push(Buffer.from('5555', 'hex'));
  applier.finish();
  expect(Buffer.concat(out).toString()).toBe('a');
});

test('a basis that is read in small portions is read to the end', () => {
  const basis = noise(5000, 1);
  const out: Buffer[] = [];
  const slow = {
    size: basis.length,
    read: (into: Buffer, position: number): number => basis.copy(into, 0, position, position + 7),
  };
  const applier = new DeltaApplier(slow, (block) => out.push(Buffer.from(block)));
  applier.push(Buffer.from('727302364600138800', 'hex'));
  applier.finish();
  expect(Buffer.concat(out).equals(basis)).toBe(true);
});

test('blocks are long but never longer than 256 KiB', () => {
  const basis = noise(1_000_000, 2);
  const literal = noise(600_000, 3);
  const command = Buffer.from('7273023643000927c0', 'hex');
  const copy = Buffer.from('4700000f424000', 'hex');
  const out: Buffer[] = [];
  const applier = new DeltaApplier(basisOf(basis), (block) => out.push(Buffer.from(block)));
  applier.push(Buffer.concat([command, literal, copy]));
  applier.finish();
  expect(Buffer.concat(out).equals(Buffer.concat([literal, basis]))).toBe(true);
  expect(Math.max(...out.map((block) => block.length))).toBe(262_144);
  expect(out.length).toBeLessThan(10);
});

test('many short commands are gathered into long blocks', () => {
  const basis = noise(1000, 4);
  const commands = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? '0161' : '450a05')).join('');
  const lengths: number[] = [];
  const applier = new DeltaApplier(basisOf(basis), (block) => lengths.push(block.length));
  applier.push(Buffer.from(`72730236${commands}00`, 'hex'));
  applier.finish();
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(10_000 + 50_000);
  expect(lengths.length).toBeLessThan(4);
});

function read(name: string): readonly unknown[] {
  const text = readFileSync(new URL(`../../test/golden/data/vectors/${name}`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
