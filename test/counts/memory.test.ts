import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { peakMemory } from '../support/observe.ts';
import { PLAIN, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const FEW = 10_000;
const MANY = 40_000;
/** Single runs vary by 3 MiB. Measured with 50,000 files more: 11 for full, 21 for verify, less than 10 for the others. */
const GROWTH_MIB = { full: 20, 'no-op': 10, list: 10, restore: 10, verify: 25 } as const;
/** What node itself takes is 45 of it. */
const HUGE_FILE_MIB = 200;
const HUGE_BYTES = 2 ** 30;
const PER_DIRECTORY = 1000;
const MINUTES_MS = 600_000;

describe('with the number of files', () => {
  const peaks = new Map<string, number[]>();

  beforeAll(async () => {
    for (const count of [FEW, MANY]) await measure(count);
  }, MINUTES_MS);

  async function measure(count: number): Promise<void> {
    const { dir, source, url } = scene();
    makeFiles(source, count);
    const run = async (action: string, args: readonly string[]): Promise<void> => {
      const peakMiB = await peakMemory(args, { timeoutMs: MINUTES_MS });
      peaks.set(action, [...(peaks.get(action) ?? []), peakMiB]);
    };
    const at = (k: number): readonly string[] => [...PLAIN, '--current-time', String(timeOfSet(k))];
    await run('full', ['full', ...at(0), source, url]);
    await run('no-op', ['incremental', ...at(1), source, url]);
    await run('list', ['list-current-files', ...PLAIN, url]);
    await run('restore', ['restore', ...PLAIN, url, `${dir}/out`]);
    await run('verify', ['verify', '--compare-data', ...PLAIN, url, source]);
    rmSync(dir, { recursive: true });
    rmSync(`${testHome()}/.cache`, { recursive: true });
  }

  test.each(Object.entries(GROWTH_MIB))('the memory of %s grows by less than %i MiB', (action, limit) => {
    const [few = 0, many = Infinity] = peaks.get(action) ?? [];
    expect(many - few).toBeLessThan(limit);
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
    for (let i = 1; i < PER_DIRECTORY; i++) linkSync(`${directory}/file-0`, `${directory}/file-${i}`);
  }
}
