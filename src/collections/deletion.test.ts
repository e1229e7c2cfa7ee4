import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildCollection, type Collection } from './collection.ts';
import {
  planCleanup,
  planRemoveAllButNFull,
  planRemoveIncsOfAllButNFull,
  planRemoveOlderThan,
  type RemovalPlan,
} from './deletion.ts';

interface Vector {
  readonly name: string;
  readonly remote: readonly string[];
  readonly local: readonly string[];
  readonly command: string;
  readonly argument: number;
  readonly times: readonly number[];
  readonly kept: readonly number[];
  readonly activeKept: boolean;
  readonly steps: readonly { readonly kind: string; readonly end: number; readonly files: readonly string[] }[];
  readonly listed: readonly string[];
  readonly files: readonly string[];
}

const VECTORS = readFileSync('test/golden/data/vectors/deletions.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

/** The reference deletes here what the next backup or restore needs. */
const REFUSED = new Set(['three chains, after everything', 'one chain without signatures, after everything']);

const FULL = 'duplicity-full.20231114T221320Z';
const INC = 'duplicity-inc.20231114T221320Z.to.20231115T221320Z';

describe('what goes, and in which order, is what the reference deletes', () => {
  test.each(VECTORS.filter(({ command, name }) => command !== 'cleanup' && !REFUSED.has(name)))(
    '$command: $name',
    (vector) => {
      const plan = planFor(vector);
      expect({
        times: plan.times,
        kept: plan.keptSets,
        activeKept: plan.keepsOldNewest,
        steps: plan.steps.map(({ kind, scope, end, files }) => ({ scope, kind, end, files: files.map(label) })),
      }).toEqual({ times: vector.times, kept: vector.kept, activeKept: vector.activeKept, steps: vector.steps });
    },
  );

  test.each(VECTORS.filter(({ command }) => command === 'cleanup'))('$command: $name', (vector) => {
    const plan = planCleanup(buildCollection(vector));
    expect(plan.names).toEqual(vector.listed);
    expect(plan.files.map(label)).toEqual(vector.files);
  });
});

test('the signatures of the newest chain are never deleted', () => {
  const vector = named('three chains, after everything');
  const plan = planFor(vector);
  expect(plan.keepsOldNewest).toBe(true);
  expect(plan.steps.map(({ files, ...step }) => ({ ...step, files: files.map(label) }))).toEqual(
    vector.steps.filter(({ end }) => end !== 1_700_079_200),
  );
});

test('the newest chain stays, even when its signatures are lost', () => {
  const plan = planFor(named('one chain without signatures, after everything'));
  expect(plan).toEqual({ times: [], keptSets: [], keepsOldNewest: true, steps: [] });
});

test('a finished chain stays while the newer one is unfinished', () => {
  const collection = buildCollection({
    remote: [`${FULL}.manifest`, `${FULL}.vol1.difftar.gz`, 'duplicity-full.20231120T221320Z.vol1.difftar.gz'],
    local: ['duplicity-full.20231120T221320Z.manifest.part'],
  });
  expect(collection.chains).toHaveLength(2);
  expect(planRemoveOlderThan(collection, 2_000_000_000).steps).toEqual([]);
  expect(planRemoveAllButNFull(collection, 1).steps).toEqual([]);
});

test('a replaced increment goes with its chain', () => {
  const later = 'duplicity-inc.20231114T221320Z.to.20231117T221320Z';
  const newer = 'duplicity-full.20231120T221320Z';
  const remote = [FULL, INC, later, newer].flatMap((set) => [`${set}.manifest`, `${set}.vol1.difftar.gz`]);
  const plan = planRemoveAllButNFull(buildCollection({ remote, local: [] }), 1);
  expect(plan.steps.flatMap(({ files }) => files.map(({ name }) => name))).toEqual(
    [later, INC, FULL].flatMap((set) => [`${set}.manifest`, `${set}.vol1.difftar.gz`]),
  );
});

test('all candidates of a volume and the statistics go with their set', () => {
  const newer = 'duplicity-full.20231120T221320Z';
  const remote = [`${FULL}.manifest`, `${FULL}.vol1.difftar.gz`, `${FULL}.vol1.difftar`, `${FULL}.jsonstat.gz`];
  const collection = buildCollection({
    remote: [...remote, `${newer}.manifest`, `${newer}.vol1.difftar.gz`],
    local: [`${FULL}.jsonstat.gz`],
  });
  const [step] = planRemoveAllButNFull(collection, 1).steps;
  expect(new Set(step?.files.map(label))).toEqual(
    new Set([...remote.map((name) => `remote ${name}`), `local ${FULL}.jsonstat.gz`]),
  );
});

test('a newer full without volumes is none, and does not cost the last one that has them', () => {
  const newer = 'duplicity-full.20231120T221320Z';
  for (const volumes of [[], [`${newer}.vol2.difftar.gz`]]) {
    const remote = [`${FULL}.manifest`, `${FULL}.vol1.difftar.gz`, `${newer}.manifest`, ...volumes];
    expect(planRemoveAllButNFull(buildCollection({ remote, local: [] }), 1).steps).toEqual([]);
  }
});

test('cleanup gives up an unfinished set apart from the rest, its manifest last', () => {
  const vector = named('cleanup partial');
  const { partial, files } = planCleanup(buildCollection(vector));
  expect(files).toEqual([]);
  expect(partial?.files.map(label)).toEqual([
    'remote duplicity-inc.20231114T231320Z.to.20231115T001320Z.vol1.difftar.gz',
    'local duplicity-new-signatures.20231114T231320Z.to.20231115T001320Z.sigtar.part',
    'local duplicity-inc.20231114T231320Z.to.20231115T001320Z.manifest.part',
  ]);
});

test('cleanup knows the copies of what it deletes', () => {
  const collection = buildCollection({ remote: [`${INC}.manifest.gpg`], local: [`${INC}.manifest`] });
  const plan = planCleanup(collection);
  expect(plan.files.map(label)).toEqual([`remote ${INC}.manifest.gpg`]);
  expect(plan.copies.map(label)).toEqual([`local ${INC}.manifest`]);
});

function planFor(vector: Vector): RemovalPlan {
  const plans: Record<string, (collection: Collection, argument: number) => RemovalPlan> = {
    'remove-older-than': planRemoveOlderThan,
    'remove-all-but-n-full': planRemoveAllButNFull,
    'remove-all-inc-of-but-n-full': planRemoveIncsOfAllButNFull,
  };
  const plan = plans[vector.command];
  if (plan === undefined) throw new Error(`no plan for ${vector.command}`);
  return plan(buildCollection(vector), vector.argument);
}

function named(name: string): Vector {
  const vector = VECTORS.find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return vector;
}

function label(file: { readonly place: string; readonly name: string }): string {
  return `${file.place} ${file.name}`;
}
