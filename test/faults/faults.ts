import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy, type Direction, type FaultProxy, type ProxyRule } from '../support/fault-proxy.ts';
import { duplicity, noise, PLAIN, put, scene, treeOf, type Outcome, type Scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** A server as the runs through the fault proxy see it. */
export interface FaultySetup {
  /** Where the server listens. */
  readonly port: number;
  /** The URL of an empty place of that name, by way of the given port. */
  url(port: number, place: string): string;
  /** Passwords, and options that every run takes. */
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  /** Variables that lead to the given port, for drivers whose URL names no server. */
  envAt?(port: number): Readonly<Record<string, string>>;
}

/** Seconds of silence that end a stalled connection; the tests wait for it. */
const TIMEOUT_S = '3';

/** Exit numbers that say what went wrong with the storage, or that there is nothing to read. */
const CLEAR = [0, 1, 23, 30, 38, 44, 50, 51, 52, 53];

/**
 * Full backup, increment and restore through the program, with connections that go wrong in ways drawn from `seeds`.
 * Promises: each run ends by itself, with success or one clear error; after a failure the same command without faults
 * succeeds; a set that was reported as stored is restored exactly.
 */
export function survivesFaults(driver: string, open: () => Promise<FaultySetup>, seeds: readonly number[]): void {
  describe(`${driver} over connections that go wrong`, () => {
    let setup: FaultySetup;
    let proxy: FaultProxy;
    beforeAll(async () => {
      setup = await open();
      proxy = await startFaultProxy(setup.port);
    });
    afterAll(() => proxy.stop());

    function run(place: string, words: (url: string) => readonly string[]): Promise<Outcome> {
      const { options = [] } = setup;
      const env = { ...setup.env, ...setup.envAt?.(proxy.port) };
      const always = [...PLAIN, '--num-retries', '3', '--timeout', TIMEOUT_S, '--volsize', '1', ...options];
      return duplicity([...always, ...words(setup.url(proxy.port, place))], { env });
    }
    function backup(s: Scene, place: string, k: number): Promise<Outcome> {
      return run(place, (url) => ['--current-time', String(timeOfSet(k)), s.source, url]);
    }
    /** The run with faults, and where it fails the same without. */
    async function eventually(faulty: () => Promise<Outcome>, rules: readonly ProxyRule[]): Promise<Outcome> {
      proxy.setRules(rules);
      const first = await faulty();
      proxy.setRules([]);
      expect(CLEAR).toContain(first.status);
      if (first.status === 0) return first;
      expect(first.records.filter(({ level }) => level === 'ERROR').length).toBe(1);
      const second = await faulty();
      expect([second.status, second.stderr]).toEqual([0, '']);
      return second;
    }
    type Tree = ReturnType<typeof treeOf>;
    async function restored(s: Scene, place: string, k: number, rules: readonly ProxyRule[]): Promise<Tree> {
      const out = `${s.dir}/out`;
      await eventually(() => {
        rmSync(out, { recursive: true, force: true });
        return run(place, (url) => ['restore', '--time', String(timeOfSet(k)), url, out]);
      }, rules);
      return treeOf(out);
    }
    const treesOf = new Map<string, Tree>();

    test.each(seeds)('faults of seed %i lose nothing', async (seed) => {
      const draw = generator(seed);
      const place = `seed${seed}`;
      const s = scene();
      put(s.source, { a: noise(2_200_000, seed), b: 'b' });
      treesOf.set(`${place} 0`, treeOf(s.source));
      await eventually(() => backup(s, place, 0), faultsOf(draw));
      put(s.source, { a: Buffer.concat([noise(2_200_000, seed), noise(900_000, seed + 1)]), c: 'c' }, timeOfSet(0));
      treesOf.set(`${place} 1`, treeOf(s.source));
      await eventually(() => backup(s, place, 1), faultsOf(draw));
      for (const k of [0, 1]) expect(await restored(s, place, k, faultsOf(draw))).toEqual(treesOf.get(`${place} ${k}`));
    });

    test('a server that refuses every connection is one clear error, soon', async () => {
      const s = scene();
      put(s.source, { a: 'a' });
      proxy.setRules([{ refuse: true }]);
      const result = await backup(s, 'refused', 0);
      expect([23, 30, 38, 50]).toContain(result.status);
      expect(result.records.filter(({ level }) => level === 'ERROR').length).toBe(1);
      proxy.setRules([]);
      expect((await backup(s, 'refused', 0)).status).toBe(0);
    });

    test('a connection that stalls is given up and made anew', async () => {
      const s = scene();
      put(s.source, { a: noise(1_500_000) });
      proxy.setRules([{ count: 1, up: { cutAfter: 400_000, how: 'stall' } }]);
      expect((await backup(s, 'stalled', 0)).status).toBe(0);
      expect(proxy.struck).toBe(1);
      proxy.setRules([]);
      expect(await restored(s, 'stalled', 0, [])).toEqual(treeOf(s.source));
    });
  });
}

/** One to three connections of a run go wrong, early or late, by way of any kind of fault. */
function faultsOf(draw: (below: number) => number): readonly ProxyRule[] {
  const kinds = ['rst', 'fin', 'rst', 'fin', 'stall'] as const;
  let skip = draw(2);
  return Array.from({ length: 1 + draw(3) }, () => {
    const direction: Direction = { cutAfter: 1 + draw(1_500_000), how: kinds[draw(kinds.length)] ?? 'rst' };
    const rule = draw(6) === 0 ? { refuse: true } : draw(2) === 0 ? { up: direction } : { down: direction };
    const placed: ProxyRule = { ...rule, skip, count: 1 };
    skip += draw(2);
    return placed;
  });
}

/** Whole numbers from 0 up to, not including, `below`; the same for a seed on every run. */
function generator(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
