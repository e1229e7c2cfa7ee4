import { cpSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { observe } from '../support/observe.ts';
import { duplicity, good, names, noise, PLAIN, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

/**
 * Two chains of a full and two increments: sets 0 to 2 and 3 to 5. A full has two volumes, of which the second holds the
 * end of `big` and `small`. Files are named here by kind and set: `m3` is the manifest of set 3, `s3` its signatures,
 * `v3.2` its second volume.
 */
const SETS = 6;
let made: string;
let store: string;
let dir: string;

beforeAll(async () => {
  made = tempDir();
  for (let k = 0; k < SETS; k++) {
    put(
      `${made}/source`,
      k === 0 ? { big: noise(1_300_000), small: 'set 0' } : { small: `set ${k}` },
      timeOfSet(k - 1),
    );
    const kind = k % 3 === 0 ? 'full' : 'incremental';
    const at = ['--current-time', String(timeOfSet(k))];
    await good([kind, ...at, '--volsize', '1', ...archive(made), `${made}/source`, `file://${made}/store`]);
  }
});

beforeEach(() => {
  dir = tempDir();
  store = `${dir}/store`;
  for (const part of ['source', 'store', 'archive']) {
    cpSync(`${made}/${part}`, `${dir}/${part}`, { recursive: true, preserveTimestamps: true });
  }
  utimesSync(`${dir}/source`, timeOfSet(SETS - 2), timeOfSet(SETS - 2));
});

const archive = (place: string): readonly string[] => ['--archive-dir', `${place}/archive`, '--name', 'n'];

function known(name: string): string | undefined {
  const [, end = ''] = /(\d{8}T\d{6}Z)\.(?:vol\d+\.difftar|manifest|sigtar)/.exec(name) ?? [];
  const set = Array.from({ length: SETS }, (_none, k) => k).find((k) => end === stampOf(k));
  if (set === undefined) return undefined;
  if (name.includes('.manifest')) return `m${set}`;
  if (name.includes('.sigtar')) return `s${set}`;
  return `v${set}.${/\.vol(\d+)\./.exec(name)?.[1]}`;
}

function stampOf(k: number): string {
  return new Date(timeOfSet(k) * 1000).toISOString().replace(/[-:]|\.000/g, '');
}

/** The rest of the store is what nobody needs: it gets worthless. */
function damage(needed: readonly string[], how: 'garbage' | 'empty'): void {
  for (const name of names(store)) {
    const short = known(name);
    if (short === undefined || needed.includes(short)) continue;
    const length = how === 'empty' ? 0 : statSync(`${store}/${name}`).size;
    writeFileSync(`${store}/${name}`, noise(length, 99));
  }
}

/** What of the store an action opens. */
async function read(args: readonly string[], caches = `${dir}/none`): Promise<readonly string[]> {
  const words = args.map((word) => word.replaceAll('DIR', dir));
  const options = ['--archive-dir', caches, '--name', 'n', '--allow-source-mismatch', '--volsize', '1'];
  const { opened } = await observe([...words, ...PLAIN, ...options]);
  const inside = opened.filter((path) => path.startsWith(`${store}/`)).map((path) => known(path));
  return [...new Set(inside)].filter((name) => name !== undefined).toSorted();
}

const URL = 'file://DIR/store';
const time = (k: number): readonly string[] => ['--time', String(timeOfSet(k))];
const later = ['--current-time', String(timeOfSet(SETS))];
const volumes = (...sets: readonly number[]): readonly string[] =>
  sets.flatMap((k) => (k % 3 === 0 ? [`v${k}.1`, `v${k}.2`] : [`v${k}.1`]));
const of = (kind: 'm' | 's', ...sets: readonly number[]): readonly string[] => sets.map((k) => `${kind}${k}`);
const ANEW = ['--reuse-volumes', 'never'];
const ALL = Array.from({ length: SETS }, (_none, k) => k);

interface Row {
  readonly action: string;
  readonly args: readonly string[];
  readonly reads: readonly string[];
  /** Must be there, but is not read. */
  readonly present?: readonly string[];
}

/** What may be damaged or empty without doing anything to them. */
const PARTS: readonly Row[] = [
  { action: 'a full backup', args: ['full', ...ANEW, ...later, 'DIR/source', URL], reads: [] },
  {
    action: 'a full backup that is due',
    args: [...ANEW, ...later, '--full-if-older-than', '1D', 'DIR/source', URL],
    reads: [],
  },
  {
    action: 'a full backup that reuses volumes',
    args: ['full', ...later, 'DIR/source', URL],
    reads: [...of('m', 3), ...of('s', 3, 4, 5)],
    present: of('m', 4, 5),
  },
  {
    action: 'an increment',
    args: ['incremental', ...later, 'DIR/source', URL],
    reads: [...of('m', 3, 4, 5), ...of('s', 3, 4, 5)],
    present: volumes(3, 4, 5),
  },
  { action: 'a restore of now', args: ['restore', URL, 'DIR/out'], reads: [...of('m', 3, 4, 5), ...volumes(3, 4, 5)] },
  {
    action: 'a restore of a time in the newest chain',
    args: ['restore', ...time(4), URL, 'DIR/out'],
    reads: [...of('m', 3, 4), ...volumes(3, 4)],
  },
  {
    action: 'a restore of a time in an older chain',
    args: ['restore', ...time(0), URL, 'DIR/out'],
    reads: [...of('m', 0), ...volumes(0)],
  },
  {
    action: 'a restore of one path',
    args: ['restore', '--file-to-restore', 'small', ...time(4), URL, 'DIR/out'],
    reads: [...of('m', 3, 4), 'v3.2', 'v4.1'],
    present: ['v3.1'],
  },
  { action: 'a list of now', args: ['list-current-files', URL], reads: of('s', 3, 4, 5), present: of('m', 3, 4, 5) },
  {
    action: 'a list of a time',
    args: ['list-current-files', ...time(4), URL],
    reads: of('s', 3, 4),
    present: of('m', 3, 4),
  },
];

/** What goes by names and sizes: garbage under a name does not matter, an empty file does. */
const NAMES: readonly Row[] = [
  {
    action: 'verify',
    args: ['verify', ...time(5), URL, 'DIR/source'],
    reads: [...of('m', 3, 4, 5), ...volumes(3, 4, 5)],
  },
  { action: 'collection-status', args: ['collection-status', URL], reads: [] },
  { action: 'the changes of one set', args: ['collection-status', '--show-changes-in-set', '1', URL], reads: ['m4'] },
  {
    action: 'the history of a file',
    args: ['collection-status', '--file-changed', 'small', URL],
    reads: of('m', 3, 4, 5),
  },
  { action: 'remove-older-than', args: ['remove-older-than', String(timeOfSet(3)), '--force', URL], reads: [] },
  { action: 'remove-all-but-n-full', args: ['remove-all-but-n-full', '1', '--force', URL], reads: [] },
  { action: 'remove-all-inc-of-but-n-full', args: ['remove-all-inc-of-but-n-full', '1', '--force', URL], reads: [] },
  {
    action: 'replicate of the older chain',
    args: ['replicate', ...time(3), URL, 'file://DIR/copy'],
    reads: [...of('m', 0, 1, 2), ...of('s', 0, 1, 2), ...volumes(0, 1, 2)],
  },
  // What is not encrypted is checked by its manifest; signatures are sent as they are.
  {
    action: 'mirror of the older chain',
    args: ['mirror', ...time(3), URL, 'file://DIR/copy'],
    reads: [...of('m', 0, 1, 2), ...of('s', 0, 1, 2), ...volumes(0, 1, 2)],
  },
  { action: 'recovery-kit', args: ['recovery-kit', URL], reads: [] },
  { action: 'validate-backend', args: ['validate-backend', URL], reads: [] },
];

describe('without an archive dir', () => {
  test.each([...PARTS, ...NAMES])('$action reads what it needs, and garbage elsewhere does not matter', async (row) => {
    damage([...row.reads, ...(row.present ?? [])], 'garbage');
    expect(await read(row.args)).toEqual(row.reads.toSorted());
  });

  test.each(PARTS)('$action works with empty files in place of what it does not need', async (row) => {
    damage([...row.reads, ...(row.present ?? [])], 'empty');
    expect(await read(row.args)).toEqual(row.reads.toSorted());
  });

  test('cleanup reads manifests, and everything with --metadata-sync-mode full is what an increment may fetch', async () => {
    expect(await read(['cleanup', URL])).toEqual(of('m', ...ALL));
    const mode = ['--metadata-sync-mode', 'full'];
    expect(await read(['full', ...mode, ...later, 'DIR/source', URL])).toEqual([
      ...of('m', ...ALL),
      ...of('s', ...ALL),
    ]);
  });
});

describe('with one', () => {
  test.each<Row>([
    {
      action: 'an increment',
      args: ['incremental', ...later, 'DIR/source', URL],
      reads: ['m5'],
      present: volumes(3, 4, 5),
    },
    { action: 'a restore', args: ['restore', ...time(4), URL, 'DIR/out'], reads: volumes(3, 4) },
    { action: 'a list', args: ['list-current-files', URL], reads: [] },
    { action: 'cleanup', args: ['cleanup', URL], reads: [] },
  ])('$action reads no metadata again', async ({ args, reads, present = [] }) => {
    damage([...reads, ...present], 'garbage');
    expect(await read(args, `${dir}/archive`)).toEqual(reads.toSorted());
  });

  test('copies that are empty or damaged are fetched again, by whoever reads them', async () => {
    for (const content of ['', 'garbage']) {
      for (const name of names(`${dir}/archive/n`)) writeFileSync(`${dir}/archive/n/${name}`, content);
      expect(await read(['restore', ...time(4), URL, `DIR/out${content}`], `${dir}/archive`)).toEqual(
        [...of('m', 3, 4), ...volumes(3, 4)].toSorted(),
      );
      await read(['list-current-files', ...time(4), URL], `${dir}/archive`);
      const args = ['incremental', '--current-time', String(timeOfSet(SETS + content.length)), 'DIR/source', URL];
      await read(args, `${dir}/archive`);
    }
    expect(names(store).filter((name) => name.includes('manifest'))).toHaveLength(SETS + 2);
  });
});

const run = (...args: readonly string[]) =>
  duplicity([...PLAIN, '--archive-dir', `${dir}/none`, '--name', 'n', '--allow-source-mismatch', ...args]);
const shortNames = (): readonly string[] => names(store).flatMap((name) => known(name) ?? []);
function spoil(short: string, content: Buffer): string {
  const name = names(store).find((one) => known(one) === short) ?? '';
  writeFileSync(`${store}/${name}`, content);
  return name;
}

describe('what is damaged and needed', () => {
  test.each([
    ['manifest', 'm5', [...of('m', 0, 1, 2, 3, 4), ...of('s', 0, 1, 2, 3, 4)]],
    ['signature file', 's5', undefined],
  ])('a %s of the last increment: the next one builds on the set before', async (_what, short, _left) => {
    const name = spoil(short, noise(300, 7));
    const { status, stdout, stderr } = await run(...later, `${dir}/source`, `file://${store}`);
    expect(status).toBe(0);
    expect(stdout + stderr).toContain(`${name} counts as missing`);
    expect(names(store).some((file) => file.includes(`${stampOf(4)}.to.${stampOf(6)}`))).toBe(true);
    rmSync(`${dir}/none`, { recursive: true });
    expect((await run('restore', `file://${store}`, `${dir}/out`)).status).toBe(0);
    expect(readFileSync(`${dir}/out/small`, 'utf8')).toBe('set 5');
  });

  test('a manifest inside a chain: the increment that is made without it is what now means', async () => {
    put(`${dir}/source`, { new: '' }, timeOfSet(SETS));
    const name = spoil('m4', noise(300, 7));
    const before = await run('restore', `file://${store}`, `${dir}/before`);
    expect([before.status, before.stderr.includes(name)]).toEqual([100, true]);
    rmSync(`${dir}/none`, { recursive: true });
    expect((await run(...later, `${dir}/source`, `file://${store}`)).status).toBe(0);
    expect(names(store).some((file) => file.includes(`${stampOf(3)}.to.${stampOf(6)}`))).toBe(true);
    for (const [shown, ...words] of [
      ['', 'restore', `file://${store}`, `${dir}/out`],
      ['0 differences', 'verify', '--compare-data', `file://${store}`, `${dir}/source`],
      [' new\n', 'list-current-files', `file://${store}`],
    ]) {
      rmSync(`${dir}/none`, { recursive: true, force: true });
      const { status, stdout } = await run(...words);
      expect([status, stdout.includes(`${name} counts as missing`)]).toEqual([0, true]);
      expect(stdout).toContain(shown);
    }
    expect(names(`${dir}/out`)).toEqual(['big', 'new', 'small']);
    // Of its own time there is no other state.
    expect((await run('restore', ...time(5), `file://${store}`, `${dir}/past`)).status).toBe(100);
  });

  test('the manifest of a full: the next backup is a full one, and one that was asked for is not done', async () => {
    spoil('m3', noise(300, 7));
    spoil('m0', noise(300, 7));
    expect((await run('incremental', ...later, `${dir}/source`, `file://${store}`)).status).toBe(17);
    expect((await run(...later, `${dir}/source`, `file://${store}`)).status).toBe(0);
    expect(names(store).some((file) => file.includes(`full.${stampOf(6)}.manifest`))).toBe(true);
  });

  test('a cut manifest is known by the volumes that it does not name', async () => {
    const name = spoil('m3', Buffer.alloc(0));
    const whole = readFileSync(`${made}/store/${name}`);
    writeFileSync(`${store}/${name}`, whole.subarray(0, whole.indexOf('Volume 2')));
    const { status, stdout } = await run(...later, `${dir}/source`, `file://${store}`);
    expect([status, stdout.includes(`${name} counts as missing`)]).toEqual([0, true]);
    expect(names(store).some((file) => file.includes(`full.${stampOf(6)}.manifest`))).toBe(false);
    expect(names(store).some((file) => file.includes(`${stampOf(2)}.to.${stampOf(6)}`))).toBe(true);
  });

  test('a state that cannot be read is an error, never another state', async () => {
    const manifest = spoil('m5', noise(300, 7));
    const restored = await run('restore', `file://${store}`, `${dir}/out`);
    expect([restored.status, restored.stderr.includes(manifest)]).toEqual([100, true]);
    const signatures = spoil('s5', noise(300, 7));
    const listed = await run('list-current-files', `file://${store}`);
    expect([listed.status, listed.stderr.includes(signatures)]).toEqual([100, true]);
  });

  test('the remote manifest behind a good copy: no increment builds on it', async () => {
    spoil('m5', noise(300, 7));
    const warm = ['--archive-dir', `${dir}/archive`];
    const asked = await run(...warm, 'incremental', ...later, `${dir}/source`, `file://${store}`);
    expect(asked.status).toBe(100);
    expect((await run(...warm, ...later, `${dir}/source`, `file://${store}`)).status).toBe(0);
    expect(names(store).some((file) => file.includes(`full.${stampOf(6)}.manifest`))).toBe(true);
  });

  test('cleanup tells of a damaged manifest and deletes what is left of its set, and of nothing else', async () => {
    const name = spoil('m5', noise(300, 7));
    const told = await run('cleanup', `file://${store}`);
    expect([told.status, told.stdout.includes(`${name} counts as missing`)]).toEqual([0, true]);
    expect((await run('cleanup', '--force', `file://${store}`)).status).toBe(0);
    expect(shortNames().filter((short) => /[a-z]5/.test(short))).toEqual([]);
    expect(shortNames()).toHaveLength(
      [...of('m', 0, 1, 2, 3, 4), ...of('s', 0, 1, 2, 3, 4), ...volumes(0, 1, 2, 3, 4)].length,
    );
    expect((await run('restore', `file://${store}`, `${dir}/out`)).status).toBe(0);
    expect(readFileSync(`${dir}/out/small`, 'utf8')).toBe('set 4');
  });
});
