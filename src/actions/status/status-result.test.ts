import { expect, test } from 'vitest';
import { buildCollection } from '../../collections/collection.ts';
import { type SetStatus, type StatusResult, statusOf } from './status-result.ts';

const FULL = '20231114T221320Z';
const FIRST = '20231115T221320Z';
const SECOND = '20231116T221320Z';
const full = (rest: string): string => `duplicity-full.${rest}`;
const inc = (from: string, to: string, rest: string): string => `duplicity-inc.${from}.to.${to}.${rest}`;

const CHAIN = [
  full(`${FULL}.manifest.gpg`),
  full(`${FULL}.vol1.difftar.gpg`),
  full(`${FULL}.vol2.difftar.gpg`),
  `duplicity-full-signatures.${FULL}.sigtar.gpg`,
  inc(FULL, FIRST, 'manifest.gpg'),
  inc(FULL, FIRST, 'vol1.difftar.gpg'),
  `duplicity-new-signatures.${FULL}.to.${FIRST}.sigtar.gpg`,
];

function status(remote: readonly string[], sizeOf?: (name: string) => number | undefined): StatusResult {
  return statusOf(buildCollection({ remote, local: [] }), sizeOf);
}

function setsOf({ chains: [chain] }: StatusResult): readonly SetStatus[] {
  return chain?.sets ?? [];
}

test('a set has stored what the listing says of its volumes, signatures and manifest', () => {
  const sizes = new Map(CHAIN.map((name, i) => [name, 10 ** i]));
  const found = status(CHAIN, (name) => sizes.get(name));
  expect(setsOf(found).map(({ bytes }) => bytes)).toEqual([1111, 1_110_000]);
  expect(found.chains).toMatchObject([{ isActive: true, isAhead: false, beside: [] }]);
});

test('where one size is not listed, it is not known how much is stored', () => {
  const found = status(CHAIN, (name) => (name.includes('vol2') ? undefined : 1));
  expect(setsOf(found).map(({ bytes }) => bytes)).toEqual([undefined, 3]);
  expect(setsOf(status(CHAIN)).map(({ bytes }) => bytes)).toEqual([undefined, undefined]);
});

test('a set that lacks a volume in the middle is not complete, and says how many are there', () => {
  const found = status(CHAIN.filter((name) => !name.includes('vol1')));
  expect(setsOf(found)).toMatchObject([
    { type: 'full', volumes: 1, isEncrypted: true, isComplete: false },
    { type: 'inc', volumes: 0, isComplete: false },
  ]);
  expect(setsOf(status(CHAIN)).every(({ isComplete }) => isComplete)).toBe(true);
});

test('what belongs to no chain and to no set is told apart', () => {
  const found = status([
    ...CHAIN,
    inc(FIRST, SECOND, 'vol1.difftar.gz'),
    inc('20220101T000000Z', '20220102T000000Z', 'manifest'),
    'duplicity-new-signatures.20220101T000000Z.to.20220102T000000Z.sigtar.gz',
  ]);
  expect(found.incomplete).toMatchObject([{ type: 'inc', volumes: 1, isEncrypted: false, isComplete: false }]);
  expect(found.orphaned).toMatchObject([{ type: 'inc', volumes: 0, isComplete: false }]);
  expect(found.stray).toEqual({
    remote: ['duplicity-new-signatures.20220101T000000Z.to.20220102T000000Z.sigtar.gz'],
    local: [],
  });
  expect(found.lastFull).toBe(setsOf(found)[0]?.end);
});
