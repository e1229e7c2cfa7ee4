import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allSets, buildCollection, type Collection } from '../../src/collections/collection.ts';
import {
  type Deletion,
  planCleanup,
  planRemoveAllButNFull,
  planRemoveIncsOfAllButNFull,
  planRemoveOlderThan,
  type RemovalPlan,
} from '../../src/collections/deletion.ts';
import { setsFor, signaturesFor } from '../../src/collections/lookup.ts';
import { restorableBeside, restorableSets } from '../../src/collections/restorable.ts';
import { type BackupSet, volumeNames } from '../../src/collections/sets.ts';
import { statusOf } from '../../src/actions/status/status-result.ts';
import { collectionWarnings } from '../../src/collections/warnings.ts';
import { statusReport } from '../../src/ui/status/status-text.ts';
import { formatStamp } from '../../src/util/time.ts';

interface Archive {
  readonly remote: readonly string[];
  readonly local: readonly string[];
}

const at = (hours: number): number => 1_700_000_000 + hours * 3600;
const stamp = (hours: number): string => formatStamp(at(hours));
const suffix = fc.constantFrom('', '.gz', '.gpg');

/** Files of one set, remote and local. */
function setFiles(set: string, signatures: string, volumes: number, suffix: string, isPartial: boolean): Archive {
  const remote = Array.from({ length: volumes }, (_, i) => `duplicity-${set}.vol${i + 1}.difftar${suffix}`);
  if (isPartial) {
    return { remote, local: [`duplicity-${set}.manifest.part`, `duplicity-${signatures}.sigtar.part`] };
  }
  const encrypted = suffix === '.gpg' ? suffix : '';
  return {
    remote: [...remote, `duplicity-${set}.manifest${encrypted}`, `duplicity-${signatures}.sigtar${suffix}`],
    local: [`duplicity-${set}.manifest`, `duplicity-${signatures}.sigtar.gz`],
  };
}

function fullOrInc(start: number, end: number, volumes: number, suffix: string, isPartial = false): Archive {
  return start === end
    ? setFiles(`full.${stamp(end)}`, `full-signatures.${stamp(end)}`, volumes, suffix, isPartial)
    : setFiles(
        `inc.${stamp(start)}.to.${stamp(end)}`,
        `new-signatures.${stamp(start)}.to.${stamp(end)}`,
        volumes,
        suffix,
        isPartial,
      );
}

function together(parts: readonly Archive[]): Archive {
  return { remote: parts.flatMap(({ remote }) => remote), local: parts.flatMap(({ local }) => local) };
}

/** Chains one after the other, the last set perhaps unfinished. */
const validArchive: fc.Arbitrary<Archive> = fc
  .record({
    chains: fc.array(
      fc.array(fc.record({ volumes: fc.integer({ min: 1, max: 3 }), suffix }), { minLength: 1, maxLength: 4 }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    isPartial: fc.boolean(),
  })
  .map(({ chains, isPartial }) =>
    together(
      chains.flatMap((sets, c) =>
        sets.map(({ volumes, suffix }, i) => {
          const isLast = c === chains.length - 1 && i === sets.length - 1;
          return fullOrInc(c * 10 + Math.max(0, i - 1), c * 10 + i, volumes, suffix, isPartial && isLast);
        }),
      ),
    ),
  );

/** Some of the files of a valid archive. */
const damagedArchive: fc.Arbitrary<Archive> = validArchive.chain(({ remote, local }) =>
  fc.record({ remote: fc.subarray([...remote]), local: fc.subarray([...local]) }),
);

/** Sets that no run would write: increments backwards, many on one parent, several codings of one volume, noise. */
const wildArchive: fc.Arbitrary<Archive> = fc
  .array(
    fc.record({
      start: fc.integer({ min: 0, max: 5 }),
      end: fc.integer({ min: 0, max: 5 }),
      volumes: fc.integer({ min: 0, max: 2 }),
      suffix,
      isPartial: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((sets) => together(sets.map((set) => fullOrInc(set.start, set.end, set.volumes, set.suffix, set.isPartial))))
  .chain(({ remote, local }) =>
    fc.record({
      remote: fc.subarray([...new Set([...remote, 'lost+found', 'duplicity-full.x.manifest'])]),
      local: fc.subarray([...new Set([...local, 'lockfile'])]),
    }),
  );

const anyArchive = fc.oneof(validArchive, damagedArchive, wildArchive);

const anyPlan: fc.Arbitrary<(collection: Collection) => RemovalPlan> = fc.oneof(
  fc.integer({ min: -1, max: 45 }).map((hours) => (c: Collection) => planRemoveOlderThan(c, at(hours))),
  fc.integer({ min: 1, max: 4 }).map((count) => (c: Collection) => planRemoveAllButNFull(c, count)),
  fc.integer({ min: 1, max: 4 }).map((count) => (c: Collection) => planRemoveIncsOfAllButNFull(c, count)),
);

describe('any listing', () => {
  test('is classified, reported and searched without an error', () => {
    fc.assert(
      fc.property(anyArchive, fc.integer({ min: -1, max: 45 }), (archive, hours) => {
        const collection = buildCollection(archive);
        collectionWarnings(collection);
        statusReport(statusOf(collection), { backendName: 'B', archiveDir: '/a' });
        setsFor(collection, at(hours));
        signaturesFor(collection, at(hours));
        expect(setsFor(collection, at(hours)).every(({ isPartial, isComplete }) => isComplete && !isPartial)).toBe(
          true,
        );
      }),
    );
  });

  test('is understood the same in any order', () => {
    fc.assert(
      fc.property(anyArchive, fc.infiniteStream(fc.nat()), ({ remote, local }, random) => {
        const shuffled = <T>(names: readonly T[]): T[] =>
          names
            .map((name) => ({ name, key: Number(random.next().value) }))
            .sort((a, b) => a.key - b.key)
            .map(({ name }) => name);
        expect(buildCollection({ remote: shuffled(remote), local: shuffled(local) })).toEqual(
          buildCollection({ remote, local }),
        );
      }),
    );
  });

  test('has every volume and every manifest in exactly one set', () => {
    fc.assert(
      fc.property(anyArchive, (archive) => {
        const collection = buildCollection(archive);
        const names = allSets(collection).flatMap((set) => [...volumeNames(set), ...set.manifests]);
        const expected = archive.remote.filter((name) => /\d+\.difftar|Z\.manifest/.test(name));
        expect(names.sort()).toEqual([...new Set(expected)].sort());
      }),
    );
  });
});

test('every set of an undamaged archive can be restored at its time', () => {
  fc.assert(
    fc.property(validArchive, (archive) => {
      const collection = buildCollection(archive);
      const finished = allSets(collection).filter(({ isPartial }) => !isPartial);
      for (const set of finished) expect(setsFor(collection, set.end).at(-1)).toEqual(set);
      expect(allSets(collection).filter(({ isPartial }) => isPartial)).toEqual(
        collection.partial === undefined ? [] : [collection.partial],
      );
      expect([...collection.orphaned, ...collection.incomplete]).toEqual([]);
      expect(collectionWarnings(collection)).toEqual([]);
    }),
  );
});

/** Increments on any set before, some of them dated after now. */
const NOW = 12;
const skewedArchive = fc
  .array(fc.record({ base: fc.nat(), time: fc.integer({ min: 1, max: 24 }), isFull: fc.nat(4) }), { maxLength: 12 })
  .map((runs) => {
    const sets = [{ start: 0, end: 0 }];
    for (const { base, time, isFull } of runs) {
      const start = isFull === 0 ? time : (sets[base % sets.length]?.end ?? 0);
      const isNew = !sets.some((set) => set.end === time && (set.start === start || start === time));
      if (isNew && start <= time) sets.push({ start, end: time });
    }
    return sets.filter((set, i) => sets.findIndex(({ start, end }) => start === set.start && end === set.end) === i);
  });
type Ends = { readonly start: number; readonly end: number };

/** All ways from a full, found one by one. */
function waysOf(sets: readonly Ends[], way: readonly Ends[]): readonly (readonly Ends[])[] {
  const tip = way.at(-1)?.end;
  const next = sets.filter(({ start, end }) => start === tip && end > start);
  return [way, ...next.flatMap((set) => waysOf(sets, [...way, set]))];
}

/** The best: of the most sets, then with the newest end, then whose sets begin latest, the last one first. */
function bestOf(ways: readonly (readonly Ends[])[]): readonly Ends[] {
  const key = (way: readonly Ends[]): readonly number[] => [way.length, ...way.map(({ end }) => end).toReversed()];
  return (
    ways.toSorted((a, b) => {
      const [of, to] = [key(a), key(b)];
      return to.map((n, i) => n - (of[i] ?? 0)).find((n) => n !== 0) ?? 0;
    })[0] ?? []
  );
}

describe('sets with several increments of one base and wrong clocks', () => {
  const build = (sets: readonly Ends[]): Collection =>
    buildCollection({ ...together(sets.map(({ start, end }) => fullOrInc(start, end, 1, '.gz'))), now: at(NOW) });

  test('have the chains that trying all ways gives, and signatures of the same sets', () => {
    const fullWhereAnIncrementEnds = [
      { start: 0, end: 0 },
      { start: 6, end: 6 },
      { start: 0, end: 6 },
      { start: 6, end: 7 },
    ];
    fc.assert(
      fc.property(skewedArchive, (sets) => {
        const collection = build(sets);
        for (const { chain, ways } of chainsOf(sets)) {
          const found = collection.chains.find(({ start }) => start === at(chain.end));
          const best = bestOf(ways.filter((way) => (way.at(-1)?.end ?? 0) <= NOW));
          expect(found?.sets.map(({ end }) => end)).toEqual(best.map(({ end }) => at(end)));
        }
        expect(keysOf(collection.active?.chain.sets ?? [])).toEqual(keysOf(collection.active?.signatures.files ?? []));
        for (let hour = 0; hour <= 24; hour++) {
          const restored = setsFor(collection, at(hour));
          expect(keysOf(signaturesFor(collection, at(hour))?.files ?? [])).toEqual(keysOf(restored));
          expect(restored.slice(1).every(({ start }, i) => start === restored[i]?.end)).toBe(true);
        }
      }),
      { examples: [[fullWhereAnIncrementEnds]] },
    );
  });

  test('can be restored each at its own time', () => {
    fc.assert(
      fc.property(skewedArchive, (sets) => {
        const collection = build(sets);
        for (const { end } of sets) expect(setsFor(collection, at(end)).at(-1)?.end).toBe(at(end));
      }),
    );
  });

  test('keep under any retention what the newest right restore needs', () => {
    fc.assert(
      fc.property(skewedArchive, anyPlan, (sets, plan) => {
        const archive = together(sets.map(({ start, end }) => fullOrInc(start, end, 1, '.gz')));
        const before = build(sets);
        const needed = setsFor(before, Infinity);
        expect(needed.every(({ end }) => end <= at(NOW))).toBe(true);
        const files = plan(before).steps.flatMap((step) => step.files);
        const after = buildCollection({ ...without(archive, files), now: at(NOW) });
        expect(keysOf(setsFor(after, Infinity))).toEqual(keysOf(needed));
        expect(keysOf(after.active?.chain.sets ?? [])).toEqual(keysOf(before.active?.chain.sets ?? []));
      }),
    );
  });
});

/** The fulls that are not after now, with all ways from each. An increment is of the oldest full that leads to it. */
function chainsOf(
  sets: readonly Ends[],
): readonly { readonly chain: Ends; readonly ways: readonly (readonly Ends[])[] }[] {
  const free = new Set(sets);
  const fulls = sets.filter(({ start, end }) => start === end).toSorted((a, b) => a.end - b.end);
  return fulls
    .map((chain) => {
      const ways = waysOf([...free], [chain]);
      for (const set of ways.flat()) free.delete(set);
      return { chain, ways };
    })
    .filter(({ chain }) => chain.end <= NOW);
}

describe('a retention plan', () => {
  test('names only files that exist, each once', () => {
    fc.assert(
      fc.property(anyArchive, anyPlan, (archive, plan) => {
        const files = plan(buildCollection(archive)).steps.flatMap((step) => step.files);
        expect(strangers(archive, files)).toEqual([]);
      }),
    );
  });

  test('leaves every set it does not delete restorable, wherever it is interrupted', () => {
    fc.assert(
      fc.property(anyArchive, anyPlan, fc.double({ min: 0, max: 1, noNaN: true }), (archive, plan, share) => {
        const before = buildCollection(archive);
        const files = plan(before).steps.flatMap((step) => step.files);
        const gone = files.slice(0, Math.round(files.length * share));
        const after = buildCollection(without(archive, gone));
        const touched = new Set(gone.filter(({ place }) => place === 'remote').map(({ name }) => name));
        const untouched = (set: BackupSet): boolean =>
          ![...volumeNames(set), ...set.manifests].some((name) => touched.has(name));
        const left = keysOf(restorable(after));
        for (const key of keysOf(restorable(before).filter(untouched))) expect(left).toContain(key);
        expect(left.length > 0).toBe(restorable(before).length > 0);
      }),
    );
  });

  test('never touches the chain that the next increment builds on, nor its signatures', () => {
    fc.assert(
      fc.property(anyArchive, anyPlan, (archive, plan) => {
        const before = buildCollection(archive);
        if (before.active === undefined) return;
        const files = plan(before).steps.flatMap((step) => step.files);
        const after = buildCollection(without(archive, files));
        expect(after.active?.chain.sets).toEqual(before.active.chain.sets);
        expect(after.active?.signatures).toEqual(before.active.signatures);
      }),
    );
  });
});

describe('a cleanup plan', () => {
  test('names only files that exist, each once', () => {
    fc.assert(
      fc.property(anyArchive, (archive) => {
        const plan = planCleanup(buildCollection(archive));
        expect(strangers(archive, [...plan.files, ...plan.copies, ...(plan.partial?.files ?? [])])).toEqual([]);
        expect([...plan.names].sort()).toEqual(plan.files.map(({ name }) => name).sort());
      }),
    );
  });

  test('takes nothing from a chain', () => {
    fc.assert(
      fc.property(anyArchive, (archive) => {
        const before = buildCollection(archive);
        const plan = planCleanup(before);
        const after = buildCollection(without(archive, [...plan.files, ...plan.copies]));
        const sets = ({ chains }: Collection): string[] =>
          keysOf(chains.flatMap(({ sets, discarded }) => (discarded === undefined ? sets : [...sets, discarded])));
        const taken = keysOf(before.incomplete);
        const stays = sets(before).filter((key) => !taken.includes(key));
        expect(sets(after)).toEqual(expect.arrayContaining(stays));
      }),
    );
  });
});

function restorable(collection: Collection): readonly BackupSet[] {
  return collection.chains.flatMap((chain) => [...restorableSets(chain), ...restorableBeside(chain)]);
}

function keysOf(sets: readonly Pick<BackupSet, 'type' | 'start' | 'end'>[]): string[] {
  return sets.map(({ type, start, end }) => `${type} ${start} ${end}`);
}

function without(archive: Archive, files: readonly Deletion[]): Archive {
  const gone = (where: Deletion['place']): Set<string> =>
    new Set(files.filter(({ place }) => place === where).map(({ name }) => name));
  const [remote, local] = [gone('remote'), gone('local')];
  return {
    remote: archive.remote.filter((name) => !remote.has(name)),
    local: archive.local.filter((name) => !local.has(name)),
  };
}

/** Files of a plan that the archive does not hold, or not any more. */
function strangers(archive: Archive, files: readonly Deletion[]): readonly Deletion[] {
  const there = new Set([
    ...archive.remote.map((name) => `remote ${name}`),
    ...archive.local.map((name) => `local ${name}`),
  ]);
  return files.filter(({ place, name }) => !there.delete(`${place} ${name}`));
}
