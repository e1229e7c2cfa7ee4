import { rmSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy, type ProxyPlace, type ProxyRule } from '../support/fault-proxy.ts';
import { some } from '../support/forms.ts';
import { testHome } from '../support/home.ts';
import { startDuplicity } from '../support/run.ts';
import { duplicity, noise, PLAIN, put, scene, treeOf, type Outcome, type Scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { faultsOf, generator, seedsOr } from './drawn.ts';

/** A server as the runs through the fault proxy see it. */
export interface FaultySetup extends ProxyPlace {
  /** Where the server listens. */
  readonly port: number;
  /** The way to the server through that port of the proxy. */
  through(port: number): Access;
  /** Among how many connections of a run faults are drawn. Default: 2. */
  readonly connections?: number;
  /** So many bytes are sent before a driver that waits long for an answer misses the server. Default: 700,000. */
  readonly unseen?: number;
  /** Content by name, of what is stored there under its final name. */
  stored(place: string): Promise<ReadonlyMap<string, Buffer>> | ReadonlyMap<string, Buffer>;
}

export interface Access {
  /** The URL of an empty place of that name. */
  url(place: string): string;
  /** Passwords, and options that every run takes. */
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
}

/** Seconds of silence that end a stalled connection; the tests wait for it. */
const TIMEOUT_S = '2';
/** Of a seed where every run stalls more than once, on a busy machine. */
const SEED_MS = 180_000;
/** Two volumes, and an increment that adds one. */
const FIRST = 1_300_000;
const MORE = 400_000;

/** Exit numbers that say what went wrong with the storage, or that there is nothing to read. */
const CLEAR = [1, 23, 30, 38, 44, 50, 51, 52, 53];
const INTERRUPTED = 4;
/** An end that has to wait for a connection which says nothing any more would take the timeout of 30 seconds. */
const ENDS_WITHIN_MS = 15_000;

/**
 * Full backup, increment and restore through the program, with connections that go wrong in ways drawn from `seeds`.
 * Promises: each run ends by itself, with success or one clear error; no half file shows up under its name; after a
 * failure the same command without faults succeeds; a set that was reported as stored is restored exactly.
 */
export function survivesFaults(driver: string, open: () => Promise<FaultySetup>, usual: readonly number[]): void {
  describe(`${driver} over connections that go wrong`, () => {
    const seeds = seedsOr(some(usual, (_, i) => i === 0));
    const tally = { good: 0, struck: 0, atOnce: 0, second: 0 };
    let setup: FaultySetup;
    let proxy: FaultProxy;
    let access: Access;
    beforeAll(async () => {
      setup = await open();
      proxy = await startFaultProxy(setup.port, [], setup);
      access = setup.through(proxy.port);
    });
    afterAll(async () => {
      const { good, struck, atOnce, second } = tally;
      console.log(`| ${[driver, seeds.length, struck, atOnce, second, seeds.length - good].join(' | ')} |`);
      await proxy.stop();
    });

    function words(more: readonly string[], timeout = TIMEOUT_S): readonly string[] {
      const always = [...PLAIN, '--num-retries', '3', '--timeout', timeout, '--volsize', '1'];
      return [...always, ...(access.options ?? []), ...more];
    }
    function run(more: readonly string[]): Promise<Outcome> {
      return duplicity(words(more), { env: access.env ?? {} });
    }
    const backupWords = (s: Scene, place: string, k: number): readonly string[] => {
      return ['--current-time', String(timeOfSet(k)), s.source, access.url(place)];
    };
    const backup = (s: Scene, place: string, k: number): Promise<Outcome> => run(backupWords(s, place, k));

    /** The run with faults, and where it fails the same without. */
    async function eventually(place: string, faulty: () => Promise<Outcome>, rules: readonly ProxyRule[]) {
      proxy.setRules(rules);
      const first = await faulty();
      tally.struck += proxy.struck;
      proxy.setRules([]);
      if (first.status === 0) {
        if (rules.length > 0) tally.atOnce++;
        return;
      }
      expectClear(first);
      console.log(`${driver}, ${place}: ${first.stderr.trim()}`);
      await expectWhole(place);
      const second = await faulty();
      expect([second.status, second.stderr]).toEqual([0, '']);
      tally.second++;
    }
    async function expectWhole(place: string): Promise<void> {
      const half = [...(await setup.stored(place))].filter(
        ([name, content]) => name.endsWith('.gz') && !isWhole(content),
      );
      expect(half.map(([name]) => name)).toEqual([]);
    }
    /** What the newest set gives on a machine that has only the storage. */
    async function restored(s: Scene, place: string, rules: readonly ProxyRule[]): Promise<ReturnType<typeof treeOf>> {
      const out = `${s.dir}/out`;
      rmSync(`${testHome()}/.cache`, { recursive: true, force: true });
      const restoring = (): Promise<Outcome> => {
        rmSync(out, { recursive: true, force: true });
        return run(['restore', access.url(place), out]);
      };
      await eventually(place, restoring, rules);
      return treeOf(out);
    }

    test.each(seeds)(
      'faults of seed %i lose nothing',
      async (seed) => {
        const draw = generator(seed);
        const drawn = (): readonly ProxyRule[] => faultsOf(draw, setup.connections ?? 2);
        const place = `seed${seed}`;
        const s = scene();
        put(s.source, { a: noise(FIRST, seed), b: 'b' });
        await eventually(place, () => backup(s, place, 0), drawn());
        put(s.source, { a: Buffer.concat([noise(FIRST, seed), noise(MORE, seed + 1)]), c: 'c' }, timeOfSet(0));
        await eventually(place, () => backup(s, place, 1), drawn());
        expect(await restored(s, place, drawn())).toEqual(treeOf(s.source));
        await expectWhole(place);
        tally.good++;
      },
      SEED_MS,
    );

    test('a server that refuses every connection is one clear error, soon', async () => {
      const s = scene();
      put(s.source, { a: 'a' });
      proxy.setRules([{ refuse: true }]);
      const result = await backup(s, 'refused', 0);
      expectClear(result);
      expect(proxy.struck).toBeGreaterThan(0);
    });

    test('a connection that stalls is given up and made anew', async () => {
      const s = scene();
      put(s.source, { a: noise(setup.unseen ?? 700_000) });
      proxy.setRules([{ cuts: 1, up: { cutAfter: 300_000, how: 'stall' } }]);
      const { status, stderr } = await run(['--volsize', '25', ...backupWords(s, 'stalled', 0)]);
      expect([status, stderr]).toEqual([0, '']);
      expect(proxy.struck).toBe(1);
      await expectWhole('stalled');
    });

    test('Ctrl-C in the middle of an upload ends soon, leaves nothing half, and the next run goes on', async () => {
      const s = scene();
      put(s.source, { a: noise(FIRST) });
      const struck = proxy.nextStrike();
      proxy.setRules([{ up: { cutAfter: 300_000, how: 'stall' } }]);
      const more = words(backupWords(s, 'interrupted', 0), '30');
      const running = startDuplicity(more, { env: access.env ?? {}, timeoutMs: ENDS_WITHIN_MS });
      await struck;
      running.child.kill('SIGINT');
      const { status, stderr } = await running.result;
      expect([status, stderr]).toEqual([INTERRUPTED, '']);
      proxy.setRules([]);
      await expectWhole('interrupted');
      expect((await backup(s, 'interrupted', 1)).status).toBe(0);
      expect(await restored(s, 'interrupted', [])).toEqual(treeOf(s.source));
    });
  });
}

/** The run has failed with one error, which names what went wrong. */
function expectClear({ status, stderr, records }: Outcome): void {
  const errors = records.filter(({ level }) => level === 'ERROR').length;
  // With what it said, for whoever has to read the failure of this test.
  const isClear = status !== null && CLEAR.includes(status);
  expect({ status, isClear, errors, stderr }).toEqual({ status, isClear: true, errors: 1, stderr });
}

function isWhole(gzipped: Buffer): boolean {
  try {
    return gunzipSync(gzipped).length > 0;
  } catch {
    return false;
  }
}
