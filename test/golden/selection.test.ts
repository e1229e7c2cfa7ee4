import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { root as repository } from '../support/paths.ts';
import { tempDir } from '../support/temp.ts';
import { NOBODY, requireAnotherUser } from '../support/tools.ts';
import { materialise, type Outcome, readCases, select, type SelectionCase } from './selection-case.ts';

const isRoot = process.getuid?.() === 0;
const base = tempDir();
chmodSync(base, 0o755);

const WITHOUT_DIR1 = '. a.txt b.py dir1x dir1x.py dir2 dir2/x.o dir2/y.c empty link'.split(' ');

/** Where this program answers differently on purpose. Source: docs/selection.md. */
const DEVIATIONS = new Map<string, Pick<SelectionCase, 'exit' | 'selected' | 'records'>>([
  // The reference crashes, or calls it a user error in 3.0.1; a bad pattern is a usage error.
  ['empty-pattern', { exit: 2, records: ['ERROR 2'] }],
  ['empty-pattern-3', { exit: 2, records: ['ERROR 2'] }],
  ['regexp-bad', { exit: 2, records: ['ERROR 2'] }],
  ['regexp-bad-3', { exit: 2, records: ['ERROR 2'] }],
  // 0.8.22 compares an ignorecase: pattern with the source case-sensitively; 3.0.1 does not.
  ['icase-upper-base', { exit: 0, selected: ['.'] }],
  // What cannot be followed, or is listed and not there, is told.
  [
    'broken-link-copylinks',
    {
      exit: 0,
      records: ['WARNING 9'],
      selected:
        '. a.txt b.py broken dir1 dir1/f1.py dir1/f2.txt dir1/sub dir1/sub/deep.py dir1/sub/deep.txt dir1x dir1x.py'
          .concat(
            ' dir2 dir2/x.o dir2/y.c empty link link/f1.py link/f2.txt link/sub link/sub/deep.py link/sub/deep.txt',
          )
          .split(' '),
    },
  ],
  // `./tree` is known as `tree`, and a pattern that begins like the source was typed means it.
  ['rel-src-dot', { exit: 0, selected: WITHOUT_DIR1 }],
  ['rel-src-dotslash-pat', { exit: 0, selected: WITHOUT_DIR1 }],
  ['ff-missing', { exit: 0, records: ['WARNING 9'], selected: ['.', 'a.txt'] }],
]);

describe('the selection agrees with the reference', () => {
  const cases = readCases();

  test('all 240 cases are there', () => {
    expect(cases).toHaveLength(240);
  });

  for (const [number, one] of cases.entries()) {
    const expected = DEVIATIONS.get(one.id) ?? one;
    const cannotRun =
      one.requires === 'mknod' ? !isRoot : one.requires === 'nonroot' && isRoot && !requireAnotherUser();
    test.skipIf(cannotRun)(`${one.id} (${one.reference}) ${one.note ?? ''}`, async () => {
      const tmp = `${base}/${number}`;
      mkdirSync(tmp);
      const isForUser = one.requires === 'nonroot' && isRoot;
      const closeSockets = await materialise(one, tmp, isForUser ? NOBODY : undefined);
      try {
        expect(isForUser ? selectAsUser(one, tmp) : select(one, tmp)).toEqual({
          exit: expected.exit,
          ...(expected.selected === undefined ? {} : { selected: expected.selected }),
          records: expected.records ?? [],
          errors: expected.records?.filter((record) => record === 'WARNING 10' || record === 'WARNING 9').length ?? 0,
        });
      } finally {
        closeSockets();
      }
    });
  }
});

function selectAsUser(one: SelectionCase, tmp: string): Outcome {
  const script = `${repository}/test/golden/selection-as-user.ts`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', script, JSON.stringify(one), tmp],
    { cwd: repository, uid: NOBODY, gid: NOBODY, encoding: 'utf8', env: { ...process.env, HOME: tmp } },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Outcome;
}
