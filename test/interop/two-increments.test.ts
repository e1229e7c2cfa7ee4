import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { listing, type Listed } from '../support/listing.ts';
import { MODES, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const { writing, reading } = MODES.gz;
const stamp = (k: number): string => new Date(1000 * timeOfSet(k)).toISOString().replace(/[-:]|\.000/g, '');

// Two hosts, or sets merged into one by a run that was cut off, leave increments that begin together.
describe.runIf(requireReference())('increments of one base', () => {
  test.each([
    ['one of which is left out', ['0', '0-1', '0-2'], '0-1'],
    ['to one time, one of them in two steps', ['0', '0-1', '1-2', '0-2'], undefined],
    ['to one time, the first step gone', ['0', '1-2', '0-2'], undefined],
    ['that one program has gone on with', ['0', '0-1', '0-2', '2-3'], '0-1'],
  ])('%s give what both programs restore, and go on', async (_name, sets, leftOut) => {
    const dir = tempDir();
    const url = `file://${dir}/remote`;
    const states = new Map<number, Listed[]>();
    const large = noise(1_200_000);
    const src = `${dir}/src`;
    const become = (k: number): void => {
      const head = Buffer.from(`head of ${k}`);
      put(src, { 'd/large': Buffer.concat([large, head]), 'd/state': `state ${k}` }, timeOfSet(k) - 100);
      states.set(k, listing(src));
    };
    mkdirSync(`${dir}/remote`);
    const have = (place: string, wanted: readonly string[]): void => {
      for (const set of wanted) {
        const [from = 0, to] = set.split('-').map(Number);
        const times = to === undefined ? `${stamp(from)}.` : `${stamp(from)}.to.${stamp(to)}.`;
        const isOfSet = (name: string): boolean => name.includes(times) && name.includes('.to.') === (to !== undefined);
        for (const name of readdirSync(`${dir}/pool`).filter(isOfSet))
          cpSync(`${dir}/pool/${name}`, `${place}/${name}`);
      }
    };
    mkdirSync(`${dir}/pool`);
    const writers: Record<string, { readonly by: Program; readonly on: readonly string[] }> = {
      '0': { by: 'ours', on: [] },
      '0-1': { by: 'the reference', on: ['0'] },
      '1-2': { by: 'ours', on: ['0', '0-1'] },
      '0-2': { by: 'ours', on: ['0'] },
      '2-3': { by: 'the reference', on: ['0', '0-2'] },
    };
    for (const [set, { by, on }] of Object.entries(writers)) {
      const k = Number(set.split('-').at(-1));
      const place = `${dir}/place`;
      mkdirSync(place);
      have(place, on);
      become(k);
      const words = ['--volsize', '1', '--current-time', String(timeOfSet(k)), ...writing, src, `file://${place}`];
      await perform(by, words, { home: tempDir(dir) });
      cpSync(place, `${dir}/pool`, { recursive: true });
      rmSync(place, { recursive: true });
    }
    have(`${dir}/remote`, sets);

    const restored = async (reader: Program, k?: number): Promise<Listed[]> => {
      const target = `${tempDir(dir)}/out`;
      const time = k === undefined ? [] : ['--time', String(timeOfSet(k))];
      await perform(reader, ['restore', ...time, ...reading, url, target], { home: tempDir(dir) });
      return listing(target);
    };
    const newest = Math.max(...sets.map((set) => Number(set.split('-').at(-1))));
    for (const reader of PROGRAMS) expect(await restored(reader)).toEqual(states.get(newest));
    const earlier = sets.includes('0-1') ? 1 : 0;
    expect(await restored('ours', earlier)).toEqual(states.get(earlier));

    become(5);
    const again = ['inc', '--current-time', String(timeOfSet(5)), ...writing, src, url];
    const { stdout } = await perform('ours', again, { home: `${dir}/home` });
    expect(stdout.includes('have the same base')).toBe(leftOut !== undefined);
    for (const reader of PROGRAMS) expect(await restored(reader)).toEqual(states.get(5));
    const { stdout: list } = await perform('ours', ['list-current-files', url], { home: `${dir}/home` });
    expect(list).toMatch(/ d\/state$/m);
  });
});
