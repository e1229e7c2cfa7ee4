import { beforeAll, describe, expect, test } from 'vitest';
import { requireTool } from '../../support/tools.ts';
import { after, digest, type Disk } from './disk.ts';
import { outages } from './outages.ts';
import { type Recording, recorded } from './recording.ts';
import { SCENARIOS } from './scenarios.ts';
import { backedUp, diskOf, type Place } from './store.ts';
import { survives } from './survive.ts';

// The program is run once, and every system call by which it changes a disk is heard. What the first n of them leave is what
// a SIGKILL leaves before the next; what is left of them when some did not come to the disk, a power failure. Each such disk
// is laid down and gone on with.

const KILLS = process.env['KILLS'] === 'all';
const POWER = process.env['POWER'] === 'all';
const HOURS = 8 * 3_600_000;

const scenarios = SCENARIOS.filter(({ isShort }) => KILLS || POWER || isShort === true);
const names = scenarios.map(({ name }) => name);
const recordings = new Map<string, Recording>();
let place: Place;

describe.runIf(requireTool('strace'))('what is stored', () => {
  beforeAll(async () => {
    place = await backedUp();
    const base = diskOf(place);
    for (const scenario of scenarios) recordings.set(scenario.name, await recorded(place, base, scenario));
  });

  test.each(names)('is none the worse for a kill at any system call: %s', { timeout: HOURS }, async (name) => {
    const { before, steps, look, end } = looker(name);
    const share = KILLS ? 1 : Math.ceil(steps.length / 5);
    for (let n = 0; n <= steps.length; n += share) await look(after(before, steps.slice(0, n)), n, 'killed');
    expect(end(KILLS)).toEqual([]);
  });

  test.each(names)('is none the worse for a power failure at any system call: %s', { timeout: HOURS }, async (name) => {
    const { before, steps, look, end } = looker(name);
    const share = POWER ? 1 : Math.ceil(steps.length / 2);
    for (let n = steps.length; n >= 0; n -= share) {
      const some = outages(steps, n, 1).filter((_, i) => POWER || (i + n) % 3 === 0);
      for (const { name, fate } of some) await look(after(before, steps.slice(0, n), fate), n, name);
    }
    expect(end(POWER)).toEqual([]);
  });
});

/** Lays disks down, each that is another than those before, and gathers what is wrong with them. */
function looker(name: string): Recording & {
  readonly look: (disk: Disk, n: number, what: string) => Promise<void>;
  /** What is wrong. */
  readonly end: (isTold: boolean) => readonly string[];
} {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(`${name} was not recorded`);
  const { steps } = recording;
  const seen = new Set<string>();
  const found: string[] = [];
  let tried = 0;
  return {
    ...recording,
    async look(disk, n, what) {
      const hasEnded = n === steps.length && what !== 'killed';
      const print = `${digest(disk)} ${hasEnded}`;
      tried++;
      if (seen.has(print)) return;
      seen.add(print);
      try {
        await survives(place, recording, disk, { round: seen.size, hasEnded });
      } catch (error) {
        const { bytes: _, ...step } = { bytes: undefined, ...steps[n - 1] };
        found.push(`${what} after step ${n} ${JSON.stringify(step)}: ${String(error)}`);
      }
    },
    end(isTold) {
      if (isTold) console.log(`${name}: ${steps.length} steps, ${tried} deaths, ${seen.size} different disks`);
      return found;
    },
  };
}
