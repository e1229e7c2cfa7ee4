import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { peakMemory } from '../support/observe.ts';
import { PLAIN, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const FEW = 10_000;
const MANY = 40_000;
/** Single runs vary by 5 MiB. Measured with 50,000 files more: 11 for full, 21 for verify, less than 10 for the others. */
const GROWTH_MIB = { full: 20, 'no-op': 10, list: 10, restore: 10, verify: 25 } as const;
/** What node itself takes is 45 of it. */
const HUGE_FILE_MIB = 200;
const HUGE_BYTES = 2 ** 30;
const PER_DIRECTORY = 1000;
const TRIES = 3;
const LONG_AGO = 1_000_000_000;
const MINUTES_MS = 600_000;

describe('with the number of files', () => {
  /** The lowest peak of each action: a collector that comes late adds to single ones. */
  const peaks = { few: new Map<string, number>(), many: new Map<string, number>() };

  const growth = (action: string): number => (peaks.many.get(action) ?? Infinity) - (peaks.few.get(action) ?? 0);

  beforeAll(async () => {
    for (let tries = 0; tries < TRIES; tries++) {
      await measure(FEW, peaks.few);
      await measure(MANY, peaks.many);
      if (Object.entries(GROWTH_MIB).every(([action, limit]) => growth(action) < limit)) break;
    }
  }, MINUTES_MS);

  async function measure(count: number, lowest: Map<string, number>): Promise<void> {
    const { dir, source, url } = scene();
    makeFiles(source, count);
    const run = async (action: string, args: readonly string[]): Promise<void> => {
      const peakMiB = await peakMemory(args, { timeoutMs: MINUTES_MS });
      lowest.set(action, Math.min(peakMiB, lowest.get(action) ?? Infinity));
    };
    const at = (k: number): readonly string[] => [...PLAIN, '--current-time', String(timeOfSet(k))];
    // At the default level threads start after some MiB: 20 MiB each, however many files follow.
    await run('full', ['full', '--compression-level', '6', ...at(0), source, url]);
    await run('no-op', ['incremental', ...at(1), source, url]);
    await run('list', ['list-current-files', ...PLAIN, url]);
    await run('restore', ['restore', ...PLAIN, url, `${dir}/out`]);
    await run('verify', ['verify', '--compare-data', ...PLAIN, url, source]);
    rmSync(dir, { recursive: true });
    rmSync(`${testHome()}/.cache`, { recursive: true });
  }

  test.each(Object.entries(GROWTH_MIB))('the memory of %s grows by less than %i MiB', (action, limit) => {
    expect(growth(action)).toBeLessThan(limit);
  });
});

test(
  'a huge file takes no more memory than others',
  async () => {
    const { source, url } = scene();
    const fd = openSync(`${source}/disk`, 'wx');
    ftruncateSync(fd, HUGE_BYTES);
    closeSync(fd);
    const peakMiB = await peakMemory(['full', ...PLAIN, source, url], { timeoutMs: MINUTES_MS });
    expect(peakMiB).toBeLessThan(HUGE_FILE_MIB);
  },
  MINUTES_MS,
);

/** Names, for the most part: a link is made in a fifth of the time of a file. */
function makeFiles(root: string, count: number): void {
  for (let at = 0; at < count; at += PER_DIRECTORY) {
    const directory = `${root}/directory-${at}`;
    mkdirSync(directory);
    writeFileSync(`${directory}/file-0`, 'x');
    // Older than the sets, so that nothing is in doubt.
    utimesSync(`${directory}/file-0`, LONG_AGO, LONG_AGO);
    for (let i = 1; i < PER_DIRECTORY; i++) linkSync(`${directory}/file-0`, `${directory}/file-${i}`);
  }
}
