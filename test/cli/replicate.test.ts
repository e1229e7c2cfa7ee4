import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const SMALL_VOLUMES = ['--volsize', '1'];
const SECRET = { env: { PASSPHRASE: 'one' } };
const OTHER_SECRET = { env: { PASSPHRASE: 'another' } };

let s: Scene;
let copy: Scene;
beforeEach(() => {
  s = scene();
  copy = { ...s, remote: `${s.dir}/copy`, url: `file://${s.dir}/copy` };
});

/** A chain of three sets, the first of which has several volumes, and another full. */
async function makeSets(): Promise<void> {
  put(s.source, { a: 'one', big: noise(2_500_000) });
  for (const [k, kind] of ['full', 'inc', 'inc', 'full'].entries()) {
    put(s.source, { [`new${k}`]: `state ${k}`, a: 'x'.repeat(k + 1) }, timeOfSet(k - 1));
    await backUp(s, k, [kind, ...SMALL_VOLUMES]);
  }
}

function replicated(stdout: string): readonly string[] {
  return [...stdout.matchAll(/^Replicating b'(.*)'\.$/gm)].map(([, name = '']) => name);
}

async function expectSameStates(sets: readonly number[], args: readonly string[] = [], options = {}): Promise<void> {
  for (const k of sets) expect(await restoredTree(copy, k, args, options)).toEqual(await restoredTree(s, k));
}

function encrypted(args: readonly string[]): readonly string[] {
  return ['--backend-retry-delay', '0', ...args];
}

test('copies all sets, tells of each file but the manifests, and finds nothing to do the second time', async () => {
  await makeSets();
  const said = await good(['replicate', s.url, copy.url]);
  expect(names(copy.remote)).toEqual(names(s.remote));
  expect(replicated(said.stdout).toSorted()).toEqual(names(s.remote).filter((name) => !name.endsWith('.manifest')));
  await expectSameStates([0, 1, 2, 3]);

  const again = await good(['replicate', s.url, copy.url]);
  expect(replicated(again.stdout)).toEqual([]);
});

test('manifests keep all they say but the hashes of volumes that were encoded anew', async () => {
  await makeSets();
  await good(['replicate', '--compression-level', '1', s.url, copy.url]);
  for (const name of names(s.remote).filter((name) => name.endsWith('.manifest'))) {
    const [before, after] = [s, copy].map(({ remote }) => readFileSync(`${remote}/${name}`, 'latin1'));
    expect(after).not.toBe(before);
    const withoutHashes = (text = ''): string => text.replaceAll(/SHA1 [0-9a-f]{40}/g, 'SHA1');
    expect(withoutHashes(after)).toBe(withoutHashes(before));
  }
  await expectSameStates([2]);
});

test('copies what is older than --time, and the rest, built upon it, later', async () => {
  await makeSets();
  await good(['replicate', '--time', String(timeOfSet(2)), s.url, copy.url]);
  expect(names(copy.remote).filter((name) => name.includes('manifest'))).toHaveLength(2);
  await expectSameStates([0, 1]);
  await good(['replicate', s.url, copy.url]);
  await expectSameStates([2, 3]);
});

test('a place without backups has nothing to copy', async () => {
  const absent = await duplicity([...PLAIN, 'replicate', s.url, copy.url]);
  expect([absent.status, absent.stderr]).toEqual([52, expect.stringContaining('does not exist')]);
  mkdirSync(s.remote);
  const said = await good(['replicate', s.url, copy.url]);
  expect(said.stdout).toContain('No old backup sets found.\n');
});

test('a dry run lists the files and writes nothing', async () => {
  await makeSets();
  const said = await good(['replicate', '--dry-run', s.url, copy.url]);
  expect(replicated(said.stdout)).toHaveLength(names(s.remote).length - 4);
  expect(names(copy.remote)).toEqual([]);
});

test('an increment goes on with the copy', async () => {
  await makeSets();
  await good(['replicate', s.url, copy.url]);
  put(s.source, { more: 'more' }, timeOfSet(4));
  await backUp(copy, 5, ['incremental']);
  expect((await restoredTree(copy, 5)).map(({ path }) => path)).toContain('more');
});

describe('encryption', () => {
  test('a copy of a plain archive can be encrypted, and a copy of that plain again', async () => {
    await makeSets();
    expect((await duplicity(encrypted(['replicate', s.url, copy.url]), SECRET)).status).toBe(0);
    expect(names(copy.remote).every((name) => name.endsWith('.gpg'))).toBe(true);
    const plain = { ...s, remote: `${s.dir}/plain`, url: `file://${s.dir}/plain` };
    await good(['replicate', copy.url, plain.url], SECRET);
    expect(names(plain.remote)).toEqual(names(s.remote));
    expect(await restoredTree(plain, 2)).toEqual(await restoredTree(s, 2));
  });

  test('a set that was begun with another passphrase is copied from its beginning', async () => {
    await makeSets();
    const broken = { ...SECRET.env, ...faults({ op: 'put', match: '.vol3.', do: 'kill' }).env };
    expect((await duplicity(encrypted(['replicate', s.url, copy.url]), { env: broken })).status).not.toBe(0);
    const said = await duplicity(encrypted(['replicate', s.url, copy.url]), OTHER_SECRET);
    expect(said.status).toBe(0);
    expect(replicated(said.stdout).filter((name) => name.includes('vol1'))).toHaveLength(4);
    await expectSameStates([0, 3], [], OTHER_SECRET);
  });
});

describe('an interrupted run', () => {
  beforeEach(async () => {
    await makeSets();
    const broken = faults({ op: 'put', match: '.vol3.', do: 'kill' });
    await duplicity([...PLAIN, 'replicate', '--concurrency', '0', s.url, copy.url], broken);
  });

  test('shows no set, and is gone on with: what has arrived is not sent again', async () => {
    expect(names(copy.remote).filter((name) => /manifest|vol3/.test(name))).toEqual([]);
    const said = await good(['replicate', s.url, copy.url]);
    const [first = ''] = replicated(said.stdout);
    expect(first).toMatch(/vol3/);
    expect(names(copy.remote)).toEqual(names(s.remote));
    await expectSameStates([0, 2, 3]);
  });

  test('starts over when the archive dir that knew of it is lost', async () => {
    const said = await good(['replicate', '--archive-dir', `${s.dir}/fresh`, s.url, copy.url]);
    expect(replicated(said.stdout)[0]).toMatch(/vol1/);
    await expectSameStates([0, 3]);
  });

  test('is not mixed with files of another encoding', async () => {
    const { status, stderr } = await duplicity(encrypted(['replicate', s.url, copy.url]), SECRET);
    expect(status).toBe(45);
    expect(stderr).toContain('encoded in another way');
  });
});

test('of a chain that lacks a volume all sets before it are copied, of other chains all, and the error is told', async () => {
  await makeSets();
  const lost = names(s.remote).find((name) => /inc.*vol1/.test(name)) ?? '';
  rmSync(`${s.remote}/${lost}`);
  const { status, stderr } = await duplicity([...PLAIN, 'replicate', s.url, copy.url]);
  expect(status).toBe(52);
  expect(stderr).toContain(lost);
  expect(names(copy.remote).filter((name) => name.includes('manifest'))).toHaveLength(2);
  await expectSameStates([0, 3]);
});

test('volumes that were lost from a copy come again', async () => {
  await makeSets();
  await good(['replicate', s.url, copy.url]);
  const lost = names(copy.remote).find((name) => name.includes('vol2')) ?? '';
  rmSync(`${copy.remote}/${lost}`);
  const said = await duplicity([...PLAIN, 'replicate', s.url, copy.url]);
  expect(said.status).toBe(0);
  expect(said.stdout).toContain('lacks volumes');
  await expectSameStates([0]);
});
