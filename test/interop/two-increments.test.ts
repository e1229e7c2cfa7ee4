import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { listing, type Listed } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import { MODES, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { asctime, timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const { CHAINS } = process.env;
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

  /** A place with these sets of those that were made; of `1-2!manifest` without the files that are called so. */
  function placeWith(sets: readonly string[]): string {
    const place = tempDir(dir);
    for (const word of sets) {
      const [set = '', gone] = word.split('!');
      const [from = 0, to] = set.split('-').map(Number);
      const times = to === undefined ? `${stamp(from)}.` : `${stamp(from)}.to.${stamp(to)}.`;
      const isOfSet = (name: string): boolean => name.includes(times) && name.includes('.to.') === (to !== undefined);
      const isThere = (name: string): boolean => gone === undefined || !name.includes(`.${gone}`);
      for (const name of readdirSync(`${dir}/made`).filter((name) => isOfSet(name) && isThere(name)))
        cpSync(`${dir}/made/${name}`, `${place}/${name}`);
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

  type State = readonly [string, readonly string[], number, number, boolean];
  const always: readonly State[] = [
    // sets, newest time, what is restored as of 1, whether sets are left out
    ['one of which is left out', ['0', '0-1', '0-2'], 2, 1, true],
    ['to one time, one of them in two steps', ['0', '0-1', '1-2', '0-2'], 2, 1, false],
    ['to one time, the second step not visible any more', ['0', '0-1', '1-2!manifest', '0-2'], 2, 1, true],
    ['to one time, the first step not visible any more', ['0', '0-1!manifest', '0-2'], 2, 0, false],
    ['that one program has gone on with', ['0', '0-1', '0-2', '2-3'], 3, 1, true],
  ];
  const others: readonly State[] = [
    ['to one time, the one not yet visible', ['0', '0-1', '1-2', '0-2!manifest'], 2, 1, false],
    ['to one time, the second step without a volume', ['0', '0-1', '1-2!vol1', '0-2'], 2, 1, true],
    ['to one time, the first step gone', ['0', '1-2', '0-2'], 2, 0, false],
    ['to one time, both steps gone', ['0', '0-2'], 2, 0, false],
  ];
  test.each([...always, ...(CHAINS === 'all' ? others : [])])(
    '%s give what both programs restore, and go on',
    async (_name, sets, newest, atOne, isLeftOut) => {
      const url = `file://${placeWith(sets)}`;
      const home = tempDir(dir);
      const restored = async (reader: Program, k?: number): Promise<Listed[]> => {
        const target = `${tempDir(dir)}/out`;
        const time = k === undefined ? [] : ['--time', String(timeOfSet(k))];
        await perform(reader, ['restore', ...time, ...reading, url, target], { home: tempDir(dir) });
        return listing(target);
      };
      for (const reader of PROGRAMS) {
        expect(await restored(reader)).toEqual(states.get(newest));
        // 0.8.22 takes the state before for that of a set that is left out.
        const known = isLeftOut && reader === 'the reference' ? 0 : atOne;
        expect(await restored(reader, 1)).toEqual(states.get(known));
      }
      become(newest);
      const verify = ['verify', '--compare-data', ...reading, url, `${dir}/source`];
      expect((await perform('ours', verify, { home })).stdout).toContain(' 0 differences found');
      const { stdout: status } = await perform('ours', ['collection-status', url], { home });
      const way = [...new Set([0, newest === 3 || atOne === 0 || isLeftOut ? 2 : 1, newest])];
      expect(parseStatus(status).map(({ time }) => time)).toEqual(way.map((k) => asctime(timeOfSet(k))));
      const leftOut = `restored only by their own time:\n${asctime(timeOfSet(1))}\n`;
      expect([status.includes('have the same base'), status.includes(leftOut)]).toEqual([isLeftOut, isLeftOut]);

      become(5);
      const again = ['inc', '--current-time', String(timeOfSet(5)), ...writing, `${dir}/source`, url];
      await perform('ours', again, { home });
      for (const reader of PROGRAMS) expect(await restored(reader)).toEqual(states.get(5));
      const { stdout: list } = await perform('ours', ['list-current-files', url], { home });
      expect(list).toMatch(/ d\/state$/m);
    },
  );
});
