import { mkdirSync, renameSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { runCleanup, runRemove } from '../../src/cli/run/remove.ts';
import { runPrune } from '../../src/cli/run/prune.ts';
import { runSquash } from '../../src/cli/run/squash.ts';
import { runStatus } from '../../src/cli/run/status.ts';
import type { Settings } from '../../src/cli/settings.ts';
import type { Event } from '../../src/events/events.ts';
import { faultyBackend } from '../../src/testing/faulty-backend.ts';
import { lateBackend } from '../../src/testing/late-backend.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { runBackup } from '../../src/cli/run/backup.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, type Machine, machine, type Session } from '../support/in-process.ts';
import { put } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

// Nights of several actors on one store in memory. LEDGER_RUNS of the environment lengthens a run.
const RUNS = Number(process.env['LEDGER_RUNS'] ?? 4);
const TIMEOUT = { timeout: 60_000 + RUNS * 5000 };

const ACTORS = ['me', 'me', 'me', 'other', 'reference'] as const;
const MISHAPS = ['none', 'none', 'none', 'killed', 'lost', 'renamed', 'late'] as const;
const CHORES = ['none', 'none', 'remove', 'prune', 'squash', 'cleanup', 'status'] as const;

const night = fc.record({
  actor: fc.constantFrom(...ACTORS),
  isFull: fc.boolean(),
  mishap: fc.constantFrom(...MISHAPS),
  chore: fc.constantFrom(...CHORES),
  /** Which call of a run is the last that it makes. */
  death: fc.integer({ min: 1, max: 6 }),
  afterCall: fc.boolean(),
});
type Night = typeof night extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly me: Machine;
  readonly other: Machine;
  readonly backend: MemoryBackend;
  readonly warnings: string[];
  readonly settings: Partial<Settings>;
  /** Others have archive dirs of their own, which do not hear of removals unless the ledger is shared. */
  hasOthers: boolean;
}

function world(settings: Partial<Settings> = {}): World {
  const me = machine();
  const other = { ...me, archive: `${me.dir}/other` };
  return { me, other, backend: memoryBackend(), warnings: [], settings, hasOthers: false };
}

function alarmsIn(events: readonly Event[]): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'warning' && event.text.includes('not as it was left') ? [event.text] : [],
  );
}

async function doing(
  { warnings, settings }: World,
  on: Machine,
  backend: Backend,
  k: number,
  options: Partial<Settings>,
  run: (session: Session) => Promise<number>,
): Promise<void> {
  warnings.push(...alarmsIn(await act(on, backend, k, { ...settings, ...options, force: true }, run)));
}

const backUp = (w: World, on: Machine, backend: Backend, k: number, options: Partial<Settings> = {}, isNoted = true) =>
  doing(w, on, backend, k, { volsize: 64 * 1024, ...options }, (session) => {
    const request = { action: 'backup', source: bytePath(on.source), url: session.url } as const;
    const fit = isNoted ? session : { ...session, backend, ledger: undefined };
    return runBackup(fit, session.settings, request);
  });

async function chore(w: World, on: Machine, backend: Backend, k: number, what: Night['chore']): Promise<void> {
  const [from, to] = [timeOfSet(k - 4), timeOfSet(k - 1)];
  switch (what) {
    case 'none':
      return;
    case 'remove':
      return doing(w, on, backend, k, {}, (session) =>
        runRemove(session, session.settings, { action: 'remove-all-but-n-full', count: 2, url: session.url }),
      );
    case 'prune':
      return doing(w, on, backend, k, { keepLast: 3, keepDaily: 4 }, (session) => runPrune(session, session.settings));
    case 'squash':
      return doing(w, on, backend, k, { from, to }, (session) => runSquash(session, session.settings)).catch(
        () => undefined,
      );
    case 'cleanup':
      return doing(w, on, backend, k, {}, (session) => runCleanup(session, session.settings));
    case 'status':
      return doing(w, on, backend, k, {}, (session) => runStatus(session, session.settings));
  }
}

class Killed extends Error {}

/** Dies at one of its calls: what follows is not done any more. */
function dying(backend: Backend, { death, afterCall }: Night): Backend {
  const when = afterCall ? 'after' : 'before';
  const rule = {
    calls: [death, ...Array.from({ length: 40 }, (_, i) => death + 1 + i)],
    when,
    error: () => new Killed(),
  } as const;
  return faultyBackend(backend, [
    { kind: 'put', ...rule },
    { kind: 'delete', ...rule },
  ]);
}

async function pass(w: World, k: number, what: Night): Promise<void> {
  const { me, other, backend } = w;
  put(me.source, { note: `night ${k}`, [`dir/file${k % 5}`]: Buffer.alloc(90_000, k) }, timeOfSet(k - 1));
  const on = what.actor === 'other' ? other : me;
  w.hasOthers ||= on === other;
  const fullOptions = what.isFull ? { fullIfOlderThan: timeOfSet(k) } : {};
  if (what.mishap === 'lost') rmSync(me.archive, { recursive: true, force: true });
  if (what.mishap === 'renamed') {
    // From one `--name` to the other, and back the next time.
    const names = [me.archive, `${me.dir}/renamed`, `${me.dir}/swapped`] as const;
    for (const name of names) mkdirSync(name, { recursive: true });
    rmSync(names[2], { recursive: true });
    for (const [from, to] of [
      [0, 2],
      [1, 0],
      [2, 1],
    ] as const)
      renameSync(names[from], names[to]);
    w.hasOthers = true;
  }
  if (what.mishap === 'killed') {
    const last = dying(backend, what);
    await backUp(w, on, last, k, fullOptions).catch(unlessKilled);
    if (!w.hasOthers || w.settings.ledger === true)
      await chore(w, on, dying(backend, what), k, what.chore).catch(unlessKilled);
  } else if (what.mishap === 'late') {
    const behind = await lateBackend(backend);
    const seen = { ...behind, list: backend.list.bind(backend) };
    // The listing that the next run gets is still that of before.
    await backUp(w, on, seen, k, fullOptions);
    await chore(w, on, behind, k, 'status');
  } else {
    await backUp(w, on, backend, k, fullOptions, what.actor !== 'reference');
    // Whoever has another archive dir tells of removals where the ledger is shared.
    const mayRemove = !w.hasOthers || w.settings.ledger === true;
    if (mayRemove && what.mishap === 'none') await chore(w, on, backend, k, what.chore);
  }
}

function unlessKilled(error: unknown): void {
  if (!(error instanceof Killed)) throw error;
}

describe('nights of several machines, of the reference, with deaths, lost and new archive dirs raise no alarm', () => {
  test.each([
    ['each with its own ledger', {}],
    ['with a ledger on the store, where others remove too', { ledger: true }],
  ])('%s', TIMEOUT, async (_, settings) => {
    const nights = fc.array(night, { minLength: 6, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(nights, async (all) => {
        const w = world(settings);
        for (const [k, what] of all.entries()) {
          await pass(w, k, what);
          expect(w.warnings).toEqual([]);
        }
        await chore(w, w.me, w.backend, all.length, 'status');
        await chore(w, w.other, w.backend, all.length, 'status');
        expect(w.warnings).toEqual([]);
        rmSync(w.me.dir, { recursive: true, force: true });
      }),
      { numRuns: RUNS },
    );
  });
});

const namesOf = ({ files }: MemoryBackend, part: string): string[] =>
  [...files.keys()].filter((name) => name.includes(part)).toSorted((a, b) => endOf(a).localeCompare(endOf(b)));

const endOf = (name: string): string => /(?:full|signatures|to)\.(\w+Z)\.(?:manifest|sigtar|vol)/.exec(name)?.[1] ?? '';

/** What somebody does to a store, given what it held some nights ago. */
const ROLLBACKS = {
  'the whole store copied back from last week': ({ files }: MemoryBackend, before: ReadonlyMap<string, Buffer>) => {
    files.clear();
    for (const [name, bytes] of before) files.set(name, bytes);
  },
  'the newest set deleted': (backend: MemoryBackend) => {
    const newest = endOf(namesOf(backend, '.manifest').at(-1) ?? '');
    for (const name of backend.files.keys()) if (endOf(name) === newest) backend.files.delete(name);
  },
  'the manifest of the newest set deleted': (backend: MemoryBackend) => {
    backend.files.delete(namesOf(backend, '.manifest').at(-1) ?? '');
  },
  'a manifest replaced by an older one of the same name': (backend: MemoryBackend) => {
    const name = namesOf(backend, '.manifest').at(-1) ?? '';
    const text = backend.files.get(name)?.toString('latin1') ?? '';
    backend.files.set(name, Buffer.from(text.replace(/^Volume 1:/m, '  \nVolume 1:'), 'latin1'));
  },
  'signatures swapped': (backend: MemoryBackend) => {
    const [a = '', b = ''] = namesOf(backend, 'sigtar').slice(-2);
    const [first, second] = [backend.files.get(a), backend.files.get(b)];
    if (first !== undefined && second !== undefined) backend.files.set(a, second).set(b, first);
  },
  'all of it deleted': ({ files }: MemoryBackend) => files.clear(),
} as const;

/** Nights, and what the store held before the last of them. */
async function livedThrough(w: World, all: readonly Night[]): Promise<ReadonlyMap<string, Buffer>> {
  for (const [k, what] of all.entries()) await pass(w, k, { ...what, mishap: 'none', chore: 'none' });
  await backUp(w, w.me, w.backend, all.length);
  const before = new Map(w.backend.files);
  for (const k of [all.length + 1, all.length + 2]) {
    put(w.me.source, { [`late${k}`]: Buffer.alloc(10_000 + 997 * k, k) }, timeOfSet(k - 1));
    await backUp(w, w.me, w.backend, k);
  }
  expect(w.warnings).toEqual([]);
  return before;
}

describe.each(Object.entries(ROLLBACKS))('%s', (_, turnBack) => {
  test(
    'is one warning, with --strict the end before anything is written, and --forget-missing ends it',
    TIMEOUT,
    async () => {
      const nights = fc.array(night, { minLength: 1, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(nights, async (all) => {
          const w = world();
          const before = await livedThrough(w, all);
          turnBack(w.backend, before);
          const left = new Map(w.backend.files);
          const k = all.length + 3;
          await expect(backUp(w, w.me, w.backend, k, { strict: true })).rejects.toMatchObject({
            code: 'TURNED_BACK',
            exitCode: 105,
          });
          expect(w.backend.files).toEqual(left);
          await backUp(w, w.me, w.backend, k);
          expect(w.warnings).toHaveLength(1);
          w.warnings.length = 0;
          await backUp(w, w.me, w.backend, k + 1, { forgetMissing: true });
          await backUp(w, w.me, w.backend, k + 2, { strict: true });
          expect(w.warnings).toEqual([]);
          rmSync(w.me.dir, { recursive: true, force: true });
        }),
        { numRuns: Math.ceil(RUNS / 8) },
      );
    },
  );
});
