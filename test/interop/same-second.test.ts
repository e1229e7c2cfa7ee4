import { describe, expect, test } from 'vitest';
import { listing, type Listed } from '../support/listing.ts';
import { MODES, other, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const { writing, reading } = MODES.gz;

// A file that may have changed in the second in which it was read has a signature in the next set and no member in its
// volumes, unless it did change.
describe.runIf(requireReference())('a chain with signatures of files that were in doubt', () => {
  test.each(PROGRAMS)('begun by %s is continued and restored by both', async (first) => {
    const dir = tempDir();
    const src = `${dir}/src`;
    const url = `file://${dir}/remote`;
    const states: Listed[][] = [];
    const backUp = async (writer: Program): Promise<string> => {
      const words = ['--current-time', String(timeOfSet(states.length)), ...writing, src, url];
      states.push(listing(src));
      return (await perform(writer, words, { home: `${dir}/${writer}` })).stdout;
    };
    const large = noise(300_000);
    const during = timeOfSet(0);
    put(src, { 'd/changed': 'before', 'd/large': large, 'd/small': 'text', z: 'z' }, during);
    await backUp(first);
    // The same time, and as many bytes.
    put(src, { 'd/changed': 'behind' }, during);
    expect(await backUp('ours')).toMatch(/^ChangedFiles 1$/m);
    // Its delta is made against the signature that stands in both archives.
    put(src, { 'd/large': Buffer.concat([Buffer.from('head'), large]) }, timeOfSet(1) + 100);
    expect(await backUp('the reference')).toMatch(/^DeltaEntries 3$/m);
    put(src, { 'd/small': 'other text' }, timeOfSet(2) + 100);
    expect(await backUp(other(first))).toMatch(/^DeltaEntries 3$/m);
    for (const reader of PROGRAMS) {
      for (const [k, state] of states.entries()) {
        const target = `${dir}/${k} ${reader}`;
        const words = ['restore', '--time', String(timeOfSet(k)), ...reading, url, target];
        await perform(reader, words, { home: `${dir}/${reader}` });
        expect(listing(target)).toEqual(state);
      }
      const words = ['verify', '--compare-data', ...reading, url, src];
      await perform(reader, words, { home: `${dir}/${reader}` });
    }
  });
});
