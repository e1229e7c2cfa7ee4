import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { parseStatus } from '../support/outputs.ts';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { asctime, timeOfSet } from '../support/times.ts';

const FOREIGN = 'notes.txt';

let s: Scene;
beforeEach(async () => {
  s = scene();
  put(s.source, { a: 'one' });
});

/** Three chains: full, two increments; full, an increment; full. */
async function threeChains(): Promise<void> {
  for (const [k, kind] of ['full', 'inc', 'inc', 'full', 'inc', 'full'].entries()) {
    put(s.source, { a: `state ${k}` }, timeOfSet(k - 1));
    await backUp(s, k, [kind]);
  }
  writeFileSync(`${s.remote}/${FOREIGN}`, 'not ours');
}

async function times(): Promise<readonly string[]> {
  const { stdout } = await good(['collection-status', s.url]);
  return parseStatus(stdout).map(({ type, time }) => `${type[0]} ${time}`);
}
const set = (kind: 'F' | 'I', k: number): string => `${kind} ${asctime(timeOfSet(k))}`;
const archived = (): readonly string[] =>
  names(`${testHome()}/.cache/duplicity/${names(`${testHome()}/.cache/duplicity`)[0]}`);

describe('old backups', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
    [
      'remove-older-than',
      ['remove-older-than', String(timeOfSet(3))],
      [asctime(timeOfSet(2))],
      [set('F', 3), set('I', 4), set('F', 5)],
    ],
    [
      'remove-all-but-n-full',
      ['remove-all-but-n-full', '1'],
      [asctime(timeOfSet(2)), asctime(timeOfSet(4))],
      [set('F', 5)],
    ],
    [
      'remove-all-inc-of-but-n-full',
      ['remove-all-inc-of-but-n-full', '1'],
      [asctime(timeOfSet(2)), asctime(timeOfSet(4))],
      [set('F', 0), set('F', 3), set('F', 5)],
    ],
  ];

  test.each(cases)('%s lists without --force, and deletes with it what is too old', async (_name, args, old, left) => {
    await threeChains();
    const before = [names(s.remote), archived()];
    const said = await good([...args, s.url]);
    expect(said.stdout).toMatch(/^Found old backup chains? at the following times?:$/m);
    for (const time of old) expect(said.stdout).toContain(`\n${time}\n`);
    expect(said.stdout).toContain('\nRerun command with --force option to actually delete.\n');
    expect([names(s.remote), archived()]).toEqual(before);

    const dry = await good([...args, '--force', '--dry-run', s.url]);
    expect(dry.stdout).toMatch(/^Deleting backup chains? at times?:$/m);
    expect([names(s.remote), archived()]).toEqual(before);

    await good([...args, '--force', s.url]);
    expect(await times()).toEqual(left);
    expect(names(s.remote)).toContain(FOREIGN);
    // Every set has its volume, manifest and signatures, and nothing else is left.
    expect(names(s.remote)).toHaveLength(3 * left.length + 1);
    // The ledger, too.
    expect(archived()).toHaveLength(2 * left.length + 1);

    expect((await good([...args, '--force', s.url])).stdout).toContain('No old backup sets found, nothing deleted.\n');
    await good([s.url, `${s.dir}/out`]);
    expect(readFileSync(`${s.dir}/out/a`, 'utf8')).toBe('state 5');
    await backUp(s, 6, ['inc']);
  });

  test('that newer ones depend on stay, and it says so', async () => {
    await threeChains();
    const { stdout } = await good(['remove-older-than', String(timeOfSet(2)), '--force', s.url]);
    expect(stdout).toMatch(/^There are backup set\(s\) at time\(s\):$/m);
    expect(stdout).toContain("Which can't be deleted because newer sets depend on them.");
    expect(await times()).toHaveLength(6);
  });

  test('that are the only ones stay', async () => {
    await backUp(s, 0);
    const { stdout } = await good(['remove-older-than', 'now', '--force', s.url]);
    expect(stdout).toContain('No old backup sets found, nothing deleted.\n');
    expect((await good(['remove-all-but-n-full', '1', '--force', s.url])).stdout).toContain('nothing deleted');
    expect(await times()).toEqual([set('F', 0)]);
  });

  test('need no key to be deleted', async () => {
    await backUp(s, 0);
    for (const name of names(s.remote)) {
      writeFileSync(`${s.remote}/${name.replace(/(\.gz)?$/, '.gpg')}`, 'encrypted');
      rmSync(`${s.remote}/${name}`);
    }
    await backUp(s, 1, ['full']);
    const result = await duplicity(['remove-all-but-n-full', '1', '--force', s.url]);
    expect([result.status, result.stderr]).toEqual([0, '']);
    expect(await times()).toEqual([set('F', 1)]);
  });
});

describe('cleanup', () => {
  test('has nothing to do in a clean archive', async () => {
    await backUp(s, 0);
    const before = [names(s.remote), archived()];
    const { stdout } = await good(['cleanup', '--force', s.url]);
    expect(stdout).toMatch(/^Last full backup date: .*\nNo extraneous files found, nothing deleted in cleanup\.\n$/);
    expect([names(s.remote), archived()]).toEqual(before);
  });

  test('lists without --force, and deletes with it what belongs to no set', async () => {
    await backUp(s, 0);
    const clean = names(s.remote);
    const left = [
      'duplicity-full.20200101T000000Z.vol1.difftar.gz',
      'duplicity-full.20200101T000000Z.vol2.difftar.gz',
      'duplicity-inc.20190101T000000Z.to.20190102T000000Z.manifest',
      'duplicity-inc.20190101T000000Z.to.20190102T000000Z.vol1.difftar.gz',
      'duplicity-new-signatures.20180101T000000Z.to.20180102T000000Z.sigtar.gz',
    ];
    for (const name of [...left, FOREIGN]) writeFileSync(`${s.remote}/${name}`, 'x');
    const said = await good(['cleanup', s.url]);
    expect(said.stdout).toMatch(/^Found the following files to delete:\n/m);
    for (const name of left) expect(said.stdout).toContain(`\n${name}\n`);
    expect(said.stdout).toContain('\nRun duplicity again with the --force option to actually delete.\n');
    expect(names(s.remote)).toHaveLength(clean.length + 6);
    await good(['cleanup', '--force', '--dry-run', s.url]);
    expect(names(s.remote)).toHaveLength(clean.length + 6);
    const done = await good(['cleanup', '--force', s.url]);
    expect(done.stdout).toMatch(/^Deleting these files from backend:\n/m);
    expect(names(s.remote)).toEqual([...clean, FOREIGN].toSorted());
    expect(treeOf(s.source)).toHaveLength(2);
  });

  test('speaks of one file when it is one', async () => {
    await backUp(s, 0);
    writeFileSync(`${s.remote}/duplicity-full.20200101T000000Z.vol1.difftar.gz`, 'x');
    expect((await good(['cleanup', s.url])).stdout).toMatch(/^Found the following file to delete:\n/m);
    expect((await good(['cleanup', '--force', s.url])).stdout).toMatch(/^Deleting this file from backend:\n/m);
  });

  test('gives up an unfinished backup, here and on the remote, with --force only', async () => {
    await backUp(s, 0);
    const clean = [names(s.remote), archived()];
    put(s.source, { big: noise(2_500_000) }, timeOfSet(0));
    const inLine = ['--volsize', '1', '--concurrency', '0'];
    const args = [...PLAIN, ...inLine, '--current-time', String(timeOfSet(1)), s.source, s.url];
    const broken = await duplicity(args, faults({ op: 'put', match: '.vol3.', do: 'exit' }));
    expect(broken.status).toBe(1);
    const left = [names(s.remote), archived()];
    expect(left[0]).toHaveLength(5);
    await good(['cleanup', s.url]);
    expect([names(s.remote), archived().filter((name) => name !== 'lockfile' && !name.endsWith('tempdir'))]).toEqual([
      left[0],
      left[1]?.filter((name) => name !== 'lockfile' && !name.endsWith('tempdir')),
    ]);
    await good(['cleanup', '--force', s.url]);
    expect([names(s.remote), archived()]).toEqual(clean);
  });

  test('removes what killed runs left of uploads, and nothing of other programs', async () => {
    await backUp(s, 0);
    const clean = names(s.remote);
    const ours = [
      '.duplicity-full.20200101T000000Z.vol1.difftar.gz.part',
      '.duplicity-full.20200101T000000Z.manifest.part',
      '.duplicity-full.20200101T000000Z.manifest.vol0+1.par2.part',
    ];
    const foreign = ['.notes.txt.part', '.duplicity-full.part', 'duplicity.part', '.part'];
    for (const name of [...ours, ...foreign]) writeFileSync(`${s.remote}/${name}`, 'x');
    const said = await good(['cleanup', s.url]);
    expect(said.stdout).toContain(`Found the following files to delete:\n${ours.toSorted().join('\n')}\n`);
    expect(names(s.remote)).toEqual([...clean, ...ours, ...foreign].toSorted());
    await good(['cleanup', '--force', s.url]);
    expect(names(s.remote)).toEqual([...clean, ...foreign].toSorted());
  });
});
