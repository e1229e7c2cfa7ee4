import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntegrityError } from '../../src/errors/errors.ts';
import { DELTA_MAGIC, OP_END, writeCopy, writeLiteral } from '../../src/rsync/commands.ts';
import { Pieces } from '../../src/rsync/pieces.ts';
import { signatureOf } from '../../src/rsync/signature.ts';
import { compose, deltaOf, load, noise, patch } from '../../src/rsync/testing.ts';

// `COMPOSE_RUNS=100000` before it: so many rounds of each.
const numRuns = Number(process.env['COMPOSE_RUNS'] ?? 150);

const share = fc.double({ min: 0, max: 1, noNaN: true });
/** A literal, or a copy of some share of what is there. */
const command = fc.oneof(
  fc.record({ literal: fc.constantFrom(1, 5, 64, 65, 300, 20_000), seed: fc.integer() }),
  fc.record({ from: share, length: share }),
  fc.record({ from: share, bytes: fc.integer({ min: 1, max: 9 }) }),
);
const commands = fc.array(command, { maxLength: 40 });
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** A delta on something of so many bytes. */
function deltaFrom(list: readonly Command[], size: number): Buffer {
  const out = new Pieces();
  out.integer(DELTA_MAGIC, 4);
  for (const each of list) {
    if ('literal' in each) writeLiteral(out, noise(each.literal, each.seed), 0, each.literal);
    else {
      const from = Math.floor(each.from * Math.max(0, size - 1));
      const wanted = 'bytes' in each ? each.bytes : Math.floor(each.length * (size - from));
      const length = Math.min(wanted, size - from, 50_000);
      if (length > 0) writeCopy(out, from, length);
    }
  }
  out.byte(OP_END);
  return Buffer.concat(out.takeRest());
}

test('one delta made of any deltas does what they do one after the other', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 70_000 }),
      fc.array(commands, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 9000 }),
      (size, lists, piece) => {
        const base = noise(size, 1);
        let content = base;
        const deltas: Buffer[] = [];
        for (const list of lists) {
          const delta = deltaFrom(list, content.length);
          deltas.push(delta);
          content = patch(content, delta);
        }
        expect(patch(base, compose(deltas, piece)).equals(content)).toBe(true);
      },
    ),
    { numRuns, seed: 1 },
  );
});

const edits = fc.array(fc.record({ at: share, gone: fc.nat(6000), size: fc.nat(6000), seed: fc.integer() }), {
  maxLength: 3,
});

test('of a content that is edited again and again it is about as long as the delta between first and last', () => {
  fc.assert(
    fc.property(fc.array(edits, { minLength: 2, maxLength: 6 }), (versions) => {
      const base = noise(120_000, 2);
      const blockLength = 512;
      let content = base;
      let added = 0;
      const deltas = versions.map((changes) => {
        const old = content;
        for (const { at, gone, size, seed } of changes) {
          const from = Math.floor(at * content.length);
          content = Buffer.concat([content.subarray(0, from), noise(size, seed + 1000), content.subarray(from + gone)]);
          added++;
        }
        return deltaOf(load(signatureOf(old, blockLength)), content);
      });
      const composed = compose(deltas);
      expect(patch(base, composed).equals(content)).toBe(true);
      // Each edit breaks up to two blocks, which the direct delta may find again, and leaves some commands behind.
      const direct = deltaOf(load(signatureOf(base, blockLength)), content);
      expect(composed.length).toBeLessThanOrEqual(direct.length + added * (2 * blockLength + 40));
    }),
    { numRuns, seed: 2 },
  );
});

test('damage in any of the deltas is DAMAGED, or gives some delta', () => {
  fc.assert(
    fc.property(commands, commands, fc.nat(1), share, fc.nat(255), (first, second, which, where, byte) => {
      const base = noise(5000, 3);
      const earlier = deltaFrom(first, base.length);
      const deltas = [earlier, deltaFrom(second, patch(base, earlier).length)];
      const damaged = deltas[which] ?? earlier;
      damaged[Math.floor(where * (damaged.length - 1))] = byte;
      expect(['composed', 'DAMAGED']).toContain(outcome(deltas));
    }),
    { numRuns, seed: 3 },
  );
});

test('a copy beyond what the earlier delta makes is damage of the later one', () => {
  const earlier = deltaFrom([{ literal: 5, seed: 1 }], 0);
  const later = deltaFrom([{ from: 0, bytes: 6 }], 6);
  expect(() => compose([earlier, later])).toThrow('a copy reaches beyond the basis');
});

test('copies that follow one another in the basis become one', () => {
  const apart = deltaFrom(
    [
      { from: 0, length: 0.5 },
      { literal: 1, seed: 1 },
      { from: 0.501, length: 1 },
    ],
    1000,
  );
  const around = hex('72730236 460001f4 4a01f501f4 00');
  expect(compose([apart, around])).toEqual(hex('72730236 460003e8 00'));
});

test('literals that follow one another become one', () => {
  const earlier = hex('72730236 026162 00');
  const later = hex('72730236 0163 45 0002 0164 00');
  expect(compose([earlier, later])).toEqual(hex('72730236 0463616264 00'));
});

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function outcome(deltas: readonly Buffer[]): string {
  try {
    compose(deltas, 100);
    return 'composed';
  } catch (error) {
    return error instanceof IntegrityError ? error.code : String(error);
  }
}
