import {
  chmodSync,
  lutimesSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { CannotCopyError } from '../../src/errors/errors.ts';
import { runRestore } from '../../src/cli/run/restore.ts';
import type { Settings } from '../../src/cli/settings.ts';
import type { Event } from '../../src/events/events.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import { noise, put, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const VOLUME = 256 * 1024;
const SETTINGS: Partial<Settings> = { volsize: VOLUME, noCompression: true, reuseVolumes: 'auto' };

let on: Machine;
let place: MemoryBackend;
/** Names that were copied, and the names of the copies. */
let copies: string[];

beforeEach(async () => {
  on = machine();
  place = memoryBackend();
  copies = [];
  const copy = place.copy?.bind(place);
  place.copy = async (from, to, call) => {
    copies.push(to);
    await copy?.(from, to, call);
  };
  const files = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((dir, i) =>
    [0, 1, 2, 3].map((n): [string, Buffer] => [`${dir}/${n}`, noise(60_000, 10 * i + n + 1)]),
  );
  put(on.source, { ...Object.fromEntries(files), 'g/long': noise(900_000, 99), 'h/last': noise(150_000, 98) });
  await full(0);
});

/** Backs up as full set `k`. Gives what was said. */
async function full(k: number, more: Partial<Settings> = {}): Promise<string> {
  const said = await backUp(on, place, k, { ...SETTINGS, fullIfOlderThan: timeOfSet(k), ...more });
  return (said as readonly Event[]).map((event) => ('text' in event ? String(event.text) : '')).join('\n');
}

async function restored(): Promise<ReturnType<typeof treeOf>> {
  const target = `${on.dir}/out`;
  await act(on, place, 999, {}, (session) => runRestore(session, session.settings, { target: bytePath(target) }));
  const tree = treeOf(target);
  rmSync(target, { recursive: true });
  return tree;
}

function volumesOf(k: number): readonly string[] {
  const time = new Date(timeOfSet(k) * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return [...place.files.keys()].filter((name) => name.startsWith(`duplicity-full.${time}.vol`));
}

/** Dated like everything here, so that directories above do not change. */
function date(path: string, time = timeOfSet(-1)): void {
  utimesSync(`${on.source}/${path}`, time, time);
}

const count = (text: string): number => Number(/(\d+) volumes? .* reused; /.exec(text)?.[1]);

describe('of an unchanged tree', () => {
  test('all volumes are copied, nothing is read and little is sent', async () => {
    const said = await full(1);
    expect(volumesOf(1)).toHaveLength(volumesOf(0).length);
    expect(copies.toSorted()).toEqual(volumesOf(1).toSorted());
    expect(said).toMatch(/ reused; 0 bytes of the source read, \d{1,5} bytes sent\.$/m);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('nothing is copied with --reuse-volumes=never', async () => {
    expect(await full(1, { reuseVolumes: 'never' })).not.toContain('reused');
    expect(copies).toEqual([]);
  });

  test('a dry run tells the plan and does nothing', async () => {
    const before = [...place.files.keys()];
    writeFileSync(`${on.source}/c/1`, noise(70_000, 5));
    const said = await full(1, { dryRun: true });
    expect(said).toMatch(/^\d+ volumes \(\d+ bytes\) of the full backup of .* can be reused\.$/m);
    expect(said).toMatch(/^Stored anew: 1 with changes/m);
    expect(said).toMatch(/^About \d+ bytes of the source to read, \d+ bytes to send\.$/m);
    expect([...place.files.keys()]).toEqual(before);
  });

  test('a later increment finds what changed meanwhile, in volumes that were copied', async () => {
    let isFirst = true;
    const copy = place.copy?.bind(place);
    place.copy = async (from, to, call) => {
      if (isFirst) put(on.source, { 'b/1': 'changed while the backup runs', 'c/new': 'and new' }, timeOfSet(1) + 5);
      isFirst = false;
      await copy?.(from, to, call);
    };
    const before = treeOf(on.source);
    await full(1);
    // What was taken over of the range is as it was; nothing is mixed.
    const after = treeOf(on.source);
    for (const entry of await restored()) expect([...before, ...after]).toContainEqual(entry);
    await backUp(on, place, 2, SETTINGS);
    expect(await restored()).toEqual(after);
  });
});

describe('a volume is made anew', () => {
  test.each([
    ['a file in it has changed', () => put(on.source, { 'c/1': noise(70_000, 7) }, timeOfSet(0))],
    ['a file in it is gone', () => (rmSync(`${on.source}/d/2`), date('d'))],
    ['a new file belongs into it', () => (writeFileSync(`${on.source}/c/1a`, 'new'), date('c/1a'), date('c'))],
    ['a directory in it has another mode', () => chmodSync(`${on.source}/e`, 0o700)],
    ['a file became a link', () => (rmSync(`${on.source}/b/3`), symlinkSync('x', `${on.source}/b/3`), date('b'))],
    ['a file of several volumes has changed', () => put(on.source, { 'g/long': noise(910_000, 97) }, timeOfSet(0))],
  ] as const)('when %s', async (_what, change) => {
    change();
    const said = await full(1);
    expect(count(said)).toBeGreaterThan(1);
    expect(copies.length).toBeLessThan(volumesOf(0).length);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('when a path of it is no longer selected', async () => {
    const excluded = { kind: 'glob', sense: 'exclude', pattern: `${on.source}/c/2` } as never;
    await full(1, { selection: [excluded] });
    expect(copies.length).toBeGreaterThan(1);
    expect(copies.length).toBeLessThan(volumesOf(0).length);
    const paths = (await restored()).map(({ path }) => path);
    expect(paths).toEqual(treeOf(on.source).flatMap(({ path }) => (path === 'c/2' ? [] : [path])));
  });

  test('when it is not there any more', async () => {
    const [first = '', second = ''] = volumesOf(0);
    place.files.delete(second);
    await full(1);
    expect(count(await full(2))).toBeGreaterThan(1);
    place.files.delete(first);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('when an increment has changed it and the change has been taken back in silence', async () => {
    put(on.source, { 'c/1': noise(60_000, 77) }, timeOfSet(0));
    await backUp(on, place, 1, SETTINGS);
    put(on.source, { 'c/1': noise(60_000, 78) }, timeOfSet(-1));
    date('.');
    await full(2);
    expect(copies.length).toBeGreaterThan(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('when an increment has deleted something in it', async () => {
    rmSync(`${on.source}/b/1`);
    date('b');
    await backUp(on, place, 1, SETTINGS);
    expect(count(await full(2))).toBeGreaterThan(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('when it is too old, by the ledger where there is one', async () => {
    await full(100);
    expect(copies.length).toBeGreaterThan(1);
    copies = [];
    expect(await full(200)).not.toContain(' reused; ');
    expect(copies).toEqual([]);
    await full(300);
    expect(copies.length).toBeGreaterThan(1);
    copies = [];
    rmSync(`${on.archive}/ledger.jsonl`);
    await full(400);
    expect(copies.length).toBeGreaterThan(1);
  });
});

describe('what lies between volumes', () => {
  test('gets a volume of its own', async () => {
    // Before everything that the root holds, and behind it.
    writeFileSync(`${on.source}/zz`, 'new');
    date('zz');
    date('.');
    await full(1);
    expect(copies.length).toBeGreaterThan(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });
});

describe('a file of several volumes', () => {
  test('is read in part where only some of them are made anew', async () => {
    put(on.source, { 'h/last': noise(150_000, 55) }, timeOfSet(0));
    const said = await full(1);
    const [, read = ''] = /; (\d+) bytes of the source read/.exec(said) ?? [];
    expect(Number(read)).toBeLessThan(600_000);
    expect(count(said)).toBeGreaterThan(3);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('that changes meanwhile is stored whole', async () => {
    put(on.source, { 'h/last': noise(150_000, 55) }, timeOfSet(0));
    let isFirst = true;
    const copy = place.copy?.bind(place);
    place.copy = async (from, to, call) => {
      if (isFirst) put(on.source, { 'g/long': noise(900_000, 44) }, timeOfSet(0) + 7);
      isFirst = false;
      await copy?.(from, to, call);
    };
    const before = treeOf(on.source);
    await full(1);
    const known = [...before, ...treeOf(on.source)];
    for (const entry of await restored()) expect(known).toContainEqual(entry);
  });
});

describe('another volume size', () => {
  test.each([VOLUME / 2, VOLUME * 4])('of %i takes volumes of any size over', async (volsize) => {
    put(on.source, { 'c/1': noise(70_000, 7) }, timeOfSet(0));
    await full(1, { volsize });
    expect(copies.length).toBeGreaterThan(0);
    expect(await restored()).toEqual(treeOf(on.source));
  });
});

describe('the last full backup', () => {
  test('is found out about without an archive dir, where it is not encrypted', async () => {
    rmSync(on.archive, { recursive: true });
    expect(count(await full(1))).toBeGreaterThan(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test.each(['manifest', 'sigtar'])('is not in the way of a new one when its %s is damaged', async (kind) => {
    rmSync(on.archive, { recursive: true });
    for (const name of place.files.keys()) if (name.includes(kind)) place.files.set(name, noise(500, 4));
    expect(await full(1)).toMatch(/ are not reused: /);
    expect(copies).toEqual([]);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('is not in the way when its signatures end in the middle', async () => {
    const cut = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);
    for (const [name, bytes] of place.files) if (name.includes('sigtar')) place.files.set(name, cut(bytes));
    for (const name of readdirSync(on.archive)) {
      if (name.includes('sigtar')) truncateSync(`${on.archive}/${name}`, statSync(`${on.archive}/${name}`).size >> 1);
    }
    await full(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('is not reused when the store cannot copy, and a sentence says so', async () => {
    place.copy = undefined as never;
    delete (place as { copy?: unknown }).copy;
    expect(await full(1)).toMatch(/^Volumes of the full backup of .* are not reused: .* cannot be copied in place\.$/m);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('is stored anew when the store turns out not to copy, and that is said once', async () => {
    place.copy = () => Promise.reject(new CannotCopyError('Copies are for others.', { isForGood: true }));
    const said = await full(1);
    expect(said.match(/The storage does not copy: Copies are for others\./g)).toHaveLength(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });

  test('of other encoding is not reused', async () => {
    expect(await full(1, { noCompression: false })).toMatch(/ are not reused: none of them is there in the way/);
    expect(copies).toEqual([]);
  });

  test('of a single small volume is taken over whole, or not at all', async () => {
    rmSync(on.source, { recursive: true });
    put(on.source, { a: 'one', b: 'two' });
    await full(1, { reuseVolumes: 'never' });
    await full(2);
    expect(copies).toHaveLength(1);
    lutimesSync(`${on.source}/b`, timeOfSet(1), timeOfSet(1));
    await full(3);
    expect(copies).toHaveLength(1);
    expect(await restored()).toEqual(treeOf(on.source));
  });
});
