import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { root } from '../support/paths.ts';
import { run, type RunResult } from '../support/processes.ts';
import { NODE, runRdiffdir } from '../support/run.ts';
import { noise, put, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

let dir: string;
beforeEach(() => {
  dir = tempDir();
  put(dir, {
    'old/a': 'one',
    'old/big': noise(300_000),
    'old/d/x': 'x',
    'old/d/y/z': 'z',
    'old/e/f': 'f',
    'old/same/s': 's',
  });
  const big = noise(300_000);
  big.fill('changed', 100_000, 101_000);
  const now = { 'new/a': 'two', 'new/big': big, 'new/e': 'a file now', 'new/n/m': 'new' };
  put(dir, now, timeOfSet(1));
  put(dir, { 'new/same/s': 't' }, timeOfSet(1));
  utimesSync(`${dir}/new/same`, timeOfSet(-1), timeOfSet(-1));
  utimesSync(`${dir}/new`, timeOfSet(1), timeOfSet(1));
});

function rdiffdir(...args: readonly string[]): Promise<RunResult> {
  return runRdiffdir(args, { cwd: dir });
}

async function good(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await rdiffdir(...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const patched = () => treeOf(`${dir}/old`);
const wanted = () => treeOf(`${dir}/new`);

test('a delta brings a directory from the state of the signature to that of another', async () => {
  await good('sig', 'old', 'sig');
  await good('delta', 'sig', 'new', 'delta');
  await good('patch', 'old', 'delta');
  expect(patched()).toEqual(wanted());
});

test('several signatures tell the state after the last', async () => {
  await good('sig', 'old', 'sig1');
  await good('--write-sig-to', 'sig2', 'delta', 'sig1', 'new', 'delta1');
  await good('delta', 'sig1', 'sig2', 'new', 'delta2');
  rmSync(`${dir}/old`, { recursive: true });
  mkdirSync(`${dir}/old`);
  await good('patch', 'old', 'delta2');
  expect(treeOf(`${dir}/old`)).toHaveLength(1);
});

test('tar holds everything, and patch makes a directory of it', async () => {
  await good('--write-sig-to', 'sig', 'tar', 'new', 'tar');
  await good('sig', 'new', 'other');
  expect(readFileSync(`${dir}/sig`)).toEqual(readFileSync(`${dir}/other`));
  rmSync(`${dir}/old`, { recursive: true });
  await good('patch', 'old', 'tar');
  expect(patched()).toEqual(wanted());
});

test('standard input and output serve as files, compressed or not', async () => {
  const script = `"$0" -z sig old - | "$0" delta - new - | "$0" patch old -`;
  const { status, stderr } = await run('sh', ['-c', script, `${root}/rdiffdir`], {
    cwd: dir,
    env: { DUPLICITY_NODE: NODE },
  });
  expect([status, stderr]).toEqual([0, '']);
  expect(patched()).toEqual(wanted());
});

test('--max-blocksize takes a value, and selection options choose', async () => {
  put(dir, { 'old/huge': noise(4_000_000) });
  await good('--max-blocksize', '512', 'sig', 'old', 'fine');
  await good('sig', 'old', 'usual');
  expect(readFileSync(`${dir}/fine`).length).toBeGreaterThan(2 * readFileSync(`${dir}/usual`).length);
  await good('--exclude', '**/big', 'sig', 'old', 'chosen');
  expect(readFileSync(`${dir}/chosen`).includes('signature/big')).toBe(false);
  expect(readFileSync(`${dir}/chosen`).includes('signature/a')).toBe(true);
});

test('a directory that is not there counts as empty', async () => {
  const { status, stderr } = await rdiffdir('sig', 'nothing', 'sig');
  expect([status, stderr]).toEqual([0, "Warning: base nothing doesn't exist, continuing\n"]);
  expect(existsSync(`${dir}/sig`)).toBe(true);
});

test.each([['/'], ['/.']])('a link to a directory with %s behind it is that directory', async (end) => {
  symlinkSync('old', `${dir}/before`);
  symlinkSync('new', `${dir}/after`);
  await good('sig', `before${end}`, 'sig');
  await good('delta', 'sig', `after${end}`, 'delta');
  await good('patch', `before${end}`, 'delta');
  expect(lstatSync(`${dir}/before`).isSymbolicLink()).toBe(true);
  expect(patched()).toEqual(wanted());
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  expect(await good('-V')).toBe(`rdiffdir ${version}\n`);
  expect(await good('--help')).toMatch(/^Usage: rdiffdir /);
});

test.each([
  [[], 'No arguments found'],
  [['sig', 'old'], 'Too few arguments'],
  [['sig', 'old', 'a', 'b'], 'Too many arguments'],
  [['delta', 'old', 'a'], 'Too few arguments'],
  [['nonsense', 'old', 'a'], 'Bad command nonsense'],
  [['--nonsense', 'sig', 'old', 'a'], 'Bad command line option: no such option: --nonsense'],
  [['sig', 'old', 'a', '--verbosity'], 'Too many arguments'],
])('%j is refused', async (args, text) => {
  const { status, stderr } = await rdiffdir(...args);
  expect([status, stderr]).toEqual([1, `Error: ${text}\nSee the rdiffdir manual page for instructions\n`]);
});

test('nothing is written over', async () => {
  writeFileSync(`${dir}/sig`, 'mine');
  const { status, stderr } = await rdiffdir('sig', 'old', 'sig');
  expect([status, stderr]).toEqual([1, 'File sig already exists, will not overwrite.\n']);
  expect(readFileSync(`${dir}/sig`, 'utf8')).toBe('mine');
});

test('a signature that is none ends the run, and no delta is left', async () => {
  writeFileSync(`${dir}/sig`, 'no tar at all'.repeat(100));
  const { status } = await rdiffdir('delta', 'sig', 'new', 'delta');
  expect(status).toBe(1);
  expect(existsSync(`${dir}/delta`)).toBe(false);
});

test('a selection that makes no sense has the status of duplicity', async () => {
  expect((await rdiffdir('--exclude', 'elsewhere/**', 'sig', 'old', 'sig')).status).toBe(14);
});

describe('a patch', () => {
  beforeEach(async () => {
    await good('sig', 'old', 'sig');
    await good('delta', 'sig', 'new', 'delta');
    put(dir, { 'outside/x': 'mine', 'outside/y/z': 'mine', 'outside/s': 'mine', 'outside/big': 'mine' });
  });

  test('deletes nothing through a link', async () => {
    rmSync(`${dir}/old/d`, { recursive: true });
    symlinkSync('../outside', `${dir}/old/d`);
    await good('patch', 'old', 'delta');
    expect(treeOf(`${dir}/outside`)).toHaveLength(6);
    expect(lstatSync(`${dir}/old/d`, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('reads and writes no file through a link', async () => {
    rmSync(`${dir}/old/big`);
    symlinkSync('../outside/big', `${dir}/old/big`);
    const { status, stderr } = await rdiffdir('patch', 'old', 'delta');
    expect(status).toBe(1);
    expect(stderr).toContain('big cannot be patched: the file that the delta is for is not there.');
    expect(readFileSync(`${dir}/outside/big`, 'utf8')).toBe('mine');
  });

  test('with --ignore-errors goes on past a file that is not there', async () => {
    rmSync(`${dir}/old/big`);
    const { status } = await rdiffdir('--ignore-errors', 'patch', 'old', 'delta');
    expect(status).toBe(1);
    expect(readFileSync(`${dir}/old/e`, 'utf8')).toBe('a file now');
  });
});

describe.runIf(requireReference())('with the reference', () => {
  const reference = (...args: readonly string[]): Promise<RunResult> => run('rdiffdir', args, { cwd: dir });

  test('signatures and archives are the same', async () => {
    await good('sig', 'new', 'sig');
    await good('tar', 'new', 'tar');
    await reference('sig', 'new', 'sig2');
    await reference('tar', 'new', 'tar2');
    expect(readFileSync(`${dir}/sig`).equals(readFileSync(`${dir}/sig2`))).toBe(true);
    expect(readFileSync(`${dir}/tar`).equals(readFileSync(`${dir}/tar2`))).toBe(true);
  });

  test('each applies the deltas of the other', async () => {
    put(dir, {
      'copy/a': 'one',
      'copy/big': noise(300_000),
      'copy/d/x': 'x',
      'copy/d/y/z': 'z',
      'copy/e/f': 'f',
      'copy/same/s': 's',
    });
    await reference('sig', 'old', 'sig');
    await good('delta', 'sig', 'new', 'ours');
    await reference('delta', 'sig', 'new', 'theirs');
    await good('patch', 'old', 'theirs');
    expect(patched()).toEqual(wanted());
    const { status } = await reference('patch', 'copy', 'ours');
    expect(status).toBe(0);
    const files = (tree: string) => treeOf(`${dir}/${tree}`).filter(({ type }) => type !== 'dir');
    expect(files('copy')).toEqual(files('new'));
  });
});
