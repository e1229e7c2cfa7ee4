import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Event } from '../events/events.ts';
import { type ArchiveDir, openArchiveDir } from './archive-dir.ts';
import { reportSync, runSync } from './sync.ts';
import type { Copy, SyncPlan } from './sync-plan.ts';

let root: string;
let archiveDir: ArchiveDir;
let texts: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sync-test-'));
  archiveDir = openArchiveDir(root, 'n');
  texts = [];
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const emit = (event: Event): void => {
  if (event.kind === 'notice') texts.push(event.text);
};
const manifest = (n: number): Copy => ({ kind: 'manifest', name: `m${n}.manifest.gpg`, localName: `m${n}.manifest` });
const signatures = (n: number): Copy => ({ kind: 'signatures', name: `s${n}.sigtar`, localName: `s${n}.sigtar.gz` });
const planOf = (parts: Partial<SyncPlan>): SyncPlan => ({
  copies: [],
  extras: [],
  removals: [],
  staleParts: [],
  emptiesCache: false,
  ...parts,
});
const content = (name: string): Buffer => Buffer.from(`content of ${name}\n`.repeat(20_000));

async function* fetch({ name }: Copy): AsyncGenerator<Buffer> {
  const all = content(name);
  for (let at = 0; at < all.length; at += 65_536) yield all.subarray(at, at + 65_536);
}

function run(plan: SyncPlan, options: Partial<Parameters<typeof runSync>[1]> = {}): Promise<void> {
  return runSync(plan, { archiveDir, fetch, parallel: 3, emit, signal: new AbortController().signal, ...options });
}

test('nothing to do is said in the reference’s words', async () => {
  await run(planOf({}));
  expect(texts).toEqual(['Local and Remote metadata are synchronized, no sync needed.']);
});

test('copies arrive under their local names, for the owner alone', async () => {
  await run(planOf({ copies: [manifest(1), signatures(1), manifest(2)] }));
  expect(archiveDir.read('m1.manifest').equals(content('m1.manifest.gpg'))).toBe(true);
  expect(archiveDir.read('s1.sigtar.gz').equals(content('s1.sigtar'))).toBe(true);
  expect([...archiveDir.list()].sort()).toEqual(['m1.manifest', 'm2.manifest', 's1.sigtar.gz']);
  expect(statSync(archiveDir.pathOf('s1.sigtar.gz')).mode & 0o777).toBe(0o600);
});

test('what happens is told in the reference’s words, removals first', async () => {
  writeFileSync(archiveDir.pathOf('old.manifest'), '');
  writeFileSync(archiveDir.pathOf('x.manifest.part'), '');
  await run(planOf({ copies: [manifest(1)], removals: ['old.manifest'], staleParts: ['x.manifest.part'] }));
  expect(texts).toEqual([
    'Synchronizing remote metadata to local cache...',
    `Deleting local ${archiveDir.pathOf('old.manifest')} (not authoritative at backend).`,
    'Copying m1.manifest.gpg to local cache.',
  ]);
  expect(archiveDir.list()).toEqual(['m1.manifest']);
});

test('a dry run lists what it would do', () => {
  reportSync(planOf({ copies: [manifest(1), signatures(1)], removals: ['old.manifest'] }), emit);
  expect(texts).toEqual([
    'Sync would copy the following from remote to local:\nm1.manifest.gpg\ns1.sigtar',
    'Sync would remove the following spurious local files:\nold.manifest',
  ]);
  texts = [];
  reportSync(planOf({}), emit);
  expect(texts).toEqual([]);
});

test('several files are fetched at once, but no more than asked for', async () => {
  let running = 0;
  let most = 0;
  let open: () => void = () => {};
  const full = new Promise<void>((resolve) => {
    open = resolve;
  });
  async function* slow(): AsyncGenerator<Buffer> {
    running++;
    most = Math.max(most, running);
    if (running === 3) open();
    await full;
    yield Buffer.from('x');
    running--;
  }
  await run(planOf({ copies: [1, 2, 3, 4, 5, 6, 7].map(manifest) }), { fetch: slow, parallel: 3 });
  expect(most).toBe(3);
  expect(archiveDir.list()).toHaveLength(7);
});

test('one at a time is enough', async () => {
  await run(planOf({ copies: [1, 2, 3].map(signatures) }), { parallel: 1 });
  expect(archiveDir.list()).toHaveLength(3);
});

test.each(['manifest', 'signatures'])(
  'a failure while %s are fetched stops the others and leaves nothing half done',
  async (kind) => {
    let others = 0;
    async function* failing({ name }: Copy, signal: AbortSignal): AsyncGenerator<Buffer> {
      yield Buffer.from('first');
      if (name.includes('1')) throw new Error(`cannot decrypt ${name}`);
      others++;
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    }
    const copies = [1, 2, 3, 4, 5].map(kind === 'manifest' ? manifest : signatures);
    await expect(run(planOf({ copies }), { fetch: failing, parallel: 2 })).rejects.toThrow(/^cannot decrypt .1/);
    expect(others).toBeLessThan(3);
    expect(archiveDir.list()).toEqual([]);
  },
);

test('an abort from outside ends it with its own reason', async () => {
  const controller = new AbortController();
  async function* aborting(): AsyncGenerator<Buffer> {
    yield Buffer.from('first');
    controller.abort(new Error('interrupted'));
  }
  const run1 = run(planOf({ copies: [1, 2, 3].map(manifest) }), {
    fetch: aborting,
    parallel: 1,
    signal: controller.signal,
  });
  await expect(run1).rejects.toThrow('interrupted');
  expect(texts).toHaveLength(2);
});
