import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { backUp, duplicity, good, names, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

let s: Scene;
beforeEach(async () => {
  s = scene();
  put(s.source, { a: 'one', 'd/b': 'two' });
  await backUp(s, 0, ['--jsonstat']);
  put(s.source, { a: 'changed' }, timeOfSet(0));
  rmSync(`${s.source}/d/b`);
  await backUp(s, 1);
});

const changes = async (...args: string[]): Promise<string> => {
  const { stdout } = await good(['collection-status', ...args, s.url]);
  return stdout.slice(stdout.indexOf('\n') + 1);
};

describe('--show-changes-in-set', () => {
  test('is a result, and a record of its own', async () => {
    const { stdout, records } = await good(['-v0', 'collection-status', '--show-changes-in-set', '0', s.url]);
    expect(records).toEqual([{ level: 'INFO', code: 3, fields: '', data: [], text: stdout.trimEnd() }]);
    expect(stdout).toContain('d/b                 deleted\n');
  });

  test.each(['2', '-3'])('%s, which is not there, is an error', async (index) => {
    const { status, stderr } = await duplicity([...PLAIN, 'collection-status', '--show-changes-in-set', index, s.url]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`no backup set ${index}: the chain has 2 sets`)]);
  });

  test('shows any number of changes, in several records when they are many', async () => {
    const name = (i: number): string => `${'n'.repeat(200)}${i}`;
    for (let i = 0; i < 6000; i++) writeFileSync(`${s.source}/${name(i)}`, '');
    await backUp(s, 2);
    const { stdout, records } = await good(['-v0', 'collection-status', '--show-changes-in-set', '0', s.url]);
    expect(stdout).toContain('\nTotal number of changes: 6000\n');
    expect(stdout.match(/ {2} +new$/gm)).toHaveLength(6000);
    expect(records.length).toBeGreaterThan(1);
    expect(records.map(({ text }) => `${text}\n`).join('')).toBe(stdout);
  });

  test('with --jsonstat is JSON with the stored statistics, for -1 of all sets', async () => {
    const one = JSON.parse(await changes('--show-changes-in-set', '0', '--jsonstat')) as unknown;
    expect(one).toEqual({
      'inc-20231115T221320Z': { json_stat: null, files_changed: { a: 'changed', 'd/b': 'deleted' } },
    });
    const all = JSON.parse(await changes('--show-changes-in-set', '-1', '--jsonstat')) as Record<string, unknown>;
    expect(Object.keys(all)).toEqual(['full-20231114T221320Z', 'inc-20231115T221320Z']);
    expect(all['full-20231114T221320Z']).toMatchObject({
      json_stat: { NewFiles: 4, backup_meta: { action: 'full', source: s.source } },
      files_changed: { a: 'new', 'd/b': 'new' },
    });
  });

  test('reads the remote manifest and statistics where the archive dir has none', async () => {
    const expected = await changes('--show-changes-in-set', '1', '--jsonstat');
    rmSync(`${testHome()}/.cache`, { recursive: true });
    expect(await changes('--show-changes-in-set', '1', '--jsonstat')).toBe(expected);
    expect(expected).toContain('"NewFiles": 4');
    const archive = `${testHome()}/.cache/duplicity`;
    expect(names(`${archive}/${readdirSync(archive)[0] ?? ''}`)).toEqual(['ledger.jsonl']);
  });
});

describe('--file-changed', () => {
  test('shows the sets that changed a path', async () => {
    expect(await changes('--file-changed', 'd/b')).toBe(
      [
        '-------------------------',
        'File: d/b',
        'Total number of backup: 2',
        ' Type of backup set:                            Time:  Type of file change:',
        '                Full         Tue Nov 14 22:13:20 2023                   New',
        '         Incremental         Wed Nov 15 22:13:20 2023               Deleted',
        '-------------------------',
        '',
      ].join('\n'),
    );
  });

  test('without a chain says so', async () => {
    renameSync(s.remote, `${s.dir}/elsewhere`);
    expect(await changes('--file-changed', 'a')).toContain('No backup chains with active signatures found\n');
  });
});

test('list-current-files shows nothing of a set that lost its manifest', async () => {
  const inc = 'duplicity-inc.20231114T221320Z.to.20231115T221320Z.manifest';
  put(s.source, { later: 'x' }, timeOfSet(1));
  await backUp(s, 2);
  rmSync(`${s.remote}/${inc}`);
  const { stdout } = await good(['list-current-files', s.url]);
  expect(stdout.match(/\d{4} \S+$/gm)?.map((line) => line.slice(5))).toEqual(['.', 'a', 'd', 'd/b']);
});
