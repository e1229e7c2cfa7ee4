import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildCollection, type Collection, lastFullTime } from './collection.ts';
import { planCleanup } from './deletion.ts';
import type { BackupSet } from './sets.ts';
import { collectionWarnings } from './warnings.ts';

interface Vector {
  readonly name: string;
  readonly remote: readonly string[];
  readonly local: readonly string[];
  readonly error?: string;
  readonly chains: readonly object[];
  readonly cleanup: object;
  readonly '3.0.1'?: object;
}

const VECTORS = readFileSync('test/golden/data/vectors/collections.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

const FULL = 'duplicity-full.20231114T221320Z';
const INC1 = 'duplicity-inc.20231114T221320Z.to.20231115T221320Z';
const INC2 = 'duplicity-inc.20231115T221320Z.to.20231116T221320Z';

/** Signatures of a set that never got its manifest make the reference give up a chain that can go on. */
const CHAIN_GOES_ON = 'last inc has no manifest';

/** The reference chooses sets and signatures apart there, and finds no chain to build upon. See `paths.test.ts`. */
const OF_ONE_BASE = /^two incs with same start/;

const isDeviation = (name: string): boolean => name === CHAIN_GOES_ON || OF_ONE_BASE.test(name);

describe('a collection agrees with the reference', () => {
  test.each(VECTORS.filter(({ name, error }) => error === undefined && !isDeviation(name)))('$name', (vector) => {
    const collection = buildCollection(vector);
    // The vectors leave out sets without volumes; the reference's own status counts them (vectors/collection-status.jsonl).
    const chains = asChains(collection).map(({ sets, ...chain }) => ({
      ...chain,
      sets: sets.filter(({ volumes }) => volumes.length > 0),
    }));
    const { files } = planCleanup(collection);
    expect({ ...vector, ...vector['3.0.1'] }).toMatchObject({
      chains,
      orphaned_sets: collection.orphaned.map(asSet),
      incomplete_sets: collection.incomplete.map(asSet),
      signature_chains: collection.signatureChains.map((chain) => ({
        local: chain.place === 'local',
        start: chain.start,
        end: chain.end,
        files: chain.files.map((file) => file.name),
      })),
      orphaned_signatures: collection.orphanedSignatures,
      matched: asMatched(collection),
      // The reference deletes a set whose signatures are lost, though it can be restored.
      ...(vector.name !== 'last inc has no signature' && {
        cleanup: {
          local: files.filter(({ place }) => place === 'local').map((file) => file.name),
          remote: files.filter(({ place }) => place === 'remote').map((file) => file.name),
        },
      }),
    });
  });
});

describe('where the reference dies, a collection has a sane reading', () => {
  const crashes = VECTORS.filter(({ error }) => error !== undefined);
  const listings = (name: string): Vector => {
    const found = crashes.find((vector) => vector.name === name);
    if (found === undefined) throw new Error(`no vector ${name}`);
    return found;
  };

  test('of two files for one volume both stay candidates, first the one encrypted like the manifest', () => {
    const { chains } = buildCollection(listings('same volume twice with different suffix'));
    expect(chains[0]?.full.volumes).toEqual(new Map([[1, [`${FULL}.vol1.difftar.gpg`, `${FULL}.vol1.difftar.gz`]]]));
  });

  test('files of par2 beside the volumes are not ours', () => {
    const { chains } = buildCollection(listings('par2 files in listing'));
    expect(chains[0]?.full.volumes).toEqual(new Map([[1, [`${FULL}.vol1.difftar.gpg`]]]));
  });

  test('a remote manifest wins over an unfinished local one', () => {
    const collection = buildCollection(listings('local partial manifest and complete remote'));
    expect(collection.chains[0]?.full).toMatchObject({ isPartial: false, manifest: `${FULL}.manifest.gpg` });
    expect(collection.partial).toBeUndefined();
    expect(collection.staleParts).toEqual([`${FULL}.manifest.part`]);
  });

  test('no crash case is left out', () => {
    expect(crashes).toHaveLength(3);
  });
});

test('a chain goes on although a later set left signatures but no manifest', () => {
  const { active } = buildCollection(VECTORS.find(({ name }) => name === CHAIN_GOES_ON) ?? { remote: [], local: [] });
  expect(active?.chain.discarded).toBeUndefined();
  expect(active?.signatures.end).toBe(active?.chain.end);
});

test('cleanup leaves a set alone whose signatures are lost: it can be restored', () => {
  const vector = VECTORS.find(({ name }) => name === 'last inc has no signature');
  expect(vector).toBeDefined();
  const collection = buildCollection(vector ?? { remote: [], local: [] });
  expect(collection.active?.chain.discarded).toBeDefined();
  expect(planCleanup(collection).files).toEqual([]);
});

test('finished sets link their signatures before unfinished ones on the same parent', () => {
  const sig = (set: string): string => set.replace('-inc', '-new-signatures').replace('-full', '-full-signatures');
  const again = 'duplicity-inc.20231114T221320Z.to.20231117T221320Z';
  const remote = [FULL, again].flatMap((set) => [`${set}.manifest`, `${sig(set)}.sigtar.gz`]);
  const { active } = buildCollection({ remote: [...remote, `${sig(INC1)}.sigtar.gz`], local: [] });
  expect(active?.chain.incs).toHaveLength(1);
  expect(active?.signatures.files.map(({ name }) => name)).toEqual([
    `${sig(FULL)}.sigtar.gz`,
    `${sig(again)}.sigtar.gz`,
  ]);
});

test('signatures match a chain only if they begin with it', () => {
  const other = 'duplicity-full.20231115T221320Z';
  const remote = [FULL, INC1, other].flatMap((set) => [`${set}.manifest`, `${set}.vol1.difftar.gz`]);
  const own = 'duplicity-full-signatures.20231115T221320Z.sigtar.gz';
  const { active } = buildCollection({ remote, local: [own] });
  expect(active?.chain.full.manifest).toBe(`${other}.manifest`);
  const foreign = 'duplicity-new-signatures.20231114T221320Z.to.20231115T221320Z.sigtar.gz';
  const root = 'duplicity-full-signatures.20231114T221320Z.sigtar.gz';
  expect(buildCollection({ remote, local: [root, foreign] }).active).toBeUndefined();
});

test('of two manifests the one encrypted like the volumes is used', () => {
  const remote = [`${FULL}.manifest`, `${FULL}.manifest.gpg`, `${FULL}.vol1.difftar.gpg`];
  const [chain] = buildCollection({ remote, local: [] }).chains;
  expect(chain?.full.manifests).toEqual([`${FULL}.manifest.gpg`, `${FULL}.manifest`]);
  const plain = buildCollection({
    remote: [`${FULL}.manifest.gpg`, `${FULL}.manifest`, `${FULL}.vol1.difftar.gz`],
    local: [],
  });
  expect(plain.chains[0]?.full.manifest).toBe(`${FULL}.manifest`);
});

test('an unfinished set is known by its unfinished local manifest and signatures', () => {
  const collection = buildCollection({
    remote: [`${FULL}.manifest`, `${FULL}.vol1.difftar.gz`, `${INC1}.vol1.difftar.gz`],
    local: [`${FULL}.manifest`, `${INC1}.manifest.part`, INC1.replace('inc', 'new-signatures') + '.sigtar.part'],
  });
  expect(collection.partial).toMatchObject({
    type: 'inc',
    partialManifest: `${INC1}.manifest.part`,
    partialSignatures: 'duplicity-new-signatures.20231114T221320Z.to.20231115T221320Z.sigtar.part',
  });
  expect(collection.staleParts).toEqual([]);
  expect(collection.chains[0]?.full.localManifest).toBe(`${FULL}.manifest`);
});

test('unfinished signatures whose set cannot be resumed do not count', () => {
  const signatures = 'duplicity-new-signatures.20231114T221320Z.to.20231115T221320Z.sigtar.part';
  const collection = buildCollection({
    remote: [`${FULL}.manifest`, `${FULL}.vol1.difftar.gz`],
    local: ['duplicity-full-signatures.20231114T221320Z.sigtar.gz', signatures],
  });
  expect(collection.staleParts).toEqual([signatures]);
  expect(collection.active?.signatures.files).toHaveLength(1);
});

test('unfinished files on the remote are nothing of ours', () => {
  const collection = buildCollection({
    remote: [`${FULL}.manifest.part`, 'duplicity-full-signatures.20231114T221320Z.sigtar.part'],
    local: [],
  });
  expect(collection.chains).toEqual([]);
  expect(collection.signatureChains).toEqual([]);
});

test('an increment that gives way to a later one on the same parent stays known with its chain', () => {
  const later = 'duplicity-inc.20231114T221320Z.to.20231117T221320Z';
  const collection = buildCollection({
    remote: [FULL, INC1, later].flatMap((set) => [`${set}.manifest`, `${set}.vol1.difftar.gz`]),
    local: [],
  });
  expect(collection.chains[0]?.beside.map(({ manifest }) => manifest)).toEqual([`${INC1}.manifest`]);
  expect(collection.chains[0]?.incs.map(({ manifest }) => manifest)).toEqual([`${later}.manifest`]);
  expect(collection.orphaned).toEqual([]);
});

test('the last full is the newest begun, not the one whose chain ended last', () => {
  const second = 'duplicity-full.20231115T221320Z';
  const late = 'duplicity-inc.20231114T221320Z.to.20231118T221320Z';
  const remote = [FULL, second, late].flatMap((set) => [`${set}.manifest`, `${set}.vol1.difftar.gz`]);
  expect(lastFullTime(buildCollection({ remote, local: [] }))).toBe(1_700_086_400);
  expect(lastFullTime(buildCollection({ remote: [], local: [] }))).toBeUndefined();
});

test('names are read with the prefixes and the time separator of the run', () => {
  const remote = [
    'all-man-duplicity-full.2023-11-14T17_13_20-05_00.manifest',
    'all-arc-duplicity-full.2023-11-14T17_13_20-05_00.vol1.difftar.gz',
    `${FULL}.vol2.difftar.gz`,
  ];
  const prefixes = { all: 'all-', volume: 'arc-', manifest: 'man-', signatures: 'sig-', jsonstat: '' };
  const collection = buildCollection({ remote, local: [], naming: { prefixes, timeSeparator: '_' } });
  expect(collection.chains[0]?.full).toMatchObject({ end: 1_700_000_000, volumes: new Map([[1, [remote[1]]]]) });
});

test('jsonstat files go with their set, others are strays', () => {
  const collection = buildCollection({
    remote: [`${FULL}.manifest`, `${FULL}.jsonstat.gz`, `${INC2}.jsonstat.gz`],
    local: [`${FULL}.jsonstat.gz`],
  });
  expect(collection.chains[0]?.full.statistics).toEqual({
    remote: [`${FULL}.jsonstat.gz`],
    local: [`${FULL}.jsonstat.gz`],
  });
  expect(collection.strayStatistics).toEqual([`${INC2}.jsonstat.gz`]);
});

describe('warnings', () => {
  const CODES = { generic: 1, orphanedSignatures: 2, unmatchedSignatures: 4, incompleteSets: 5, orphanedSets: 6 };
  const status = readFileSync('test/golden/data/vectors/collection-status.jsonl', 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; warnings: { code: number; names: string[] }[] });

  test.each(status.filter(({ name }) => !isDeviation(name)))(
    'are given as the reference gives them: $name',
    ({ name, warnings }) => {
      const vector = VECTORS.find((one) => one.name === name);
      if (vector === undefined) throw new Error(`no vector ${name}`);
      const ours = collectionWarnings(buildCollection(vector));
      expect(ours.map(({ code }) => CODES[code])).toEqual(warnings.map(({ code }) => code));
      // Where the reference names no files, ours may.
      const named = ours.map((warning, i) => (warnings[i]?.names.length === 0 ? [] : warning.names));
      expect(named).toEqual(warnings.map(({ names }) => names));
    },
  );

  test('name the files', () => {
    const [warning] = collectionWarnings(buildCollection({ remote: [`${INC1}.manifest`], local: [] }));
    expect(warning).toMatchObject({ code: 'orphanedSets', about: 'orphanedSets', names: [`${INC1}.manifest`] });
  });
});

interface SetVector {
  readonly type: string;
  readonly volumes: readonly number[];
  readonly manifest: string | null;
  readonly encrypted: boolean;
  readonly partial: boolean;
}

function asSet(set: BackupSet): SetVector {
  const times = set.type === 'full' ? { time: set.end } : { start_time: set.start, end_time: set.end };
  return {
    type: set.type,
    ...times,
    volumes: [...set.volumes.keys()],
    manifest: set.manifest ?? set.partialManifest ?? null,
    encrypted: set.encrypted,
    partial: set.isPartial,
  };
}

function asChains(collection: Collection): { readonly sets: readonly SetVector[] }[] {
  return collection.chains.map(({ start, end, sets }) => ({ start, end, sets: sets.map(asSet) }));
}

function asMatched({ active, chains, signatureChains }: Collection): object | null {
  if (active === undefined) return null;
  return { chain: chains.indexOf(active.chain), signature_chain: signatureChains.indexOf(active.signatures) };
}
