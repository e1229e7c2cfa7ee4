import { describe, expect, test } from 'vitest';
import { buildCollection } from '../collections/collection.ts';
import { formatStamp } from '../util/time.ts';
import { originOf, planSync, type SyncPlan } from './sync-plan.ts';

const at = (hours: number): number => 1_700_000_000 + hours * 3600;
const stamp = (hours: number): string => formatStamp(at(hours));
const FULL = `duplicity-full.${stamp(0)}`;
const FULL_SIGNATURES = `duplicity-full-signatures.${stamp(0)}`;

function set(start: number, end: number, suffix = '.gz'): string[] {
  const manifestSuffix = suffix === '.gpg' ? suffix : '';
  const times = start === end ? stamp(end) : `${stamp(start)}.to.${stamp(end)}`;
  const kind = start === end ? 'full' : 'inc';
  const signatures = start === end ? 'full-signatures' : 'new-signatures';
  return [
    `duplicity-${kind}.${times}.vol1.difftar${suffix}`,
    `duplicity-${kind}.${times}.manifest${manifestSuffix}`,
    `duplicity-${signatures}.${times}.sigtar${suffix}`,
  ];
}

function plan(
  remote: readonly string[],
  local: readonly string[],
  mode: 'full' | 'partial' = 'full',
  time?: number,
): SyncPlan {
  return planSync(buildCollection({ remote, local }), { mode, ...(time === undefined ? {} : { time }) });
}

const copied = ({ copies }: SyncPlan): string[] => copies.map(({ name }) => name);
const metadata = (names: readonly string[]): string[] => names.filter((name) => !name.includes('.vol')).sort();

test('an archive dir that agrees needs nothing', () => {
  const nothing = { copies: [], removals: [], staleParts: [], emptiesCache: false };
  expect(plan(set(0, 0, '.gpg'), [`${FULL}.manifest`, `${FULL_SIGNATURES}.sigtar.gz`, 'lockfile'])).toEqual(nothing);
  expect(plan([], [])).toEqual(nothing);
});

test.each(['', '.gz', '.gpg'])('manifests are kept plain and signatures gzipped when they end in "%s"', (suffix) => {
  expect(plan(set(0, 0, suffix), []).copies).toEqual([
    {
      kind: 'signatures',
      name: `${FULL_SIGNATURES}.sigtar${suffix}`,
      localName: `${FULL_SIGNATURES}.sigtar.gz`,
    },
    { kind: 'manifest', name: `${FULL}.manifest${suffix === '.gpg' ? suffix : ''}`, localName: `${FULL}.manifest` },
  ]);
});

test('copies of short names are named as the reference names them', () => {
  const { copies } = plan(['df.s44we8.m.g', 'dfs.s44we8.st.g', 'dns.s44we8.s46r28.st.z'], []);
  expect(copies.map(({ localName }) => localName)).toEqual([
    'df.s44we8.m',
    'dfs.s44we8.st.gz',
    'dns.s44we8.s46r28.st.gz',
  ]);
  expect(plan(['dfs.s44we8.st.g'], ['dfs.s44we8.st.z'])).toMatchObject({ copies: [], removals: [] });
});

test('a restore needs manifests alone, and nothing local is lost by that', () => {
  const remote = [...set(0, 0), ...set(0, 1)];
  const collection = buildCollection({ remote, local: [`${FULL_SIGNATURES}.sigtar.gz`] });
  const { copies, removals } = planSync(collection, { mode: 'partial', kinds: 'manifests' });
  expect(copies.map(({ kind }) => kind)).toEqual(['manifest', 'manifest']);
  expect(removals).toEqual([]);
  const gone = buildCollection({ remote, local: [`duplicity-full-signatures.${stamp(9)}.sigtar.gz`] });
  expect(planSync(gone, { mode: 'partial', kinds: 'manifests' }).removals).toHaveLength(1);
});

test('the origin of a copy is the remote file of the same metadata', () => {
  const collection = buildCollection({ remote: set(0, 0, '.gpg'), local: [] });
  expect(originOf(collection, `${FULL}.manifest`)).toEqual({
    kind: 'manifest',
    name: `${FULL}.manifest.gpg`,
    localName: `${FULL}.manifest`,
  });
  expect(originOf(collection, `${FULL_SIGNATURES}.sigtar.z`)).toMatchObject({
    name: `${FULL_SIGNATURES}.sigtar.gpg`,
    localName: `${FULL_SIGNATURES}.sigtar.z`,
  });
  expect(originOf(collection, `duplicity-full.${stamp(1)}.manifest`)).toBeUndefined();
});

test('finished local files that the remote does not have are removed, foreign ones and volumes are not', () => {
  const local = [`${FULL}.manifest`, `${FULL_SIGNATURES}.sigtar.gz`, 'notes.txt', `${FULL}.vol1.difftar.gz`];
  const { removals } = plan(set(10, 10), local);
  expect(removals).toEqual([`${FULL_SIGNATURES}.sigtar.gz`, `${FULL}.manifest`]);
});

describe('an empty remote', () => {
  test('empties the cache, and the plan says so', () => {
    expect(plan([], [`${FULL}.manifest`])).toMatchObject({ removals: [`${FULL}.manifest`], emptiesCache: true });
    expect(plan(['lost+found'], [`${FULL}.manifest`]).emptiesCache).toBe(true);
  });

  test('is no alarm while there is nothing to lose, or while something of ours is left', () => {
    expect(plan([], [`${FULL}.manifest.part`]).emptiesCache).toBe(false);
    expect(plan(set(10, 10), [`${FULL}.manifest`]).emptiesCache).toBe(false);
  });
});

describe('unfinished files', () => {
  const parts = [`${FULL}.manifest.part`, `${FULL_SIGNATURES}.sigtar.part`];

  test('of a set that can be resumed stay, and nothing is fetched in their place', () => {
    const remote = [`${FULL}.vol1.difftar.gz`, `${FULL_SIGNATURES}.sigtar.gz`];
    expect(plan(remote, parts)).toMatchObject({ copies: [], removals: [], staleParts: [] });
  });

  test('go before a finished file of the same set does', () => {
    const finished = `${FULL_SIGNATURES}.sigtar.gz`;
    expect(plan([finished], [...parts, finished]).removals).toEqual([finished]);
  });

  test('that a finished remote set has overtaken are dropped and fetched', () => {
    const wedge = plan(set(0, 0), [...parts, `${FULL_SIGNATURES}.sigtar.gz`]);
    expect(wedge.staleParts).toEqual([...parts].sort());
    expect(copied(wedge)).toEqual([`${FULL}.manifest`]);
    expect(wedge.removals).toEqual([]);
  });
});

describe('a partial sync', () => {
  const first = [...set(0, 0), ...set(0, 1)];
  const second = [...set(10, 10), ...set(10, 11)];
  const remote = [...first, ...second];

  test('fetches the newest chain', () => {
    expect(copied(plan(remote, [], 'partial')).sort()).toEqual(metadata(second));
  });

  test.each([
    ['in a chain', 10.5, second],
    ['after a chain', 5, first],
    ['before everything', -5, first],
  ])('fetches the chain for a time %s', (_, time, expected) => {
    expect(copied(plan(remote, [], 'partial', at(time))).sort()).toEqual(metadata(expected));
  });

  test('removes what a full one removes', () => {
    const spurious = `duplicity-full.${stamp(5)}.manifest`;
    expect(plan(remote, [spurious], 'partial').removals).toEqual([spurious]);
  });

  test('fetches all when there is no chain', () => {
    const signatures = metadata(remote).filter((name) => name.includes('signatures'));
    expect(copied(plan(signatures, [], 'partial')).sort()).toEqual(signatures);
  });

  test('leaves what others fetched', () => {
    expect(plan(remote, [`${FULL}.manifest`], 'partial').removals).toEqual([]);
  });
});

test('a full sync fetches every chain', () => {
  const remote = [...set(0, 0), ...set(10, 10)];
  expect(copied(plan(remote, [])).sort()).toEqual(metadata(remote));
});

test('of two manifests of a set the one that the set prefers is fetched', () => {
  const { copies } = plan([`${FULL}.manifest`, `${FULL}.manifest.gpg`, `${FULL}.vol1.difftar.gpg`], []);
  expect(copies).toEqual([{ kind: 'manifest', name: `${FULL}.manifest.gpg`, localName: `${FULL}.manifest` }]);
});
