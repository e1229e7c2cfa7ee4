import { expect, test } from 'vitest';
import { buildCollection } from './collection.ts';
import { fullDue, type FullRules } from './full-due.ts';

const STAMPS = ['20231114T221320Z', '20231115T221320Z', '20231116T221320Z'] as const;
const [FULL, A, B] = STAMPS;
const NAMES = [
  ...['manifest', 'vol1.difftar.gz', 'vol2.difftar.gz'].map((end) => `duplicity-full.${FULL}.${end}`),
  `duplicity-full-signatures.${FULL}.sigtar.gz`,
  ...[`${FULL}.to.${A}`, `${A}.to.${B}`].flatMap((span) => [
    `duplicity-inc.${span}.manifest`,
    `duplicity-inc.${span}.vol1.difftar.gz`,
    `duplicity-new-signatures.${span}.sigtar.gz`,
  ]),
];
const collection = buildCollection({ remote: NAMES, local: [] });
/** The full has 400 bytes, the increments 600 together; in volumes there are 400 of them all. */
const known = { sizeOf: () => 100, restoreRate: () => 10 };

function due(rules: Partial<FullRules>, by: Partial<typeof known | { sizeOf: () => undefined }> = {}): string[] {
  const { reasons, unknown } = fullDue(collection, { fullIfOlderThan: undefined, ...rules }, { ...known, ...by });
  return [...reasons.map(({ rule }) => rule), ...unknown.map(({ rule, lacks }) => `${rule} ${lacks}`)];
}

test.each<[string, Partial<FullRules>, readonly string[]]>([
  ['no rule', {}, []],
  ['a chain that may have one more increment', { fullIfChainLongerThan: 3 }, []],
  ['a chain that would get too long', { fullIfChainLongerThan: 2 }, ['chainLongerThan']],
  ['no increments at all', { fullIfChainLongerThan: 0 }, ['chainLongerThan']],
  ['increments of just that share', { fullIfChainLargerThan: { percent: 150 } }, []],
  ['increments of a larger share', { fullIfChainLargerThan: { percent: 149.9 } }, ['chainLargerThan']],
  ['increments of just so many bytes', { fullIfChainLargerThan: { bytes: 600 } }, []],
  ['increments of more bytes', { fullIfChainLargerThan: { bytes: 599 } }, ['chainLargerThan']],
  ['a restore that takes just so long', { fullIfRestoreLongerThan: 40 }, []],
  ['a restore that takes longer', { fullIfRestoreLongerThan: 39 }, ['restoreLongerThan']],
  ['an old full backup', { fullIfOlderThan: Infinity }, ['olderThan']],
  [
    'all together',
    {
      fullIfOlderThan: Infinity,
      fullIfChainLongerThan: 1,
      fullIfChainLargerThan: { bytes: 1 },
      fullIfRestoreLongerThan: 1,
    },
    ['olderThan', 'chainLongerThan', 'chainLargerThan', 'restoreLongerThan'],
  ],
])('a full backup is due: %s', (_name, rules, reasons) => {
  expect(due(rules)).toEqual(reasons);
});

test('what is not known makes no full backup, and is told', () => {
  const rules = { fullIfChainLargerThan: { bytes: 1 }, fullIfRestoreLongerThan: 1 };
  expect(due(rules, { sizeOf: () => undefined })).toEqual(['chainLargerThan sizes', 'restoreLongerThan sizes']);
  const { reasons, unknown } = fullDue(
    collection,
    { fullIfOlderThan: undefined, fullIfRestoreLongerThan: 1 },
    { ...known, restoreRate: () => undefined },
  );
  expect([reasons, unknown]).toEqual([[], [{ rule: 'restoreLongerThan', lacks: 'rates' }]]);
});

test('without a chain to go on with no rule about it counts', () => {
  const empty = buildCollection({ remote: [], local: [] });
  const rules = { fullIfOlderThan: 1, fullIfChainLongerThan: 0, fullIfRestoreLongerThan: 0 };
  expect(fullDue(empty, rules, known)).toEqual({ reasons: [{ rule: 'olderThan' }], unknown: [] });
});
