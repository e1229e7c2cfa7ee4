import { expect, test } from 'vitest';
import { readListing } from './listing.ts';
import { tooShort } from './too-short.ts';

const FULL = 'duplicity-full.20231114T221320Z';
const INC = 'duplicity-inc.20231114T221320Z.to.20231115T221320Z';
const SIGNATURES = 'duplicity-full-signatures.20231114T221320Z.sigtar';

/** Names that are found to be too short. */
function found(sizes: Readonly<Record<string, number | undefined>>): readonly string[] {
  return tooShort(readListing(Object.keys(sizes)), (name) => sizes[name]).map(({ name }) => name);
}

test.each([
  [`${FULL}.vol1.difftar.gpg`, 0],
  [`${FULL}.vol1.difftar.gpg`, 19],
  [`${FULL}.vol1.difftar.gz`, 0],
  [`${FULL}.vol1.difftar.gz`, 19],
  [`${FULL}.vol1.difftar`, 0],
  [`${FULL}.vol1.difftar`, 511],
  [`${FULL}.manifest`, 0],
  [`${FULL}.manifest`, 8],
  [`${FULL}.manifest.gpg`, 0],
  [`${SIGNATURES}.gpg`, 0],
  [`${SIGNATURES}.gz`, 19],
  [SIGNATURES, 511],
  [`${INC}.vol1.difftar`, 100],
])('%s of %d bytes is too short', (name, size) => {
  expect(found({ [name]: size })).toEqual([name]);
});

test.each([
  [`${FULL}.vol1.difftar.gpg`, 109],
  [`${INC}.vol1.difftar.gz`, 20],
  [`${FULL}.vol1.difftar`, 512],
  [`${FULL}.manifest`, 147],
  [`${FULL}.jsonstat.gz`, 0],
  [SIGNATURES, 10_240],
  [`${FULL}.vol1.difftar.gpg`, undefined],
])('%s of %s bytes is not', (name, size) => {
  expect(found({ [name]: size })).toEqual([]);
});

test('a plain volume may be empty at the end of its set only, where both programs write such ones', () => {
  const [one, two, three] = [1, 2, 3].map((number) => `${INC}.vol${number}.difftar`);
  expect(found({ [one ?? '']: 0 })).toEqual([]);
  expect(found({ [one ?? '']: 512, [two ?? '']: 0, [three ?? '']: 512 })).toEqual([two]);
  expect(found({ [`${FULL}.vol1.difftar`]: 512, [`${FULL}.vol2.difftar`]: 0 })).toEqual([]);
});
