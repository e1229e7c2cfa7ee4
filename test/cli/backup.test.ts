import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { run } from '../support/processes.ts';
import {
  backUp,
  command,
  duplicity,
  duplicityAfter,
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
import { timeOfSet } from '../support/times.ts';
import { NOBODY, requireAnotherUser, requireTool } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
});

/** The sets of the archive, oldest first. */
async function sets(): Promise<readonly string[]> {
  const { records } = await good(['collection-status', s.url]);
  const status = records.find(({ code, level }) => level === 'INFO' && code === 3);
  return (status?.data ?? []).flatMap((line) => /^ (full|inc) /.exec(line)?.[1] ?? []);
}

describe('a full backup and increments', () => {
  test('restore at every time to what the source was', async () => {
    const big = noise(200_000);
    put(s.source, { a: 'one', 'd/e/f': 'deep', big, empty: '', 'gone/x': 'x', dir: null });
    symlinkSync('a', `${s.source}/link`);
    chmodSync(`${s.source}/d/e/f`, 0o6750);
    const trees = [treeOf(s.source)];
    await backUp(s, 0);

    put(s.source, { a: 'two', big: Buffer.concat([big.subarray(0, 90_000), Buffer.from('!'), big]) }, timeOfSet(0));
    rmSync(`${s.source}/gone`, { recursive: true });
    put(s.source, { new: 'new' }, timeOfSet(0));
    trees.push(treeOf(s.source));
    await backUp(s, 1);

    rmSync(`${s.source}/link`);
    rmSync(`${s.source}/dir`, { recursive: true });
    put(s.source, { 'link/x': 'a directory now', dir: 'a file now', empty: 'full', gone: 'back' }, timeOfSet(1));
    renameSync(`${s.source}/d`, `${s.source}/moved`);
    trees.push(treeOf(s.source));
    await backUp(s, 2);

    for (const [k, tree] of trees.entries()) expect(await restoredTree(s, k)).toEqual(tree);
    expect(await sets()).toEqual(['full', 'inc', 'inc']);
  });

  test('in small volumes, uploaded behind the next one, are the same', async () => {
    put(s.source, { a: noise(1_500_000), b: noise(1_500_000, 2), 'c/d': 'small' });
    await backUp(s, 0, ['--volsize', '1', '--concurrency', '2']);
    put(s.source, { a: noise(1_600_000, 3), e: 'new' }, timeOfSet(0));
    await backUp(s, 1, ['--volsize', '1', '--asynchronous-upload']);
    expect(names(s.remote).filter((name) => name.includes('.vol'))).toHaveLength(5);
    expect(await restoredTree(s, 1, ['--volsize', '1'])).toEqual(treeOf(s.source));
    expect(names(`${testHome()}/tmp`)).toEqual([]);
  });

  test('follow one another when nothing is said, and full when that is', async () => {
    for (const [k, args] of [[], [], ['full'], ['inc'], ['backup']].entries()) await backUp(s, k, args);
    expect(await sets()).toEqual(['full', 'inc', 'full', 'inc', 'inc']);
  });

  test('--full-if-older-than counts from the last full', async () => {
    const now = Math.trunc(Date.now() / 1000);
    const at = (daysAgo: number): readonly string[] => ['--current-time', String(now - 86_400 * daysAgo)];
    await good([...at(10), s.source, s.url]);
    await good([...at(9), '--full-if-older-than', '30D', s.source, s.url]);
    const { stdout } = await good([...at(8), 'incr', '--full-if-older-than', '5D', s.source, s.url]);
    expect(stdout).toContain('Last full backup is too old, forcing full backup\n');
    expect(await sets()).toEqual(['full', 'inc', 'full']);
  });

  test('in one second wait for the next', async () => {
    const args = ['--current-time', String(timeOfSet(0)), s.source, s.url];
    await good(args);
    await good(args);
    await good(['full', ...args]);
    expect(await sets()).toEqual(['full', 'inc', 'full']);
  });

  test('without signatures the next one is full, and says so', async () => {
    await backUp(s, 0);
    for (const name of names(s.remote)) if (name.includes('sigtar')) rmSync(`${s.remote}/${name}`);
    const { stdout } = await backUp(s, 1);
    expect(stdout).toContain('No signatures found, switching to full backup.\n');
  });

  test('go on when the archive dir is gone', async () => {
    put(s.source, { a: 'one' });
    await backUp(s, 0);
    rmSync(`${testHome()}/.cache`, { recursive: true });
    put(s.source, { a: 'two' }, timeOfSet(0));
    const { stdout } = await backUp(s, 1);
    expect(stdout).toContain('Synchronizing remote metadata to local cache...\n');
    expect(await sets()).toEqual(['full', 'inc']);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });
});

describe('the source', () => {
  const localdir = (): string => {
    const manifest = names(s.remote).find((name) => name.endsWith('.manifest')) ?? '';
    return /^Localdir (.*)$/m.exec(readFileSync(`${s.remote}/${manifest}`, 'latin1'))?.[1] ?? '';
  };

  test.each<readonly [string, string]>([
    ['.', '.'],
    ['source', 'source'],
    ['./source//', 'source'],
    ['../up/source', '../up/source'],
  ])('may be given as %s', async (given, recorded) => {
    s = scene(`${s.dir}/up`);
    put(s.source, { a: 'one', 'd/x': 'x' });
    const cwd = given === '.' ? s.source : s.dir;
    const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k)), given, s.url];
    await good(at(0), { cwd });
    put(s.source, { a: 'two' }, timeOfSet(0));
    await good(at(1), { cwd });
    expect(localdir()).toBe(recorded);
    expect(await sets()).toEqual(['full', 'inc']);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });

  test('given as a relative path is the same one only in the same place', async () => {
    put(s.source, { 'd/a': 'one' });
    put(s.dir, { 'elsewhere/d/a': 'two' });
    const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k)), '--name', 'n'];
    const inSource = { cwd: s.source };
    await good([...at(0), 'd', s.url], inSource);
    const strange = await duplicity([...PLAIN, ...at(1), 'd', s.url], { cwd: `${s.dir}/elsewhere` });
    expect(strange.status).toBe(42);
    expect(strange.stderr).toContain(`Current directory: ${s.dir}/elsewhere/d\nPrevious directory: ${s.source}/d\n`);
    // The same directory by other names.
    await good([...at(1), 'source/d', s.url], { cwd: s.dir });
    await good([...at(2), `${s.source}/d`, s.url]);
    await good([...at(3), '.', s.url], { cwd: `${s.source}/d` });
    expect(await sets()).toEqual(['full', 'inc', 'inc', 'inc']);
    // Nothing is noted of a chain that another machine or the reference went on with, nor where the note is damaged.
    writeFileSync(`${testHome()}/.cache/duplicity/n/source`, '');
    await good([...at(4), '.', s.url], { cwd: `${s.source}/d` });
    rmSync(`${testHome()}/.cache`, { recursive: true });
    await good([...at(5), '.', s.url], { cwd: `${s.dir}/elsewhere` });
    await good([...at(6), '--allow-source-mismatch', 'd', s.url], inSource);
  });

  test('may be a single file', async () => {
    const source = `${s.dir}/file`;
    const file = { ...s, source };
    for (const [k, content] of [noise(100), noise(70_000), Buffer.alloc(0)].entries()) {
      writeFileSync(source, content);
      utimesSync(source, timeOfSet(k - 1), timeOfSet(k - 1));
      await backUp(file, k);
      expect(await restoredTree(file, k)).toEqual(treeOf(source));
    }
    const list = await good(['list-current-files', s.url]);
    expect(list.stdout).toMatch(/\d{4} \.\n$/);
  });

  test('may have a name that is no text, on the command line and inside', async () => {
    const source = Buffer.from(`${s.dir}/caf\xe9`, 'latin1');
    mkdirSync(source);
    writeFileSync(Buffer.concat([source, Buffer.from('/\xff\n', 'latin1')]), 'x');
    const prelude = `set -- "$@" "$(printf '%s/caf\\351' '${s.dir}')" '${s.url}'`;
    expect((await duplicityAfter(prelude, PLAIN)).status).toBe(0);
    // The same name again is the same source.
    const second = await duplicityAfter(prelude, [...PLAIN, '-v5']);
    expect(second.status).toBe(0);
    expect(localdir()).toMatch(/caf\xe9$/);
    const target = `${s.dir}/out`;
    await good([s.url, target]);
    expect(readdirSync(target, { encoding: 'latin1' })).toEqual(['\xff\n']);
  });

  test('that is a link is that link, a dangling one is missing', async () => {
    put(s.source, { a: 'one' });
    symlinkSync('source', `${s.dir}/way`);
    symlinkSync('nowhere', `${s.dir}/lost`);
    const { stdout } = await good([`${s.dir}/way`, s.url]);
    expect(stdout).toContain(`The source ${s.dir}/way is a symbolic link`);
    await good([s.url, `${s.dir}/out`]);
    expect(readlinkSync(`${s.dir}/out`)).toBe('source');
    expect((await duplicity([...PLAIN, `${s.dir}/lost`, s.url])).status).toBe(13);
  });

  test.each([['/'], ['/.'], ['//./']])('that is a link with %s behind it is what the link leads to', async (end) => {
    put(s.source, { a: 'one', 'd/b': 'two' });
    symlinkSync('source', `${s.dir}/way`);
    const way = { ...s, source: `${s.dir}/way${end}` };
    const { stdout } = await backUp(way, 0);
    expect(stdout).not.toContain('symbolic link');
    expect(localdir()).toBe(`${s.dir}/way`);
    put(s.source, { a: 'three' }, timeOfSet(0));
    await backUp(way, 1, ['incremental', '--exclude', `${s.dir}/way/d`]);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source).filter(({ path }) => !path.startsWith('d')));
    await good(['verify', '--compare-data', '--exclude', `${s.dir}/way/d`, s.url, way.source]);
    expect((await duplicity([...PLAIN, 'verify', '--compare-data', s.url, `${s.dir}/way`])).status).toBe(1);
  });

  test('that is a link to a file is missing with a slash behind it', async () => {
    put(s.source, { a: 'one' });
    symlinkSync('a', `${s.source}/way`);
    const { status, stderr } = await duplicity([...PLAIN, `${s.source}/way/`, s.url]);
    expect({ status, stderr }).toMatchObject({ status: 13, stderr: expect.stringContaining('it is no directory') });
  });

  test('of a no-op increment is not opened', async ({ skip }) => {
    if (!requireTool('strace')) skip();
    put(s.source, { a: noise(100_000), 'd/b': 'b' });
    await backUp(s, 0);
    const trace = `${testHome()}/trace`;
    const strace = `set -- strace -f -qq -e trace=open,openat -o '${trace}' "$@"`;
    const result = await duplicityAfter(strace, [...PLAIN, '--current-time', String(timeOfSet(1)), s.source, s.url]);
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('DeltaEntries 0\n');
    const opened = readFileSync(trace, 'latin1')
      .split('\n')
      .filter((line) => line.includes(`"${s.source}`) && !line.includes('O_DIRECTORY'));
    expect(opened).toEqual([]);
    // The trace does see what is opened.
    put(s.source, { 'd/b': 'c' }, timeOfSet(0));
    await duplicityAfter(strace, [...PLAIN, '--current-time', String(timeOfSet(2)), s.source, s.url]);
    expect(readFileSync(trace, 'latin1')).toContain(`"${s.source}/d/b", O_RDONLY`);
  });

  test('may hold a socket, which is left out', async () => {
    const server = createServer().listen(`${s.source}/socket`);
    await new Promise((resolve) => server.once('listening', resolve));
    const { records } = await good(['-v5', s.source, s.url]);
    server.close();
    expect(records).toContainEqual(
      expect.objectContaining({ level: 'INFO', code: 15, fields: `'${s.source}/socket'` }),
    );
    expect((await good(['list-current-files', s.url])).stdout).not.toContain('socket');
  });
});

describe.runIf(requireAnotherUser())('what an ordinary user may not read', () => {
  const asNobody = async (args: readonly string[]) => duplicity([...PLAIN, ...args], { uid: NOBODY });

  beforeEach(() => {
    put(s.source, { a: 'one', 'closed/x': 'x', 'closed/y': 'y', secret: 'secret' });
    mkdirSync(s.remote);
    mkdirSync(`${testHome()}/tmp`);
    for (const path of [s.dir, s.remote, testHome(), `${testHome()}/tmp`]) chmodSync(path, 0o777);
  });

  test('is told, counted as errors, and left out; the run succeeds', async () => {
    chmodSync(`${s.source}/closed`, 0o700);
    chmodSync(`${s.source}/secret`, 0o600);
    const { status, stdout, records } = await asNobody([s.source, s.url]);
    expect(status).toBe(0);
    expect(stdout).toContain('\nErrors 2\n');
    expect(records.filter(({ code }) => code === 10).map(({ level, fields }) => `${level} ${fields}`)).toEqual([
      `WARNING '${s.source}/closed'`,
      `WARNING '${s.source}/secret'`,
    ]);
    const { stdout: list } = await asNobody(['list-current-files', s.url]);
    expect(list.match(/\d{4} (.*)/g)?.map((line) => line.slice(5))).toEqual(['.', 'a']);
  });

  test('stays in the backup as it was', async () => {
    const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
    expect((await asNobody([...at(0), s.source, s.url])).status).toBe(0);
    const before = treeOf(s.source).map(({ path, sha256 }) => [path, sha256]);
    chmodSync(`${s.source}/closed`, 0o700);
    chmodSync(`${s.source}/secret`, 0o600);
    const second = await asNobody([...at(1), '-v5', s.source, s.url]);
    expect(second.stdout).toContain('\nDeletedFiles 0\n');
    expect(second.stdout).not.toMatch(/^D /m);
    expect((await asNobody([s.url, `${s.dir}/out`])).status).toBe(0);
    expect(treeOf(`${s.dir}/out`).map(({ path, sha256 }) => [path, sha256])).toEqual(before);
    // Readable again, it goes on as if nothing had been.
    chmodSync(`${s.source}/closed`, 0o755);
    chmodSync(`${s.source}/secret`, 0o644);
    rmSync(`${s.source}/closed/y`);
    put(s.source, { secret: 'new secret' }, timeOfSet(1));
    expect((await asNobody([...at(2), s.source, s.url])).stdout).toContain('\nErrors 0\n');
    expect((await asNobody([s.url, `${s.dir}/later`])).status).toBe(0);
    expect(readFileSync(`${s.dir}/later/secret`, 'utf8')).toBe('new secret');
    expect(names(`${s.dir}/later/closed`)).toEqual(['x']);
  });
});

describe('a dry run', () => {
  test('of a backup says what it would do and writes nothing', async () => {
    put(s.source, { a: 'one', b: 'two' });
    const before = (): unknown => [names(s.remote), names(`${testHome()}/tmp`), treeOf(s.source)];
    const nothing = before();
    const full = await good(['--dry-run', '-v5', s.source, s.url]);
    expect(full.stdout).toMatch(/^A \.$.*^A a$.*^A b$/ms);
    expect(full.stdout).toContain('\nNewFiles 3\n');
    expect(full.stdout).toContain('\nRawDeltaSize 0 (0 bytes)\n');
    expect(before()).toEqual(nothing);

    await backUp(s, 0);
    const stored = before();
    // The lock comes and goes, which shows in the time of its directory only.
    const archive = (): unknown => treeOf(`${testHome()}/.cache`).filter(({ type }) => type !== 'dir');
    const cached = archive();
    put(s.source, { a: 'changed' }, timeOfSet(0));
    rmSync(`${s.source}/b`);
    utimesSync(s.source, timeOfSet(0), timeOfSet(0));
    const inc = await good(['--dry-run', '-v5', s.source, s.url]);
    expect(inc.stdout).toMatch(/^A \.$.*^M a$.*^D b$/ms);
    expect(inc.stdout).toMatch(/\nNewFiles 1\n.*\nDeletedFiles 1\nChangedFiles 1\n/s);
    expect(before()).not.toEqual(stored);
    rmSync(`${s.source}/a`);
    expect(names(s.remote)).toEqual((stored as [string[]])[0]);
    expect(archive()).toEqual(cached);
  });

  test('needs no passphrase where nothing has to be decrypted', async () => {
    put(s.source, { a: 'one' });
    const { status, stderr } = await duplicity(['--dry-run', '--encrypt-key', 'ABCDEF01', s.source, s.url]);
    expect([status, stderr]).toEqual([0, '']);
    expect(names(s.remote)).toEqual([]);
  });
});

describe('temporary files', () => {
  test.each<readonly [string, (dir: string) => readonly string[], (dir: string) => Record<string, string>]>([
    ['--tempdir', (dir) => ['--tempdir', dir], () => ({})],
    ['TMPDIR', () => [], (dir) => ({ TMPDIR: dir })],
  ])('go where %s says, and are gone afterwards', async (_what, args, env) => {
    const dir = `${s.dir}/temporary`;
    mkdirSync(dir);
    utimesSync(dir, 5, 5);
    put(s.source, { a: noise(10_000) });
    await good([...args(dir), s.source, s.url], { env: env(dir) });
    expect(readdirSync(dir)).toEqual([]);
    expect(statSync(dir).mtimeMs).not.toBe(5000);
  });
});

describe('output that nobody takes', () => {
  test('does not fail the run', async () => {
    for (let i = 0; i < 500; i++) writeFileSync(`${s.source}/${i}${'n'.repeat(200)}`, '');
    const script = '{ "$@"; echo $? > "$HOME/status"; } | head -c 1';
    const words = [...(await command()), ...PLAIN, '-v9', s.source, s.url];
    const { stdout } = await run('sh', ['-c', script, 'sh', ...words]);
    expect(stdout).toHaveLength(1);
    expect(readFileSync(`${testHome()}/status`, 'utf8')).toBe('0\n');
    expect(await sets()).toEqual(['full']);
  });
});
