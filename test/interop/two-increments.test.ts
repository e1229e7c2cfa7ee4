import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { listing, type Listed } from '../support/listing.ts';
import { MODES, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const { writing, reading } = MODES.gz;
const stamp = (k: number): string => new Date(1000 * timeOfSet(k)).toISOString().replace(/[-:]|\.000/g, '');

/** What makes each set, and on which others. */
const WRITERS: Readonly<Record<string, { readonly by: Program; readonly on: readonly string[] }>> = {
  '0': { by: 'ours', on: [] },
  '0-1': { by: 'the reference', on: ['0'] },
  '1-2': { by: 'ours', on: ['0', '0-1'] },
  '0-2': { by: 'ours', on: ['0'] },
  '2-3': { by: 'the reference', on: ['0', '0-2'] },
};

// Two hosts, or sets merged into one by a run that was cut off, leave increments that begin together.
describe.runIf(requireReference())('increments of one base', () => {
  const large = noise(1_200_000);
  const states = new Map<number, Listed[]>();
  let dir: string;

  function become(k: number): void {
    const head = Buffer.from(`head of ${k}`);
    const tree = { 'd/large': Buffer.concat([large, head]), 'd/state': `state ${k}` };
    put(`${dir}/source`, tree, timeOfSet(k) - 100);
    states.set(k, listing(`${dir}/source`));
  }

  /** A place with these sets of those that were made. */
  function placeWith(sets: readonly string[]): string {
    const place = tempDir(dir);
    for (const set of sets) {
      const [from = 0, to] = set.split('-').map(Number);
      const times = to === undefined ? `${stamp(from)}.` : `${stamp(from)}.to.${stamp(to)}.`;
      const isOfSet = (name: string): boolean => name.includes(times) && name.includes('.to.') === (to !== undefined);
      for (const name of readdirSync(`${dir}/made`).filter(isOfSet)) cpSync(`${dir}/made/${name}`, `${place}/${name}`);
    }
    return place;
  }

  beforeAll(async () => {
    dir = tempDir();
    mkdirSync(`${dir}/made`);
    for (const [set, { by, on }] of Object.entries(WRITERS)) {
      const k = Number(set.split('-').at(-1));
      const place = placeWith(on);
      become(k);
      const when = ['--volsize', '1', '--current-time', String(timeOfSet(k))];
      await perform(by, [...when, ...writing, `${dir}/source`, `file://${place}`], { home: tempDir(dir) });
      cpSync(place, `${dir}/made`, { recursive: true });
      rmSync(place, { recursive: true });
    }
  });

  test.each([
    // sets, newest time, another time that can be restored, whether sets are left out
    ['one of which is left out', ['0', '0-1', '0-2'], 2, 1, true],
    ['to one time, one of them in two steps', ['0', '0-1', '1-2', '0-2'], 2, 1, false],
    ['to one time, the first step gone', ['0', '1-2', '0-2'], 2, 0, false],
    ['that one program has gone on with', ['0', '0-1', '0-2', '2-3'], 3, 1, true],
  ])('%s give what both programs restore, and go on', async (_name, sets, newest, earlier, isLeftOut) => {
    const url = `file://${placeWith(sets)}`;
    const home = tempDir(dir);
    const restored = async (reader: Program, k?: number): Promise<Listed[]> => {
      const target = `${tempDir(dir)}/out`;
      const time = k === undefined ? [] : ['--time', String(timeOfSet(k))];
      await perform(reader, ['restore', ...time, ...reading, url, target], { home: tempDir(dir) });
      return listing(target);
    };
    for (const reader of PROGRAMS) expect(await restored(reader)).toEqual(states.get(newest));
    expect(await restored('ours', earlier)).toEqual(states.get(earlier));

    become(5);
    const again = ['inc', '--current-time', String(timeOfSet(5)), ...writing, `${dir}/source`, url];
    const { stdout } = await perform('ours', again, { home });
    expect(stdout.includes('have the same base')).toBe(isLeftOut);
    for (const reader of PROGRAMS) expect(await restored(reader)).toEqual(states.get(5));
    const { stdout: list } = await perform('ours', ['list-current-files', url], { home });
    expect(list).toMatch(/ d\/state$/m);
  });
});
