import type { Direction, ProxyRule } from '../support/fault-proxy.ts';

/** One to three connections of a run go wrong, early or late, by way of any kind of fault. */
export function faultsOf(draw: (below: number) => number, connections: number): readonly ProxyRule[] {
  let skip = draw(connections);
  return Array.from({ length: 1 + draw(3) }, () => {
    const direction = directionOf(draw);
    const rule = draw(7) === 0 ? { refuse: true } : draw(2) === 0 ? { up: direction } : { down: direction };
    const placed: ProxyRule = { ...rule, skip, count: 1 };
    skip += draw(2);
    return placed;
  });
}

const KINDS = ['rst', 'fin', 'truncate', 'rst', 'fin', 'stall', 'slow'] as const;

function directionOf(draw: (below: number) => number): Direction {
  const how = KINDS[draw(KINDS.length)] ?? 'rst';
  // A volume takes longer than a stalled connection is given, and yet it is not one.
  if (how === 'slow') return { latencyMs: draw(10), bytesPerSecond: 300_000 + draw(300_000) };
  // Most connections carry little: a greeting, an order, an answer.
  return { cutAfter: 1 + draw(draw(3) === 0 ? 4000 : 1_300_000), how };
}

/** Whole numbers from 0 up to, not including, `below`; the same for a seed on every run. */
export function generator(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** `FAULT_SEEDS=1-20` or `3,7,9`, for a longer look than the seeds that every test run takes. */
export function seedsOr(usual: readonly number[]): readonly number[] {
  const asked = process.env['FAULT_SEEDS'];
  if (asked === undefined) return usual;
  return asked.split(',').flatMap((range) => {
    const [first = 1, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
