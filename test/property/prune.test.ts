import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allSets, buildCollection, type Collection } from '../../src/collections/collection.ts';
import { type Deletion, planCleanup } from '../../src/collections/deletion.ts';
import { setsFor } from '../../src/collections/lookup.ts';
import { filesBySet } from '../../src/collections/prune/files-of-set.ts';
import { planPrune, type PrunePlan } from '../../src/collections/prune/plan.ts';
import { keepsSomething, type Policy, reasonsFor } from '../../src/collections/prune/policy.ts';
import { type SetId, idOf } from '../../src/collections/sets.ts';
import { formatStamp } from '../../src/util/time.ts';

// Chosen by names alone. That what stays is restored by both programs: test/interop/prune.test.ts.

// `PRUNE=all` tries many more.
const isLong = process.env['PRUNE'] === 'all';
const RUNS = isLong ? { numRuns: 3000 } : { numRuns: 60 };

interface Archive {
  readonly remote: readonly string[];
  readonly local: readonly string[];
}

const HOUR = 3600;
const at = (hours: number): number => 1_700_000_000 + hours * HOUR;

function filesOf(start: number, end: number): string[] {
  const isFull = start === end;
  const stem = isFull ? formatStamp(at(end)) : `${formatStamp(at(start))}.to.${formatStamp(at(end))}`;
  const kind = isFull ? 'full' : 'inc';
  const volume = (n: number): string => `duplicity-${kind}.${stem}.vol${n}.difftar.gz`;
  return [
    volume(1),
    volume(2),
    `duplicity-${kind}.${stem}.manifest`,
    `duplicity-${isFull ? 'full' : 'new'}-signatures.${stem}.sigtar.gz`,
  ];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function archiveOf(spans: readonly Span[]): Archive {
  const remote = [...new Set(spans.flatMap(({ start, end }) => filesOf(start, end)))];
  return { remote, local: remote.filter((name) => !name.includes('difftar')) };
}

/** Runs of one host: each full or an increment on the one before. */
const history: fc.Arbitrary<readonly Span[]> = fc
  .array(
    fc.record({ gap: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 900 })), isFull: fc.nat(3) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map((runs) => {
    const spans: Span[] = [];
    for (const { gap, isFull } of runs) {
      const before = spans.at(-1)?.end ?? 0;
      const end = before + gap;
      spans.push({ start: isFull === 0 || spans.length === 0 ? end : before, end });
    }
    return spans;
  });

/** Increments on any set, of several hosts, and some files gone. */
const wildArchive: fc.Arbitrary<Archive> = fc
  .array(fc.record({ base: fc.nat(), time: fc.integer({ min: 1, max: 400 }), isFull: fc.nat(3) }), { maxLength: 14 })
  .map((runs) => {
    const spans: Span[] = [{ start: 0, end: 0 }];
    for (const { base, time, isFull } of runs) {
      const start = isFull === 0 ? time : (spans[base % spans.length]?.end ?? 0);
      if (start <= time) spans.push({ start, end: time });
    }
    return archiveOf(spans);
  })
  .chain(({ remote, local }) =>
    fc.record({ gone: fc.subarray([...remote], { maxLength: 2 }), local: fc.subarray([...local]) }).map((change) => ({
      remote: remote.filter((name) => !change.gone.includes(name)),
      local: change.local,
    })),
  );

const anyArchive = fc.oneof(history.map(archiveOf), wildArchive);
const NOW = 350;

const count = fc.integer({ min: 0, max: 5 });
const policy: fc.Arbitrary<Policy> = fc
  .record(
    {
      last: count,
      within: fc.integer({ min: 0, max: 2000 }).map((hours) => hours * HOUR),
      hourly: count,
      daily: count,
      weekly: count,
      monthly: count,
      yearly: count,
    },
    { requiredKeys: [] },
  )
  .filter(keepsSomething);

const collect = (archive: Archive, now = at(NOW)): Collection => buildCollection({ ...archive, now });

function deletions(collection: Collection, plan: PrunePlan): readonly Deletion[] {
  const files = filesBySet(collection);
  return plan.removed.flatMap((set) => files(set));
}

function without({ remote, local }: Archive, files: readonly Deletion[]): Archive {
  const gone = new Set(files.map(({ place, name }) => `${place} ${name}`));
  return {
    remote: remote.filter((name) => !gone.has(`remote ${name}`)),
    local: local.filter((name) => !gone.has(`local ${name}`)),
  };
}

const key = ({ type, start, end }: SetId): string => `${type} ${start} ${end}`;
const wayTo = (collection: Collection, time: number): string[] => setsFor(collection, time).map(key);
const staying = ({ sets }: PrunePlan): readonly SetId[] =>
  sets.filter(({ fate }) => fate.kind !== 'removed').map(({ set }) => idOf(set));

describe('whatever is there and whatever the policy', () => {
  test('what a rule takes is restored as before, by the same sets, and so is the newest state', () => {
    fc.assert(
      fc.property(anyArchive, policy, (archive, policy) => {
        const before = collect(archive);
        const plan = planPrune(before, policy);
        const after = collect(without(archive, deletions(before, plan)));
        const wanted = plan.sets
          .filter(({ fate }) => fate.kind === 'wanted')
          .map(({ set }) => ({ set, way: wayTo(before, set.end) }))
          // Of two sets of one second another one may be it.
          .filter(({ set, way }) => way.at(-1) === key(set));
        for (const { set, way } of wanted) expect(wayTo(after, set.end)).toEqual(way);
        expect(wayTo(after, Infinity)).toEqual(wayTo(before, Infinity));
        expect(after.active?.chain.sets.map(key)).toEqual(before.active?.chain.sets.map(key));
        expect(after.active?.signatures).toEqual(before.active?.signatures);
      }),
      RUNS,
    );
  });

  test('what goes is what was announced, with all its files and no other', () => {
    fc.assert(
      fc.property(anyArchive, policy, (archive, policy) => {
        const before = collect(archive);
        const plan = planPrune(before, policy);
        expect(plan.sets.map(({ set }) => set)).toEqual(expect.arrayContaining([...allSets(before)]));
        const after = collect(without(archive, deletions(before, plan)));
        expect(allSets(after).map(key).toSorted()).toEqual(staying(plan).map(key).toSorted());
        const names = plan.removed.flatMap((set) => filesOf((set.start - at(0)) / HOUR, (set.end - at(0)) / HOUR));
        expect(new Set(deletions(before, plan).map(({ name }) => name))).toEqual(
          new Set(names.filter((name) => [...archive.remote, ...archive.local].includes(name))),
        );
      }),
      RUNS,
    );
  });

  test('a second time nothing goes', () => {
    fc.assert(
      fc.property(history, policy, (spans, policy) => {
        const archive = archiveOf(spans);
        const before = collect(archive, Infinity);
        const after = collect(without(archive, deletions(before, planPrune(before, policy))), Infinity);
        expect(planPrune(after, policy).removed.map(key)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('killed anywhere it leaves whole sets and what cleanup takes, and goes on to the same end', () => {
    fc.assert(
      fc.property(history, policy, fc.nat(), (spans, policy, place) => {
        const archive = archiveOf(spans);
        const before = collect(archive, Infinity);
        const plan = planPrune(before, policy);
        const files = deletions(before, plan);
        const left = without(archive, files.slice(0, place % (files.length + 1)));
        const after = collect(left, Infinity);
        const { files: taken, copies, signatures } = planCleanup(after);
        const clean = without(left, [...signatures, ...taken, ...copies]);
        const whole = new Set(after.chains.flatMap(({ sets }) => sets.map(key)));
        const known = spans.filter(({ start, end }) =>
          whole.has(key({ type: start === end ? 'full' : 'inc', start: at(start), end: at(end) })),
        );
        expect(clean.remote.toSorted()).toEqual(archiveOf(known).remote.toSorted());
        for (const { end } of staying(plan)) expect(wayTo(after, end)).toEqual(wayTo(before, end));
        const rest = collect(clean, Infinity);
        const end = without(clean, deletions(rest, planPrune(rest, policy)));
        const wanted = without(archive, files);
        expect(end.remote.toSorted()).toEqual(wanted.remote.toSorted());
      }),
      RUNS,
    );
  });

  test('the rules take what grouping by the calendar gives', () => {
    fc.assert(
      fc.property(history, policy, (spans, policy) => {
        const times = spans.map(({ end }) => at(end));
        const taken = reasonsFor(policy, times).map((reasons) => reasons.length > 0);
        expect(taken).toEqual(times.map((time) => isTaken(policy, times, time)));
      }),
      RUNS,
    );
  });
});

/** In UTC, the zone of the tests, by groups of texts. */
function isTaken(policy: Policy, times: readonly number[], time: number): boolean {
  const iso = (at: number): string => new Date(at * 1000).toISOString();
  const monday = (at: number): string => iso(at - ((new Date(at * 1000).getUTCDay() + 6) % 7) * 86_400).slice(0, 10);
  const groups: Readonly<Record<string, (at: number) => string>> = {
    hourly: (at) => iso(at).slice(0, 13),
    daily: (at) => iso(at).slice(0, 10),
    weekly: monday,
    monthly: (at) => iso(at).slice(0, 7),
    yearly: (at) => iso(at).slice(0, 4),
  };
  const byRule = Object.entries(groups).some(([rule, group]) => {
    const most = policy[rule as keyof Policy] ?? 0;
    const newest = new Map(times.map((at) => [group(at), at]));
    const kept = [...newest.values()].slice(-most);
    const oldest = most > newest.size ? times.slice(0, 1) : [];
    return most > 0 && [...kept, ...oldest].includes(time);
  });
  const isLast = (policy.last ?? 0) > 0 && times.slice(-(policy.last ?? 0)).includes(time);
  const isWithin = (policy.within ?? 0) > 0 && (times.at(-1) ?? 0) - time <= (policy.within ?? 0);
  return byRule || isLast || isWithin;
}

// `prune` after every backup, at the pace that was foretold.
test('a set goes when it was said', () => {
  const small = fc.record({
    pace: fc.constantFrom(1, 5, 24, 30, 170),
    increments: fc.integer({ min: 0, max: 6 }),
    chains: fc.integer({ min: 2, max: 3 }),
    policy: fc
      .record({ last: count, hourly: count, daily: count, weekly: fc.nat(2), monthly: fc.nat(1) }, { requiredKeys: [] })
      .filter(keepsSomething),
  });
  fc.assert(
    fc.property(small, ({ pace, increments, chains, policy }) => {
      const spanAt = (i: number): Span => {
        const end = i * pace;
        return { start: i % (increments + 1) === 0 ? end : end - pace, end };
      };
      const first = chains * (increments + 1);
      let spans = Array.from({ length: first }, (_, i) => spanAt(i));
      const foretold = planPrune(collect(archiveOf(spans), Infinity), policy);
      const until = new Map(foretold.sets.map(({ set, until }) => [set.end, until]));
      const last = at((first + 199) * pace);
      const removedAt = new Map<number, number>();
      for (let i = first - 1; i < first + 200; i++) {
        if (i >= first) spans.push(spanAt(i));
        const plan = planPrune(collect(archiveOf(spans), Infinity), policy);
        for (const { end } of plan.removed) {
          removedAt.set(end, at(i * pace));
          spans = spans.filter((span) => at(span.end) !== end);
        }
      }
      for (const { set, fate } of foretold.sets) {
        if (fate.kind === 'removed') continue;
        const date = until.get(set.end);
        const isSeen = date !== undefined && date <= last;
        expect([set.end, removedAt.get(set.end)]).toEqual([set.end, isSeen ? date : undefined]);
      }
    }),
    isLong ? { numRuns: 200 } : { numRuns: 6 },
  );
});
