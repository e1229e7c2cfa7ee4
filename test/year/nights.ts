import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { type Listed, listing } from '../support/listing.ts';
import type { Mode } from '../support/programs.ts';
import type { RunOptions, RunResult } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { runDuplicity, runReference } from '../support/run.ts';
import { faults, names, scene, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { liveADay, pick, plant } from './living-tree.ts';

export interface Nights {
  readonly count: number;
  readonly seed: number;
  readonly mode: Mode;
  readonly env: Readonly<Record<string, string>>;
}

/** How often what has happened, and what was looked at. */
export interface Tally {
  backups: number;
  byReference: number;
  kills: number;
  faults: number;
  lateClocks: number;
  lostCaches: number;
  removals: number;
  squashes: number;
  mirrors: number;
  restores: number;
}

/** The trees of the days on which a set was made: one, or several where an interrupted run was gone on with later. */
type States = readonly (readonly Listed[])[];

const STEPS = ['.vol1.', '.vol2.', '.vol4.', '.sigtar', '.manifest'] as const;

/**
 * Nights of backups of a tree that lives, with all that happens to such. After each of them some kept day is restored and
 * must be what it was; in the end all are.
 */
export async function liveThrough({ count, seed, mode, env }: Nights): Promise<Tally> {
  const random = seeded(seed);
  const { dir, source, remote, url } = scene();
  const second = `file://${dir}/second`;
  const home = `${dir}/home`;
  /** By time. The reference makes some of the backups and of the restores. */
  const begun = new Map<number, States>();
  const finished = new Map<number, States>();
  const late = new Set<number>();
  // What it leaves in its temporary directory is not ours to look at.
  const theirEnv = { ...env, TMPDIR: dir };
  const tally: Tally = {
    backups: 0,
    byReference: 0,
    kills: 0,
    faults: 0,
    lateClocks: 0,
    lostCaches: 0,
    removals: 0,
    squashes: 0,
    mirrors: 0,
    restores: 0,
  };

  plant(source, random, timeOfSet(0) - 60);
  for (let night = 0; night < count; night++) {
    if (night > 0) liveADay(source, random, timeOfSet(night) - 60);
    await backUp(night);
    if (night % 10 === 9) await thinOut(night);
    if (random() < 0.5) await restore(pick(random, kept()));
  }
  for (const time of kept()) await restore(time);
  if (tally.mirrors > 0) {
    endedWith(0, await run(['mirror', '--delete', url, second]));
    await restore(pick(random, kept()), second);
  }
  return tally;

  async function backUp(night: number): Promise<void> {
    const time = timeOfSet(night);
    const state = treeOf(source);
    for (const [at, states] of begun) begun.set(at, [...states, state]);
    begun.set(time, [state]);
    const words = [...(night % 7 === 0 ? ['full'] : []), ...mode.writing, '--volsize', '1'];
    const at = (when: number): readonly string[] => [...words, '--current-time', String(when), source, url];

    if (random() < 0.04) {
      rmSync(`${home}/.cache`, { recursive: true, force: true });
      tally.lostCaches++;
    }
    if (random() < 0.04 && night > 1) {
      const early = timeOfSet(night - 2) + 3600;
      await backUpLate(early, at(early));
    }
    let isOurs = !isForReference(0.12);
    if (random() < 0.15) {
      await run(at(time), death(random));
      tally.kills++;
      isOurs = true;
      // Some hear of it and start it again, others wait for the next night.
      if (random() < 0.5 && night < count - 1) return settle();
    } else if (random() < 0.08) {
      const count = 1 + Math.floor(random() * 8);
      await run(at(time), faults({ op: 'put', match: pick(random, STEPS), do: 'error', count }));
      tally.faults++;
      isOurs = true;
    }
    settle();
    if (finished.has(time)) return;
    endedWith(0, isOurs ? await run(at(time)) : await runReference(at(time), { home, cwd: dir, env: theirEnv }));
    tally.backups++;
    if (!isOurs) tally.byReference++;
    else expect(filesIn(`${home}/tmp`)).toEqual([]);
    settle();
  }

  /**
   * By a clock that is two days late. What is there already is dated after it and does not count: where there is something
   * to build on, the set becomes a second one of its base, which the reference cannot find.
   */
  async function backUpLate(time: number, args: readonly string[]): Promise<void> {
    begun.set(time, [treeOf(source)]);
    await run(args);
    settle();
    begun.delete(time);
    late.add(time);
    tally.lateClocks++;
  }

  function isForReference(share: number): boolean {
    return random() < share && !kept().some((time) => late.has(time));
  }

  /** Every ten nights something goes, and a second place is brought up to date. */
  async function thinOut(night: number): Promise<void> {
    // The nights may have left no increments there that follow one another.
    const [from, to] = [timeOfSet(night - 7), timeOfSet(night - 4)];
    const merging = ['squash', '--from', String(from), '--to', String(to), '--force', ...mode.writing, ...mode.reading];
    if ((await run([...merging, url])).status === 0) tally.squashes++;
    const [action, ...most] = pick(random, [
      ['remove-all-but-n-full', '3'],
      ['remove-older-than', String(timeOfSet(night - 25))],
      ['remove-all-inc-of-but-n-full', '2'],
      ['prune', '--keep-daily', '5', '--keep-weekly', '3', '--keep-monthly', '6'],
    ] as const);
    endedWith(0, await run([action, ...most, '--force', ...mode.reading, url]));
    tally.removals++;
    endedWith(0, await run(['mirror', '--delete', url, second]));
    tally.mirrors++;
  }

  /** The tree of a kept day, by either program. */
  async function restore(time: number, from = url): Promise<void> {
    const target = `${dir}/restored`;
    const args = ['restore', '--time', String(time), ...mode.reading, from, target];
    const isOurs = !isForReference(0.2);
    endedWith(0, isOurs ? await run(args) : await runReference(args, { home: `${dir}/other home`, cwd: dir, env }));
    expectStateOf(finished.get(time) ?? [], treeOf(target));
    rmSync(target, { recursive: true });
    tally.restores++;
  }

  async function run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const words = ['--backend-retry-delay', '0', ...args];
    const result = await runDuplicity(words, { home, cwd: dir, ...options, env: { ...env, ...options.env } });
    // Nobody has turned the store back.
    expect(result.stdout + result.stderr).not.toContain('not as it was left');
    return result;
  }

  function settle(): void {
    for (const time of kept()) {
      const states = begun.get(time);
      if (states !== undefined) finished.set(time, states);
      begun.delete(time);
    }
  }

  /** The times of what has its manifest. */
  function kept(): readonly number[] {
    const times = names(remote).map((name) => /(?:full|to)\.(\d{8})T(\d{6})Z\.manifest/.exec(name));
    return times.flatMap((found) => {
      if (found === null) return [];
      const [, day = '', clock = ''] = found;
      const parts = [day.slice(0, 4), day.slice(4, 6), day.slice(6)].join('-');
      return [Date.parse(`${parts}T${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4)}Z`) / 1000];
    });
  }
}

/** A run that is killed before it has written its name into its directory leaves that, and nothing in it. */
function filesIn(dir: string): readonly string[] {
  return listing(dir).flatMap(({ path, type }) => (type === 'dir' ? [] : [path]));
}

/** Killed at an upload, or at any moment. */
function death(random: () => number): RunOptions {
  if (random() < 0.4) return { timeoutMs: 50 + Math.floor(random() * 500) };
  const when = random() < 0.5 ? 'before' : 'after';
  return faults({ op: 'put', match: pick(random, STEPS), when, do: 'kill' });
}

/** Each path is there as on one of those days. */
function expectStateOf(states: States, tree: readonly Listed[]): void {
  const [only, ...others] = states;
  if (others.length === 0) return expect(tree).toEqual(only);
  const known = states.map((state) => new Map(state.map((entry) => [entry.path, entry])));
  for (const entry of tree) {
    expect(known.flatMap((state) => state.get(entry.path) ?? [])).toContainEqual(entry);
  }
  const there = new Set(tree.map(({ path }) => path));
  const missing = [...new Set(states.flat().map(({ path }) => path))].filter((path) => !there.has(path));
  expect(missing.filter((path) => known.every((state) => state.has(path)))).toEqual([]);
}
