import { expect } from 'vitest';
import { root } from '../../support/paths.ts';
import { NODE, runDuplicity } from '../../support/run.ts';
import { after, type Disk, digest, type Step } from './disk.ts';
import { type Scenario, SCENARIOS } from './scenarios.ts';
import { steppedBy } from './steps.ts';
import { record } from './strace.ts';
import { ARCHIVES, diskOf, type Place, relay } from './store.ts';

/** What a disk held before a run, and all that the run did to it, in order. */
export interface Recording {
  readonly scenario: Scenario;
  readonly before: Disk;
  readonly steps: readonly Step[];
}

/** Runs the program once, on the disk of the place, and hears what it does there. */
export async function recorded(place: Place, base: Disk, scenario: Scenario): Promise<Recording> {
  const { prepare, diesFirst, words, which = 'first' } = scenario;
  relay(place, base);
  if (diesFirst !== undefined) {
    const dying = SCENARIOS.find(({ name }) => name === diesFirst.in);
    if (dying === undefined) throw new Error(`nothing is called ${diesFirst.in}`);
    const { before, steps } = await recorded(place, base, dying);
    const last = steps.findIndex((step) => step.does === 'rename' && diesFirst.at.test(step.name));
    if (last < 0) throw new Error('there is no such step');
    relay(place, after(before, steps.slice(0, last + 1)));
  }
  prepare?.(place);
  await runDuplicity(['--version']);
  const before = diskOf(place);
  const places = ['--archive-dir', `${place.disk}/archive`, '--name', ARCHIVES[which], '--no-encryption'];
  const command = [NODE, `${root}/dist/duplicity.cjs`, ...places, ...words(place)];
  const { status, stderr, calls } = record(
    command,
    { HOME: place.disk, TMPDIR: `${place.disk}/tmp` },
    `${place.disk}.log`,
  );
  expect([status, stderr]).toEqual([0, '']);
  const steps = steppedBy(calls, before, place.disk);
  // All of it has been heard and understood.
  expect(digest(after(before, steps))).toBe(digest(diskOf(place)));
  return { scenario, before, steps };
}
