import { expect, test } from 'vitest';
import { fromText, bytePath } from '../../util/bytepath.ts';
import { changesFrame, changesRow, fileHistoryText, shownName } from './changes-text.ts';
import { collectSets } from '../../collections/sets.ts';
import { readListing } from '../../collections/listing.ts';

const [FULL, INC] = collectSets(
  readListing([
    'duplicity-full.20231114T221320Z.manifest',
    'duplicity-inc.20231114T221320Z.to.20231115T221320Z.manifest',
  ]),
  [],
).sets;

// The tables of 0.8.22, but for the `b''` around the words of the last column of the first.
test('the history of a file is a table of sets', () => {
  if (FULL === undefined || INC === undefined) throw new Error('no sets');
  const changes = [
    { set: FULL, change: 'new' },
    { set: INC, change: 'changed' },
  ] as const;
  expect(fileHistoryText({ path: bytePath('d/b'), changes }).split('\n')).toEqual([
    '-------------------------',
    'File: d/b',
    'Total number of backup: 2',
    ' Type of backup set:                            Time:  Type of file change:',
    expect.stringMatching(/^ {16}Full {9}\w{3} Nov 14 \d\d:13:20 2023 {19}New$/),
    expect.stringMatching(/^ {9}Incremental {9}\w{3} Nov 1\d \d\d:13:20 2023 {15}Changed$/),
    '-------------------------',
  ]);
});

test('the changes of a set are a table of names', () => {
  if (FULL === undefined) throw new Error('no set');
  const { head, tail } = changesFrame(FULL, { count: 2, width: 3 });
  expect(head).toEqual([
    '-------------------------',
    expect.stringMatching(/^ Backup set time: \w{3} Nov 14 \d\d:13:20 2023$/),
    'Total number of changes: 2',
    'File:  Type of file change:',
  ]);
  expect(tail).toBe('-------------------------');
  expect(changesRow('a', 'changed', 3)).toBe('a                   changed');
  expect(changesRow('d/b', 'deleted', 3)).toBe('d/b                 deleted');
});

test('a name is quoted as in a manifest, and its bytes are kept', () => {
  expect(shownName(bytePath('we ird\n'))).toBe('"we\\x20ird\\x0a"');
  expect(changesRow('\xe9z', 'new', 2)).toBe(`\xe9z${' '.repeat(22)}new`);
});

test('columns are as wide as the longest name has bytes, and filled up by characters', () => {
  const name = fromText('ééééééé');
  expect(changesRow(name, 'new', 14)).toBe(`${name}${' '.repeat(7 + 2 + 17)}new`);
});
