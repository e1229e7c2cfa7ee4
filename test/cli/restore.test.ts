import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { storeSet, tarOf } from '../support/crafted.ts';
import { testHome } from '../support/home.ts';
import { backUp, duplicity, good, names, noise, PLAIN, put, type Scene, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { NOBODY, requireAnotherUser } from '../support/tools.ts';

/** One archive for all: two sets, the second in two volumes. */
let s: Scene;
let home: string;
const trees: ReturnType<typeof treeOf>[] = [];

beforeAll(async () => {
  home = tempDir();
  s = scene();
  put(s.source, { a: 'one', 'd/x': 'x', 'd/y/z': 'z', 'd.txt': 'beside d', empty: null });
  symlinkSync('a', `${s.source}/link`);
  trees.push(treeOf(s.source));
  await backUp(s, 0, [], { home });
  put(s.source, { a: 'two', 'd/x': noise(1_200_000), 'd/y/new': 'new' }, timeOfSet(0));
  trees.push(treeOf(s.source));
  await backUp(s, 1, ['--volsize', '1'], { home });
});

let target: string;
beforeEach(() => {
  target = `${tempDir()}/out`;
});

const restore = (...args: readonly string[]) => good([...args, s.url, target], { home });
const failing = (...args: readonly string[]) => duplicity([...PLAIN, ...args, s.url, target], { home });

describe('what is restored', () => {
  test('is the newest state, or that of a time', async () => {
    await restore('restore');
    expect(treeOf(target)).toEqual(trees[1]);
    rmSync(target, { recursive: true });
    await restore('--time', String(timeOfSet(1) - 1));
    expect(treeOf(target)).toEqual(trees[0]);
    rmSync(target, { recursive: true });
    await restore('-t', '2023-11-14T22:13:20Z');
    expect(treeOf(target)).toEqual(trees[0]);
  });

  test('may be one file, link or directory, to which the path may lead', async () => {
    for (const [path, check] of [
      ['a', () => expect(readFileSync(target, 'utf8')).toBe('two')],
      ['link', () => expect(readlinkSync(target)).toBe('a')],
      ['d/x', () => expect(readFileSync(target).equals(noise(1_200_000))).toBe(true)],
      ['d/y/z', () => expect(readFileSync(target, 'utf8')).toBe('z')],
      ['d', () => expect(names(target)).toEqual(['x', 'y'])],
      ['d/y', () => expect(names(target)).toEqual(['new', 'z'])],
      ['empty', () => expect(names(target)).toEqual([])],
    ] as const) {
      await restore('--file-to-restore', path);
      check();
      expect(treeOf(target)).toEqual(treeOf(`${s.source}/${path}`));
      rmSync(target, { recursive: true });
    }
    await restore('--path-to-restore', 'a', '--time', String(timeOfSet(0)));
    expect(readFileSync(target, 'utf8')).toBe('one');
  });

  test.each(['./d/y/z', 'd//y/z', 'd/./y/./z', '/d/y/z', 'd/y/z/'])('may be named as %s', async (path) => {
    await restore('--file-to-restore', path);
    expect(readFileSync(target, 'utf8')).toBe('z');
    await good(['verify', '--compare-data', '--file-to-restore', path, s.url, target], { home });
  });

  test.each(['.', './', '/', './/.'])('is all of it for %s', async (path) => {
    await restore('--file-to-restore', path);
    expect(treeOf(target)).toEqual(trees[1]);
  });

  test('is what is called so before it is what a variable or ~ stands for', async () => {
    const other = scene();
    const odd = ['$HOME', '$USER.txt', '${USER}', '~', '~root', 'a $PATH b', '~$doc.docx', 'x~'];
    put(other.source, { ...Object.fromEntries(odd.map((name) => [name, name])), [`me/doc`]: 'by variable' });
    await backUp(other, 0, [], { home });
    const env = { USER: 'me', PLACE: 'me' };
    const one = async (path: string): Promise<string> => {
      const out = `${tempDir()}/out`;
      await good(['restore', '--file-to-restore', path, other.url, out], { home, env });
      await good(['verify', '--compare-data', '--file-to-restore', path, other.url, out], { home, env });
      return readFileSync(out, 'utf8');
    };
    for (const name of odd) expect(await one(name)).toBe(name);
    expect(await one('$PLACE/doc')).toBe('by variable');
    const history = await good(['collection-status', '--file-changed', './$USER.txt', other.url], { home, env });
    expect(history.stdout).toContain('File: $USER.txt\n');
    expect(history.stdout).toMatch(/Full .* New$/m);
  });

  test('reads only the volumes it needs', async () => {
    const { stdout } = await restore('restore', '--dry-run', '--file-to-restore', 'a');
    expect(stdout).toMatch(
      /^Required volumes to restore:\n\tduplicity-full\.\S+\.vol1\.difftar\.gz\n\tduplicity-inc\.\S+\.vol1\.difftar\.gz\n$/m,
    );
    expect(names(tempDir())).toEqual([]);
    expect(lstatSync(target, { throwIfNoEntry: false })).toBeUndefined();
    const all = await restore('restore', '--dry-run');
    expect(all.stdout.match(/\t.*vol\d/g)).toHaveLength(3);
  });

  test('may go into a directory of a directory that is not there, and to a relative path', async () => {
    target = `${target}/deep/down`;
    await restore('--file-to-restore', 'd/y/z');
    expect(readFileSync(target, 'utf8')).toBe('z');
    const cwd = tempDir();
    await good([s.url, 'here'], { home, cwd });
    expect(treeOf(`${cwd}/here`)).toEqual(trees[1]);
  });

  test('may be called otherwise', async () => {
    await restore('--rename', 'd', 'moved/away', '--rename', 'a', 'b');
    expect(names(target)).toEqual(['b', 'd.txt', 'empty', 'link', 'moved']);
    expect(readFileSync(`${target}/b`, 'utf8')).toBe('two');
    expect(readFileSync(`${target}/moved/away/y/z`, 'utf8')).toBe('z');
    expect(statSync(`${target}/moved/away/y`).mtimeMs / 1000).toBe(timeOfSet(0));
  });
});

describe('--rename', () => {
  test('into a directory that was written before leaves it its time', async () => {
    await restore('--rename', 'link', 'd/link', '--rename', 'd.txt', 'd/y/txt');
    expect(names(`${target}/d`)).toEqual(['link', 'x', 'y']);
    for (const path of ['d', 'd/y']) {
      expect(statSync(`${target}/${path}`).mtimeMs).toBe(statSync(`${s.source}/${path}`).mtimeMs);
    }
  });

  test('of two entries to one name says that one is lost, and fails', async () => {
    const result = await failing('restore', '--rename', 'd.txt', 'a');
    expect(result.status).toBe(101);
    expect(result.stdout + result.stderr).toMatch(
      /^Error '--rename gives it the place of another entry.* processing a$/m,
    );
    expect(result.stderr).toContain('The restore is incomplete: 1 entry');
    expect(readFileSync(`${target}/a`, 'utf8')).toBe('beside d');
  });
});

describe('what is not in the archive', () => {
  const hintFor = async (...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await failing(...args);
    expect([status, stderr]).toEqual([19, expect.stringMatching(/ not found in archive - no files restored\.\n/)]);
    expect(names(dirname(target))).toEqual([]);
    return stderr;
  };

  test('is said, with what may have been meant, and nothing is made', async () => {
    expect(await hintFor('--file-to-restore', 'nowhere')).toContain('list-current-files shows them');
    expect(await hintFor('--file-to-restore', `${s.source}/d/x`)).toMatch(
      / relative to \S+\/source, .* name d\/x instead/,
    );
    expect(await hintFor('--file-to-restore', 'Z')).toContain('Did you mean d/y/z?');
    expect(await hintFor('--file-to-restore', 'D')).toContain('Did you mean d?');
  });

  test('at this time, but at another, is told so', async () => {
    const early = await hintFor('--file-to-restore', 'd/y/new', '--time', String(timeOfSet(0)));
    expect(early).toContain('It is there from the backup of 20231115T221320Z on');
    const other = scene();
    put(other.source, { keep: '', 'g/one': 'one' });
    await backUp(other, 0, [], { home });
    rmSync(`${other.source}/g`, { recursive: true });
    await backUp(other, 1, [], { home });
    const late = await duplicity([...PLAIN, '--file-to-restore', 'g/one', other.url, target], { home });
    expect(late.stderr).toContain(
      'It was gone in the backup of 20231115T221320Z; the one before has it: add --time 20231114',
    );
  });

  test('is an error of a verification too', async () => {
    const { status, stderr } = await duplicity([...PLAIN, 'verify', '--file-to-restore', 'dd', s.url, s.source], {
      home,
    });
    expect([status, stderr]).toEqual([19, expect.stringContaining('dd not found in archive')]);
  });

  test('names no .. above the root', async () => {
    expect((await failing('--file-to-restore', '../a')).status).toBe(2);
  });
});

describe('a target that exists', () => {
  test('is fine when it is an empty directory', async () => {
    mkdirSync(target);
    await restore();
    expect(treeOf(target)).toEqual(trees[1]);
  });

  test('is fine when it is a new file system, or a link to an empty directory; that stays a link', async () => {
    put(`${target}-real`, { 'lost+found': null });
    symlinkSync(`${target}-real`, target);
    await restore();
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
    rmSync(`${target}-real/lost+found`, { recursive: true });
    utimesSync(`${target}-real`, timeOfSet(0), timeOfSet(0));
    expect(treeOf(`${target}-real`)).toEqual(trees[1]);
    expect((await failing()).status).toBe(11);
  });

  test('as a pipe or device never gives way', async () => {
    execFileSync('mkfifo', [target]);
    const { status, stderr } = await failing('--force', '--file-to-restore', 'd/y/z');
    expect([status, stderr]).toEqual([11, expect.stringContaining('A device or pipe does not give way to a file')]);
    expect(lstatSync(target).isFIFO()).toBe(true);
  });

  test.each(['empty', 'with something in it', 'behind a link'])(
    'as a directory, %s, takes a file in; what has its name is replaced with --force only, a directory never',
    async (kind) => {
      const real = kind === 'behind a link' ? `${target}-real` : target;
      put(real, kind === 'empty' ? { '': null } : { mine: 'mine' });
      if (real !== target) symlinkSync(real, target);
      const others = names(real);
      await restore('--file-to-restore', 'd/y/z');
      expect([names(real), readFileSync(`${target}/z`, 'utf8')]).toEqual([[...others, 'z'], 'z']);
      await good(['verify', '--compare-data', '--file-to-restore', 'd/y/z', s.url, target], { home });
      writeFileSync(`${target}/z`, 'mine');
      const refused = await failing('--file-to-restore', 'd/y/z');
      expect([refused.status, refused.stderr]).toEqual([11, expect.stringContaining(`${target}/z already exists`)]);
      await restore('--force', '--file-to-restore', 'd/y/z');
      expect([names(real), readFileSync(`${target}/z`, 'utf8')]).toEqual([[...others, 'z'], 'z']);
      rmSync(`${target}/z`);
      mkdirSync(`${target}/z`);
      expect((await failing('--force', '--file-to-restore', 'd/y/z')).status).toBe(11);
      expect(names(`${target}/z`)).toEqual([]);
    },
  );

  test('is written over with --force, and what else it holds stays', async () => {
    put(target, { a: 'mine', 'd/mine': 'mine', 'd/y': 'a file', kept: 'kept' });
    symlinkSync('/nowhere', `${target}/empty`);
    await restore('--force');
    expect(names(target)).toEqual(['a', 'd', 'd.txt', 'empty', 'kept', 'link']);
    expect(readFileSync(`${target}/a`, 'utf8')).toBe('two');
    expect(readFileSync(`${target}/d/mine`, 'utf8')).toBe('mine');
    expect(names(`${target}/d/y`)).toEqual(['new', 'z']);
    expect(lstatSync(`${target}/empty`).isDirectory()).toBe(true);
    rmSync(target, { recursive: true });
    writeFileSync(target, 'mine');
    await restore('--force', '--file-to-restore', 'a');
    expect(readFileSync(target, 'utf8')).toBe('two');
  });

  /** Where a link to a directory leads; any other is itself. */
  const realpathOf = (path: string): string =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? realpathSync(path) : path;

  const kinds: readonly (readonly [string, () => void])[] = [
    ['a file', () => writeFileSync(target, 'mine')],
    ['a dangling link', () => symlinkSync(`${target}-gone`, target)],
    ['a link to a file', () => (writeFileSync(`${target}-real`, 'mine'), symlinkSync(`${target}-real`, target))],
    ['a link to a directory', () => (put(`${target}-real`, { mine: 'mine' }), symlinkSync(`${target}-real`, target))],
    ['an empty directory', () => mkdirSync(target)],
    ['a directory with something in it', () => put(target, { mine: 'mine' })],
  ];

  test.each(kinds)(
    'as %s gives way to the path that is restored, with --force, unless it is a directory',
    async (kind, make) => {
      const outside = (): unknown => (existsSync(`${target}-real`) ? treeOf(`${target}-real`) : undefined);
      for (const path of ['a', 'link', 'd/y']) {
        for (const name of [target, `${target}-real`]) rmSync(name, { recursive: true, force: true });
        make();
        const before = outside();
        const isDirectory = path === 'd/y';
        const isTaken = !/directory/.test(kind) || (isDirectory && kind !== 'an empty directory');
        const refused = await failing('restore', '--file-to-restore', path);
        expect(refused.status).toBe(isTaken ? 11 : 0);
        if (!isTaken && !isDirectory) continue;
        expect((await failing('restore', '--force', '--path-to-restore', path)).status).toBe(0);
        // A directory joins what is there, also behind a link to one; anything else is not written through a link.
        const kept = isDirectory && /directory/.test(kind) && kind !== 'an empty directory';
        expect(existsSync(`${target}/mine`)).toBe(kept);
        if (kept) rmSync(`${target}/mine`);
        const content = (tree: ReturnType<typeof treeOf>): unknown => tree.map(({ path, sha256 }) => [path, sha256]);
        expect(content(treeOf(realpathOf(target)))).toEqual(content(treeOf(`${s.source}/${path}`)));
        expect([existsSync(`${target}-gone`), outside()]).toEqual([false, isDirectory ? outside() : before]);
      }
    },
  );

  test('below a directory that is a file is told in one sentence', async () => {
    writeFileSync(target, 'mine');
    target = `${target}/below`;
    const { status, stderr } = await failing('restore', '--force');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/^The directory for .*\/out\/below cannot be made: .*\nName a target /);
  });

  test('is not touched without, whatever it is', async () => {
    put(target, { a: 'mine' });
    const before = treeOf(target);
    expect((await failing()).status).toBe(11);
    expect((await failing('--file-to-restore', 'a')).status).toBe(11);
    expect((await failing('--file-to-restore', 'd')).status).toBe(11);
    expect(treeOf(target)).toEqual(before);
  });
});

describe('damage', () => {
  /** A copy of the archive, to be spoilt. */
  const copy = (): Scene => {
    const dir = tempDir();
    mkdirSync(`${dir}/remote`);
    for (const name of names(s.remote)) writeFileSync(`${dir}/remote/${name}`, readFileSync(`${s.remote}/${name}`));
    return scene(dir);
  };
  const spoil = ({ remote }: Scene, part: string, how: 'garble' | 'remove'): void => {
    const name = names(remote).find((name) => name.includes(part)) ?? '';
    if (how === 'remove') rmSync(`${remote}/${name}`);
    else writeFileSync(`${remote}/${name}`, 'garbled');
  };

  test.each(['garble', 'remove'] as const)(
    'of one volume (%s) loses its files only, with --ignore-errors',
    async (how) => {
      const spoilt = copy();
      spoil(spoilt, '.vol2.', how);
      const result = await duplicity([...PLAIN, '--ignore-errors', spoilt.url, target]);
      expect(result.status).toBe(101);
      expect(result.stdout).toContain('IGNORED_ERROR');
      expect(readFileSync(`${target}/a`, 'utf8')).toBe('two');
      expect(readFileSync(`${target}/link`, 'utf8')).toBe('two');
      // It was split over both volumes: half of it is worth nothing.
      expect(names(`${target}/d`)).not.toContain('x');
      expect(result.stderr).toContain('The restore is incomplete:');
    },
  );

  test('of the full loses what is based on it', async () => {
    const spoilt = copy();
    spoil(spoilt, 'full.20231114T221320Z.vol1', 'garble');
    const result = await duplicity([...PLAIN, '--ignore-errors', spoilt.url, target]);
    expect(result.status).toBe(101);
    expect(names(target)).toEqual(['d']);
    expect(result.stdout).toMatch(/IGNORED_ERROR: a cannot be rebuilt: the archive holds only a delta/);
  });
});

test('selection options have no effect on a restore, and it says so', async () => {
  const { stdout } = await restore('--exclude', '**');
  expect(stdout).toMatch(/^Command line warning: Selection options/m);
  expect(treeOf(target)).toEqual(trees[1]);
});

test('a metadata cache that is lost or foreign is fetched again', async () => {
  rmSync(`${home}/.cache`, { recursive: true });
  const { stdout } = await restore('-v3');
  expect(stdout).toContain('Synchronizing remote metadata to local cache...\nCopying duplicity-full.');
  expect(treeOf(target)).toEqual(trees[1]);
});

describe('verify', () => {
  const verify = async (...args: readonly string[]) => {
    const { status, stdout } = await duplicity([...PLAIN, 'verify', ...args], { home });
    return { status, lines: stdout.split('\n').filter((line) => /^(Difference|Verify)/.test(line)) };
  };

  test('finds every kind of difference, one per path, with --compare-data', async () => {
    await restore();
    const same = await verify('--compare-data', s.url, target);
    expect(same).toEqual({ status: 0, lines: ['Verify complete: 10 files compared, 0 differences found.'] });
    chmodSync(`${target}/a`, 0o600);
    put(target, { 'd/x': noise(1_200_000, 5) }, timeOfSet(0));
    put(target, { 'd/y/new': 'new', 'd/y/extra': '' }, timeOfSet(0));
    utimesSync(`${target}/d/y/z`, 5, 5);
    rmSync(`${target}/d.txt`);
    rmSync(`${target}/empty`, { recursive: true });
    writeFileSync(`${target}/empty`, '');
    rmSync(`${target}/link`);
    symlinkSync('b', `${target}/link`);
    utimesSync(target, timeOfSet(0), timeOfSet(0));
    const { status, lines } = await verify('--compare-data', s.url, target);
    expect(status).toBe(1);
    expect(lines.map((line) => line.replace(/\d+:\d+/g, 'U:G'))).toEqual([
      'Difference found: File a has permissions U:G 600, expected U:G 644',
      'Difference found: Data for file d/x is different',
      'Difference found: New file d/y/extra',
      expect.stringMatching(/^Difference found: File d\/y\/z has mtime Thu Jan {2}1 .*, expected Mon Nov 13 /),
      'Difference found: File d.txt is missing',
      'Difference found: File empty has type reg, expected dir',
      'Difference found: Symlink link points to b, expected a',
      'Verify complete: 11 files compared, 7 differences found.',
    ]);
  });

  test('without it reads the volumes and finds none', async () => {
    expect(await verify(s.url, tempDir())).toEqual({
      status: 0,
      lines: ['Verify complete: 10 files compared, 0 differences found.'],
    });
  });

  test('may be of one file or directory', async () => {
    await restore('--file-to-restore', 'd/y');
    expect((await verify('--compare-data', '--file-to-restore', 'd/y', s.url, target)).lines).toEqual([
      'Verify complete: 3 files compared, 0 differences found.',
    ]);
    writeFileSync(`${target}/z`, '!');
    const { status, lines } = await verify('--compare-data', '--file-to-restore', 'd/y/z', s.url, `${target}/z`);
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe('Verify complete: 1 file compared, 1 difference found.');
  });

  test('goes on behind a file whose deltas are damaged, with --ignore-errors', async () => {
    const other = scene();
    put(other.source, { a: 'good', b: 'hurt', c: 'good' });
    const crafted = ['a', 'b', 'c'].map((path) => ({ name: `snapshot/${path}`, body: 'good' }));
    storeSet(other.remote, 0, tarOf([{ name: 'snapshot/', type: 'dir' }, ...crafted]));
    storeSet(other.remote, 1, tarOf([{ name: 'diff/b', body: 'no delta' }]));
    const differing = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.includes('Data'));
    const stopped = await duplicity([...PLAIN, 'verify', other.url, other.source], { home });
    expect(stopped.status).not.toBe(0);
    expect(stopped.stdout).not.toContain('Verify complete');
    const tolerant = await duplicity([...PLAIN, 'verify', '--ignore-errors', other.url, other.source], { home });
    expect(tolerant.status).toBe(1);
    expect(tolerant.stdout).toMatch(/IGNORED_ERROR: The delta of b is damaged/);
    expect(tolerant.stdout).toContain('Verify complete: 4 files compared, 0 differences found.');
    const compared = await verify('--ignore-errors', '--compare-data', other.url, other.source);
    expect(compared.status).toBe(1);
    expect(compared.lines.at(-1)).toMatch(/^Verify complete: 4 files compared, [1-9] differences? found/);
    expect(differing(compared.lines)).toEqual(['Difference found: Data for file b is damaged in the archive']);
  });

  test('leaves out here what is not selected', async () => {
    await restore();
    const { lines } = await verify('--compare-data', '--exclude', `${target}/d`, s.url, target);
    expect(lines.filter((line) => line.startsWith('Diff'))).toEqual(
      ['d', 'd/x', 'd/y', 'd/y/new', 'd/y/z'].map((path) => `Difference found: File ${path} is missing`),
    );
  });
});

describe.runIf(requireAnotherUser())('an ordinary user', () => {
  test('gets the content, modes and times of what others own, and one warning', async () => {
    const other = scene();
    put(other.source, { secret: 'secret', open: 'open' });
    for (const path of ['', 'secret', 'open']) chownSync(`${other.source}/${path}`, 1, 1);
    chmodSync(`${other.source}/secret`, 0o600);
    await backUp(other, 0);
    for (const dir of [other.dir, other.remote, testHome(), `${testHome()}/tmp`]) chmodSync(dir, 0o777);
    const result = await duplicity([...PLAIN, '--archive-dir', `${testHome()}/mine`, other.url, `${other.dir}/out`], {
      uid: NOBODY,
    });
    expect([result.status, result.stderr]).toEqual([0, '']);
    const refused = result.records.filter(({ level, code }) => level === 'WARNING' && code === 12);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.text).toContain('[Errno 1]');
    const secret = statSync(`${other.dir}/out/secret`);
    expect([secret.uid, secret.mode & 0o777, secret.mtimeMs / 1000]).toEqual([NOBODY, 0o600, timeOfSet(-1)]);

    const quiet = await duplicity(
      [...PLAIN, '--archive-dir', `${testHome()}/mine`, '--do-not-restore-ownership', other.url, `${other.dir}/out2`],
      { uid: NOBODY },
    );
    expect(quiet.status).toBe(0);
    expect(quiet.records.filter(({ level }) => level === 'WARNING')).toEqual([]);
  });

  test('is told in one sentence that nothing can be written into the target', async () => {
    await backUp(s, 2, [], { home: testHome() });
    for (const dir of [s.dir, s.remote, testHome(), `${testHome()}/tmp`]) chmodSync(dir, 0o777);
    const closed = tempDir();
    put(closed, { 'd/y': null, kept: 'kept' });
    const words = ['--force', '--archive-dir', `${testHome()}/mine`, s.url, closed];
    const { status, stdout, stderr } = await duplicity([...PLAIN, ...words], { uid: NOBODY });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^Nothing can be put at \S+: EACCES.*\nName a target /),
    ]);
    expect(stdout.match(/processing/g) ?? []).toHaveLength(0);
    expect(names(closed)).toEqual(['d', 'kept']);
  });

  test('is told in one sentence that the target cannot be made', async () => {
    await backUp(s, 2, [], { home: testHome() });
    for (const dir of [s.dir, s.remote, testHome(), `${testHome()}/tmp`]) chmodSync(dir, 0o777);
    const closed = tempDir();
    chmodSync(closed, 0o755);
    const result = await duplicity([...PLAIN, '--archive-dir', `${testHome()}/mine`, s.url, `${closed}/some/where`], {
      uid: NOBODY,
    });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/^The directory for .*\/some\/where cannot be made: EACCES.*\nName a target /);
  });
});
