import { cpSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  backUp,
  duplicity,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

/** A full and two increments of several volumes each, with the archive dir that made them. */
let made: Scene;
const trees: ReturnType<typeof treeOf>[] = [];

beforeAll(async () => {
  made = scene();
  for (let k = 0; k < 3; k++) {
    put(made.source, { big: noise(2_300_000, k + 1), state: String(k) }, timeOfSet(k - 1));
    trees.push(treeOf(made.source));
    await backUp(made, k, ['--volsize', '1'], { home: `${made.dir}/home` });
  }
});

let s: Scene;
let home: string;
beforeEach(() => {
  const dir = tempDir();
  s = { dir, source: `${dir}/source`, remote: `${dir}/remote`, url: `file://${dir}/remote` };
  for (const part of ['source', 'remote']) {
    cpSync(`${made.dir}/${part}`, `${dir}/${part}`, { recursive: true, preserveTimestamps: true });
  }
  utimesSync(s.source, timeOfSet(1), timeOfSet(1));
  home = `${dir}/home`;
});

async function run(...args: readonly string[]) {
  const result = await duplicity([...PLAIN, '--allow-source-mismatch', ...args], { home });
  return { ...result, said: result.stdout + result.stderr };
}
const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
const nameOf = (part: RegExp): string =>
  names(s.remote)
    .filter((name) => part.test(name))
    .at(-1) ?? '';
/** The file stays by name only, or with some first bytes. */
function cut(part: RegExp, left = 0): string {
  const name = nameOf(part);
  writeFileSync(`${s.remote}/${name}`, readFileSync(`${s.remote}/${name}`).subarray(0, left));
  return name;
}

const LAST = /inc.*\.vol1\./;

describe('an empty volume', () => {
  test.each([
    ['of the full', /full.*\.vol2\./, 0],
    ['at the end of the full', /full.*\.vol3\./, 0],
    ['of the last increment', LAST, 0],
    ['that has the beginning of a header only', LAST, 15],
  ])('%s is no base: the next backup says its name and is a full one', async (_which, part, left) => {
    const name = cut(part, left);
    put(s.source, { state: 'new' }, timeOfSet(2));
    const { status, said } = await run(...at(3), s.source, s.url);
    expect(status).toBe(0);
    expect(said).toContain(name);
    expect(nameOf(/full.*manifest/)).toContain('20231117');
    expect(await restoredTree(s, 3)).toEqual(treeOf(s.source));
  });

  test('ends an increment that was asked for, and a restore or verification of its set, with 52 and its name', async () => {
    const name = cut(LAST);
    for (const args of [
      ['incremental', ...at(3), s.source, s.url],
      ['restore', s.url, `${s.dir}/out`],
      ['verify', s.url, s.source],
    ]) {
      const { status, said } = await run(...args);
      expect([args[0], status]).toEqual([args[0], 52]);
      expect(said).toContain(name);
    }
    expect(names(s.dir)).not.toContain('out');
    const before = await run('restore', '--time', String(timeOfSet(1)), s.url, `${s.dir}/out`);
    expect(before.status).toBe(0);
    expect(treeOf(`${s.dir}/out`)).toEqual(trees[1]);
  });

  test('is told by every action, is not counted, and goes with its set', async () => {
    const name = cut(/full.*\.vol2\./);
    for (const args of [
      ['list-current-files', s.url],
      ['collection-status', s.url],
      ['cleanup', s.url],
      ['remove-older-than', String(timeOfSet(0)), s.url],
      ['replicate', s.url, `file://${s.dir}/other`],
    ]) {
      const { records } = await run(...args);
      const isTold = records.some(({ level, text }) => level === 'WARNING' && text.includes(name));
      expect([args[0], isTold]).toEqual([args[0], true]);
    }
    const { stdout } = await run('collection-status', s.url);
    expect(stdout).toMatch(/^ +Full .* 2\n/m);
    await run('cleanup', '--force', s.url);
    expect(names(s.remote)).toContain(name);
    expect((await run('full', ...at(3), s.source, s.url)).status).toBe(0);
    expect((await run('remove-older-than', String(timeOfSet(3)), '--force', s.url)).status).toBe(0);
    expect(names(s.remote).filter((file) => /20231114/.test(file))).toEqual([]);
  });

  test('makes a full one that does not count among those to keep', async () => {
    expect((await run('full', ...at(3), '--volsize', '1', s.source, s.url)).status).toBe(0);
    cut(/full.*20231117.*\.vol3\./);
    expect((await run('remove-all-but-n-full', '1', '--force', s.url)).status).toBe(0);
    expect(await restoredTree(s, 2)).toEqual(trees[2]);
  });

  test('that was stored so is one: an increment without changes, neither encrypted nor compressed', async () => {
    const plain = scene();
    put(plain.source, { a: 'one' });
    for (let k = 0; k < 3; k++) await backUp(plain, k, ['--no-compression'], { home });
    expect(names(plain.remote).filter((name) => /inc.*difftar$/.test(name))).toHaveLength(2);
    const { said } = await run('verify', plain.url, plain.source);
    expect(said).not.toMatch(/WARNING|cut off/);
  });

  test('of a plain increment is noticed by the hash in the manifest', async () => {
    const plain = scene();
    for (let k = 0; k < 2; k++) {
      put(plain.source, { a: `state ${k}` }, timeOfSet(k - 1));
      await backUp(plain, k, ['--no-compression'], { home });
    }
    const name = names(plain.remote).find((file) => /inc.*difftar$/.test(file)) ?? '';
    writeFileSync(`${plain.remote}/${name}`, '');
    const { status, said } = await run('incremental', ...at(3), plain.source, plain.url);
    expect([status, said.includes(`${name} is in the manifest but empty on the remote`)]).toEqual([52, true]);
  });
});

describe('an empty manifest', () => {
  test('makes no set: sets before it are restored, cleanup deletes what is left of it', async () => {
    const name = cut(/inc.*manifest/);
    const { status, said } = await run('restore', s.url, `${s.dir}/out`);
    expect(status).toBe(0);
    expect(said).toContain(name);
    expect(treeOf(`${s.dir}/out`)).toEqual(trees[1]);
    expect((await run('cleanup', '--force', s.url)).status).toBe(0);
    expect(names(s.remote).filter((file) => file.includes('to.20231116'))).toEqual([]);
    expect((await run('collection-status', s.url)).said).not.toContain('cut off');
  });

  test('of which the archive dir has a copy is read from that, stays, and is no base', async () => {
    cpSync(`${made.dir}/home`, home, { recursive: true });
    const archive = ['--archive-dir', `${home}/.cache/duplicity`, '--name', names(`${home}/.cache/duplicity`)[0] ?? ''];
    const name = cut(/inc.*manifest/);
    expect((await run('cleanup', '--force', ...archive, s.url)).status).toBe(0);
    expect((await run('restore', ...archive, s.url, `${s.dir}/out`)).status).toBe(0);
    expect(treeOf(`${s.dir}/out`)).toEqual(trees[2]);
    const { status, said } = await run('incremental', ...archive, ...at(3), s.source, s.url);
    expect([status, said.includes(name)]).toEqual([52, true]);
    expect((await run(...archive, ...at(3), s.source, s.url)).status).toBe(0);
    rmSync(home, { recursive: true });
    expect(await restoredTree(s, 3)).toEqual(trees[2]);
  });
});

test('empty signatures are as good as none: the next increment builds on the set before, the set is restored', async () => {
  const name = cut(/new-signatures/);
  const { status, said } = await run('restore', s.url, `${s.dir}/out`);
  expect([status, said.includes(name)]).toEqual([0, true]);
  expect(treeOf(`${s.dir}/out`)).toEqual(trees[2]);
  expect((await run('incremental', ...at(3), s.source, s.url)).status).toBe(0);
  expect(nameOf(/inc.*manifest/)).toContain('20231115T221320Z.to.20231117');
  expect(await restoredTree(s, 3)).toEqual(trees[2]);
});

test('a resumed backup stores a volume again that is empty on the remote', async () => {
  put(s.source, { big: noise(3_400_000, 9) }, timeOfSet(2));
  const broken = await run('full', ...at(3), '--volsize', '1', '--fail-on-volume', '3', s.source, s.url);
  expect(broken.status).not.toBe(0);
  cut(/full.*20231117.*\.vol2\./);
  expect(
    await good(['--allow-source-mismatch', '--volsize', '1', s.source, s.url], { home }).catch(String),
  ).toBeDefined();
  expect(await restoredTree(s, 3)).toEqual(treeOf(s.source));
});
