import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import type { Disk } from './disk.ts';
import type { Recording } from './recording.ts';
import type { Scenario } from './scenarios.ts';
import { inStore, LAST, type Place, relay, restoredAt, type Which } from './store.ts';

interface Looking {
  /** Counts up: what is looked at, and when, goes round. */
  readonly round: number;
  /** It had said that it is done. */
  readonly hasEnded: boolean;
}

/**
 * What is promised of a disk on which a run died: what was there before restores exactly, the same again needs nobody's
 * help and does what was wanted, and nothing stays in the way.
 */
export async function survives(
  place: Place,
  { scenario }: Recording,
  disk: Disk,
  { round, hasEnded }: Looking,
): Promise<void> {
  relay(place, disk);
  await goesOn(place, scenario, round, hasEnded);
}

/** The same of the disk as it lies there. */
export async function goesOn(place: Place, scenario: Scenario, round: number, hasEnded = false): Promise<void> {
  if (round % 2 === 0) await beforeAgain(place, scenario, round);
  // What it deleted may be there again.
  const isOver = hasEnded && scenario.makes === true;
  if (!isOver) await inStore(place, LAST + 1, (store) => scenario.again(store, place), scenario.which);
  await atLast(place, scenario, round);
  if (!isOver) expect(readdirSync(`${place.disk}/tmp`)).toEqual([]);
}

async function beforeAgain(place: Place, { kept, ends }: Scenario, round: number): Promise<void> {
  await expectOne(place, kept.slice(0, -1), round);
  const [old, now] = [kept.at(-1), ends.at(-1)];
  if (old === undefined || now === undefined) return;
  const newest = JSON.stringify(await restoredAt(place));
  // Before or after, and nothing between.
  expect([old, now].map((k) => JSON.stringify(place.trees[k]))).toContain(newest);
}

async function atLast(place: Place, { ends, second, made, which }: Scenario, round: number): Promise<void> {
  await expectOne(place, ends.slice(0, -1), round);
  await expectOne(place, ends.slice(-1), round);
  if (second !== undefined) await expectOne(place, second, round, which);
  const { chains } = await inStore(place, 9, (store) => store.sets());
  // What was complete already is followed by another.
  const more = chains.flatMap(({ sets }) => sets).length - ends.length;
  expect([0, ends.includes(LAST + 1) ? 1 : 0]).toContain(more);
  made?.(place);
}

/** One of them restores exactly. */
async function expectOne(place: Place, sets: readonly number[], round: number, which?: Which): Promise<void> {
  const k = sets[(round >> 1) % sets.length];
  if (k === undefined) return;
  expect(`${k}: ${JSON.stringify(await restoredAt(place, k, which))}`).toBe(`${k}: ${JSON.stringify(place.trees[k])}`);
}
