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

const copied = ({ copies }: SyncPlan): string[] => copies.map(({ name }) => name);
const metadata = (names: readonly string[]): string[] => names.filter((name) => !name.includes('.vol')).sort();

function plan(
  remote: readonly string[],
  local: readonly string[],
  needed: readonly string[] = metadata(remote),
  mode: 'full' | 'partial' = 'partial',
): SyncPlan {
  return planSync(buildCollection({ remote, local }), { mode, needed });
}

test('an archive dir that agrees needs nothing', () => {
  const nothing = { copies: [], extras: [], removals: [], staleParts: [], emptiesCache: false };
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

test('what is not needed is not fetched, and nothing local is lost by that', () => {
  const remote = [...set(0, 0), ...set(0, 1), ...set(10, 10)];
  const local = [`${FULL_SIGNATURES}.sigtar.gz`, `duplicity-full.${stamp(10)}.manifest`];
  const found = plan(remote, local, [`${FULL}.manifest`]);
  expect([copied(found), found.extras, found.removals]).toEqual([[`${FULL}.manifest`], [], []]);
  expect(plan(remote, [`duplicity-full-signatures.${stamp(9)}.sigtar.gz`], []).removals).toHaveLength(1);
});

test('a full sync fetches the rest as well, which is told apart', () => {
  const remote = [...set(0, 0), ...set(10, 10)];
  const { copies, extras } = plan(remote, [], [`${FULL}.manifest`], 'full');
  expect(copies.map(({ name }) => name)).toEqual([`${FULL}.manifest`]);
  const others = metadata(remote).filter((name) => name !== `${FULL}.manifest`);
  expect(extras.map(({ name }) => name).sort()).toEqual(others);
});

test('what is needed is known by the name of either place, and is not fetched where it cannot be used', () => {
  const remote = set(0, 0, '.gpg');
  expect(copied(plan(remote, [], [`${FULL}.manifest`, `${FULL_SIGNATURES}.sigtar.gz`])).sort()).toEqual(
    metadata(remote),
  );
  const collection = buildCollection({ remote, local: [], unusable: new Set([`${FULL}.manifest.gpg`]) });
  const { copies } = planSync(collection, { mode: 'full', needed: metadata(remote) });
  expect(copies.map(({ name }) => name)).toEqual([`${FULL_SIGNATURES}.sigtar.gpg`]);
  expect(originOf(collection, `${FULL}.manifest`)).toBeUndefined();
});

test('the copy of a file that cannot be used any more stays', () => {
  const unusable = new Set([`${FULL}.manifest`]);
  const collection = buildCollection({ remote: set(0, 0), local: [`${FULL}.manifest`], unusable });
  expect(planSync(collection, { mode: 'partial', needed: [] }).removals).toEqual([]);
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

test('of two manifests of a set the one that the set prefers is fetched', () => {
  const { copies } = plan([`${FULL}.manifest`, `${FULL}.manifest.gpg`, `${FULL}.vol1.difftar.gpg`], []);
  expect(copies).toEqual([{ kind: 'manifest', name: `${FULL}.manifest.gpg`, localName: `${FULL}.manifest` }]);
});
