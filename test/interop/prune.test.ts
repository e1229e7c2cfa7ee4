import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { prune } from '../../src/actions/remove/prune.ts';
import type { Policy } from '../../src/collections/prune/policy.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { ask, backUp, machine } from '../support/in-process.ts';
import { type Listed, listing } from '../support/listing.ts';
import { perform, type Program } from '../support/programs.ts';
import { seeded } from '../support/random.ts';
import { names, noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const VOLUME = 100_000;
const PLAIN = ['--no-encryption'];
const isLong = process.env['PRUNE'] === 'all';
const SEEDS = isLong ? Array.from({ length: 25 }, (_, i) => i + 1) : [3];

describe.runIf(requireReference())('what prune leaves of a drawn history', () => {
  test.each(SEEDS)('is restored by the reference, every time that was wanted, and continued (%i)', async (seed) => {
    const random = seeded(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const on = machine();
    mkdirSync(on.source);
    const memory = memoryBackend();
    const trees = new Map<number, Listed[]>();
    let k = 0;
    for (let i = 0; i < 9; i++) {
      k += 1 + below(12);
      put(
        on.source,
        { a: noise(150_000, below(5)), [`d/b${below(3)}`]: noise(150_000, k), c: `${k}` },
        timeOfSet(k) - 100,
      );
      trees.set(timeOfSet(k), listing(on.source));
      const fullIfOlderThan = below(4) === 0 ? timeOfSet(k) : undefined;
      await backUp(on, memory, k, { volsize: VOLUME, fullIfOlderThan });
    }
    const policy: Policy = { last: below(2), daily: 1 + below(3), weekly: below(3), monthly: below(3) };
    const before = [...memory.files.keys()];
    const { sets } = await ask(on, memory, (repository) =>
      prune({ ...repository, now: timeOfSet(k + 1) }, { policy, force: true }),
    );
    const gone = sets.flatMap(({ files }) => files).filter(({ place }) => place === 'remote');
    expect(before.filter((name) => !memory.files.has(name)).toSorted()).toEqual(
      gone.map(({ name }) => name).toSorted(),
    );

    const dir = tempDir();
    mkdirSync(`${dir}/remote`);
    for (const [name, bytes] of memory.files) writeFileSync(`${dir}/remote/${name}`, bytes);
    const url = `file://${dir}/remote`;
    const restored = async (program: Program, time: number): Promise<Listed[]> => {
      const target = `${tempDir(dir)}/out`;
      await perform(program, ['restore', '--time', String(time), ...PLAIN, url, target], { home: `${dir}/home` });
      return listing(target);
    };
    const wanted = sets.filter(({ fate }) => fate.kind === 'wanted').map(({ end }) => end);
    expect(isLong || (gone.length > 0 && wanted.length > 2)).toBe(true);
    for (const time of wanted) expect(await restored('the reference', time)).toEqual(trees.get(time));
    const next = [
      'inc',
      '--allow-source-mismatch',
      '--current-time',
      String(timeOfSet(k + 1)),
      ...PLAIN,
      on.source,
      url,
    ];
    await perform('the reference', next, { home: `${dir}/home` });
    const status = await perform('the reference', ['collection-status', ...PLAIN, url], { home: `${dir}/home` });
    expect(status.stdout).toContain('No orphaned or incomplete backup sets found.');
    expect(names(`${dir}/remote`).length).toBeGreaterThan(memory.files.size);
  });
});
