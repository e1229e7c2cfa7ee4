import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { backUp, duplicity, good, type Outcome, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { NOBODY, requireAnotherUser } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
});

const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
const warnings = ({ records }: Outcome): string[] =>
  records
    .filter(({ level }) => level === 'WARNING')
    .map(({ text }) => text)
    .filter((text) => !text.startsWith('No signatures found'));
const listed = async (): Promise<string[]> => {
  const { stdout } = await good(['list-current-files', s.url]);
  return [...stdout.matchAll(/^\w{3} \w{3} .{16} (.*)$/gm)].map(([, path = '']) => path);
};

describe.runIf(requireAnotherUser())('what cannot be read', () => {
  const asNobody = async (...args: readonly string[]) => duplicity([...PLAIN, ...args], { uid: NOBODY });

  beforeEach(() => {
    mkdirSync(s.remote);
    mkdirSync(`${testHome()}/tmp`);
    for (const path of [s.dir, s.remote, testHome(), `${testHome()}/tmp`]) chmodSync(path, 0o777);
    put(s.source, { 'closed/f': '1', 'barred/f': '1', 'barred/g': '2', secret: 's', ok: 'ok' });
  });

  test('is counted, each of it, and --strict makes that an exit status', async () => {
    chmodSync(`${s.source}/closed`, 0);
    chmodSync(`${s.source}/secret`, 0);
    chmodSync(`${s.source}/barred`, 0o644);
    const usual = await asNobody(...at(0), s.source, s.url);
    expect(usual.status).toBe(0);
    expect(usual.stdout).toContain('\nErrors 4\n');
    const strict = await asNobody(...at(1), '--strict', s.source, s.url);
    expect(strict.status).toBe(102);
    expect(strict.stdout).toContain('\nErrors 4\n');
    expect(strict.stderr).toContain('4 entries of the source could not be read.');
    // The set is there.
    expect((await good(['collection-status', s.url])).stdout).toContain('Number of contained backup sets: 2');
    for (const path of ['closed', 'barred']) chmodSync(`${s.source}/${path}`, 0o755);
    chmodSync(`${s.source}/secret`, 0o644);
    expect((await asNobody(...at(2), '--strict', s.source, s.url)).status).toBe(0);
  });

  test('is a failure of a strict dry run too', async () => {
    chmodSync(`${s.source}/secret`, 0);
    expect((await asNobody('--dry-run', s.source, s.url)).status).toBe(0);
    expect((await asNobody('--dry-run', '--strict', s.source, s.url)).status).toBe(102);
  });

  test('makes a strict verify fail that has found no difference', async () => {
    await asNobody(...at(0), s.source, s.url);
    chmodSync(`${s.source}/closed`, 0);
    expect((await asNobody('verify', s.url, s.source)).status).toBe(0);
    expect((await asNobody('verify', '--strict', s.url, s.source)).status).toBe(102);
  });

  test('an owner that cannot be set makes a strict restore fail, with all in place', async () => {
    await good([...at(0), s.source, s.url]);
    const restore = (...args: readonly string[]) => asNobody('restore', '--archive-dir', `${s.dir}/cache`, ...args);
    expect((await restore(s.url, `${s.dir}/one`)).status).toBe(0);
    const { status, stderr } = await restore('--strict', s.url, `${s.dir}/two`);
    expect(status).toBe(102);
    expect(stderr).toMatch(/^There (was|were) \d+ warnings?\.\n/);
    expect((await good(['verify', '--strict', s.url, s.source])).status).toBe(0);
  });
});

describe('a list of --files-from', () => {
  test('that names what is not there says so with its line, and that is an error', async () => {
    put(s.source, { 'a/f': '1', 'a/g': '2' });
    const list = `${s.dir}/list`;
    writeFileSync(list, '\ufeffa/f\r\n\r\ndumps/db.sql\r\n "a/g" \r\n');
    const result = await backUp(s, 0, ['--files-from', list]);
    expect(warnings(result)).toEqual([`${list}, line 3: dumps/db.sql is not in the source.`]);
    expect(result.stdout).toContain('\nErrors 1\n');
    expect(await listed()).toEqual(['.', 'a', 'a/f', 'a/g']);
    expect((await duplicity([...PLAIN, '--strict', '--files-from', list, s.source, s.url])).status).toBe(102);
  });

  test('of which nothing is there makes no set', async () => {
    put(s.source, { a: '1' });
    writeFileSync(`${s.dir}/list`, 'b\nc\n');
    const { status, stderr } = await duplicity([...PLAIN, '--files-from', `${s.dir}/list`, s.source, s.url]);
    expect(status).toBe(13);
    expect(stderr).toContain(`Nothing that the list of files names could be read in the source ${s.source}`);
  });
});

describe('a list of patterns', () => {
  test.each<readonly [string, string, number]>([
    ['/elsewhere/x', 'The pattern /elsewhere/x (include) cannot match anything below the source', 14],
    ['SOURCE//x', "Consecutive '/'s found in globbing string", 15],
    ['SOURCE/[b-a]', 'has an impossible range: b-a.', 2],
  ])('with the mistake %s is named with the line', async (pattern, says, code) => {
    writeFileSync(`${s.dir}/list`, `\ufeff# mine\n\n+ ${pattern.replace('SOURCE', s.source)}\n- **\n`);
    const { status, stderr } = await duplicity([...PLAIN, '--include-filelist', `${s.dir}/list`, s.source, s.url]);
    expect(status).toBe(code);
    expect(stderr).toContain(`${s.dir}/list, line 3: `);
    expect(stderr).toContain(says);
  });

  test('that includes nothing of the source says so', async () => {
    put(s.source, { a: '1', b: '2' });
    writeFileSync(`${s.dir}/list`, `${s.source}/A\n`);
    writeFileSync(`${s.dir}/good`, `${s.source}/b\n`);
    const lists = ['list', 'good'].flatMap((name) => ['--include-filelist', `${s.dir}/${name}`]);
    const result = await backUp(s, 0, [...lists, '--exclude', '**']);
    expect(warnings(result)).toEqual([`The list ${s.dir}/list includes nothing that is there.`]);
  });

  test('and options that leave nothing but the root say so', async () => {
    put(s.source, { a: '1' });
    const result = await backUp(s, 0, ['--include', `${s.source}/A`, '--exclude', '**']);
    expect(warnings(result)).toEqual(['The selection options include nothing that is there.']);
  });
});

test('a link that leads nowhere is stored under --copy-links, told and counted', async () => {
  put(s.source, { 'a/f': '1' });
  symlinkSync('nowhere', `${s.source}/lost`);
  symlinkSync('loop', `${s.source}/loop`);
  symlinkSync('..', `${s.source}/a/up`);
  const result = await backUp(s, 0, ['--copy-links']);
  expect(warnings(result)).toEqual([
    `${s.source}/a/up leads back to a directory it lies in: the link itself is stored.`,
    `${s.source}/loop is a link that leads nowhere: the link itself is stored.`,
    `${s.source}/lost is a link that leads nowhere: the link itself is stored.`,
  ]);
  expect(result.stdout).toContain('\nErrors 2\n');
  await good([s.url, `${s.dir}/out`]);
  const links = ['lost', 'loop', 'a/up'].map((name) => readlinkSync(`${s.dir}/out/${name}`));
  expect(links).toEqual(['nowhere', 'loop', '..']);
  await good(['verify', '--compare-data', '--copy-links', s.url, s.source]);
});

test('times before 1970 are told and counted, and verify sees the difference', async () => {
  put(s.source, { a: '1', b: '2', c: '3' });
  // Of numbers below 0 Node.js makes the present.
  const early = (seconds: number) => new Date(seconds * 1000);
  utimesSync(`${s.source}/a`, early(-86_400), early(-86_400));
  symlinkSync('a', `${s.source}/d`);
  lutimesSync(`${s.source}/d`, early(-5), early(-5));
  utimesSync(s.source, timeOfSet(-1), timeOfSet(-1));
  const result = await backUp(s, 0);
  expect(warnings(result)).toEqual([
    `2 entries of the source have a time before 1970 (the first: ${s.source}/a), which archives cannot hold. They will come back with the first second of 1970.`,
  ]);
  expect(result.stdout).toContain('\nErrors 2\n');
  const { status, stdout } = await duplicity([...PLAIN, 'verify', '--compare-data', s.url, s.source]);
  expect(status).toBe(1);
  expect(stdout).toContain('File a has mtime Wed Dec 31 00:00:00 1969, expected Thu Jan  1 00:00:00 1970');
  // What was restored is what the archive holds.
  await good([s.url, `${s.dir}/out`]);
  await good(['verify', '--compare-data', s.url, `${s.dir}/out`]);
  expect((await backUp(s, 1)).stdout).toContain('\nDeltaEntries 0\n');
  // An empty source with such a time is not taken for one that cannot be read.
  for (const name of ['a', 'b', 'c', 'd']) rmSync(`${s.source}/${name}`);
  utimesSync(s.source, early(-1), early(-1));
  await backUp(s, 2, ['full']);
});

test('times that no octal field can hold come back', async () => {
  put(s.source, { a: '1' });
  const late = 2 ** 33 + 5;
  utimesSync(`${s.source}/a`, late, late);
  await backUp(s, 0);
  await good([s.url, `${s.dir}/out`]);
  await good(['verify', '--compare-data', s.url, `${s.dir}/out`]);
  await good(['verify', '--compare-data', s.url, s.source]);
  expect((await backUp(s, 1)).stdout).toContain('\nDeltaEntries 0\n');
});

test('a regular expression that takes for ever ends the run with a sentence', async () => {
  put(s.source, { [`${'a'.repeat(60)}!`]: '1' });
  const { status, stderr } = await duplicity([...PLAIN, '--exclude-regexp', '(a+)+b', s.source, s.url]);
  expect(status).toBe(2);
  expect(stderr).toContain('The regular expression (a+)+b takes too long to match');
});

test('what the backup itself writes to is left out of its source, and the target is told', async () => {
  put(s.source, { a: '1', 'tmp/x': 'x', 'cache/y': 'y', 'backup/other/z': 'z' });
  symlinkSync('backup/mine', `${s.source}/way`);
  const target = `file://${s.source}/way`;
  mkdirSync(`${s.source}/backup/mine`);
  const own = ['--tempdir', `${s.source}/tmp`, '--archive-dir', `${s.source}/cache`, '--name', 'n'];
  const names = async (): Promise<string[]> => {
    const { stdout } = await good([...own, 'list-current-files', target]);
    return [...stdout.matchAll(/^\w{3} \w{3} .{16} (.*)$/gm)].map(([, path = '']) => path);
  };
  const inside = ['.', 'a', 'backup', 'backup/other', 'backup/other/z', 'cache', 'cache/y', 'tmp', 'tmp/x', 'way'];
  for (const k of [0, 1]) {
    const result = await good([...own, ...at(k), s.source, target]);
    expect(warnings(result)).toEqual([`${s.source}/backup/mine is where this backup is stored: it is left out.`]);
    expect(await names()).toEqual(inside);
  }
  // Whoever excludes it is told nothing.
  const quiet = await good([...own, ...at(2), '--exclude', '**/mine', s.source, target]);
  expect(warnings(quiet)).toEqual([]);
  await good([...own, ...at(3), s.source, target]);
  const { stdout } = await duplicity([...PLAIN, ...own, 'verify', '--compare-data', target, s.source]);
  expect(stdout).not.toContain('New file');
});
