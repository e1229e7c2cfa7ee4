import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp.ts';
import type { Event } from '../events/events.ts';
import type { Rule } from '../selection/rules.ts';
import { buildSelection } from '../selection/selection.ts';
import { bytePath, comparePaths } from '../util/bytepath.ts';
import { localAccounts } from './accounts.ts';
import { inspectRoot } from './root.ts';
import type { SourceEntry } from './source-entry.ts';
import { walkSource } from './walk.ts';

const isRoot = process.getuid?.() === 0;
const hasMountPoint = existsSync('/proc') && lstatSync('/proc').dev !== lstatSync('/').dev;

interface Setup {
  readonly rules?: readonly Rule[];
  readonly copyLinks?: boolean;
  /** Called after each entry. */
  readonly after?: (entry: SourceEntry) => void;
}

function walk(root: string, { rules = [], copyLinks = false, after = () => {} }: Setup = {}) {
  const path = bytePath(root);
  const events: Event[] = [];
  const counters = { errors: 0 };
  const emit = (event: Event): void => void events.push(event);
  const selection = buildSelection(rules, {
    root: path,
    ...inspectRoot(path, copyLinks ? 'follow' : 'keep'),
    nullSeparator: false,
    emit,
  });
  const entries: SourceEntry[] = [];
  for (const entry of walkSource({ root: path, selection, copyLinks, accounts: localAccounts(), emit, counters })) {
    entries.push(entry);
    after(entry);
  }
  return { entries, paths: entries.map((entry) => entry.path), events, errors: counters.errors };
}

/** Files by name; a name that ends in `/` is a directory. */
function tree(...names: string[]): string {
  const dir = tempDir();
  for (const name of names) {
    const path = Buffer.from(`${dir}/${name}`, 'latin1');
    if (name.endsWith('/')) mkdirSync(path);
    else writeFileSync(path, 'content');
  }
  return dir;
}

function entryOf(entries: readonly SourceEntry[], path: string): SourceEntry {
  const found = entries.find((entry) => entry.path === path);
  if (found === undefined) throw new Error(`no entry ${path}`);
  return found;
}

const exclude = (pattern: string): Rule => ({ kind: 'glob', sense: 'exclude', pattern });

describe('a walk', () => {
  test.each([['gone'], ['moved away']])('of a root that is %s at the end fails', (how) => {
    const root = tree('a', 'b/', 'b/c');
    const after = ({ path }: SourceEntry): void => {
      if (path !== 'b/c') return;
      if (how === 'gone') rmSync(root, { recursive: true });
      else renameSync(root, `${root}-away`);
    };
    expect(() => walk(root, { after })).toThrow(`The source ${root} was taken away while it was read.`);
  });

  test.skipIf(!hasMountPoint)('fails when another file system lies at its root at the end', () => {
    const dir = tree('here/', 'here/a');
    symlinkSync('here', `${dir}/root`);
    const after = ({ path }: SourceEntry): void => {
      if (path !== '') return;
      rmSync(`${dir}/root`);
      symlinkSync('/proc', `${dir}/root`);
    };
    expect(() => walk(`${dir}/root`, { copyLinks: true, after })).toThrow('was taken away while it was read.');
  });

  test('goes in index order, which is not the order of path strings', () => {
    const root = tree('a/', 'a/z', 'a b', 'a-b', 'a.b', 'a0/', 'a0/x', 'B', '\u00ff', '\u00c3\u00a9');
    const { paths } = walk(root);
    expect(paths).toEqual(
      ['', 'B', 'a', 'a/z', 'a b', 'a-b', 'a.b', 'a0', 'a0/x', '\u00c3\u00a9', '\u00ff'].toSorted(comparePaths),
    );
    expect(paths.indexOf(bytePath('a/z'))).toBeLessThan(paths.indexOf(bytePath('a b')));
  });

  test('keeps names of any bytes, below directories of any bytes', () => {
    const root = tree('\u00fe\u00ff/', '\u00fe\u00ff/\u0001\n', '\u00fe\u00ff/\u00e9');
    expect(walk(root).paths).toEqual(['', '\u00fe\u00ff', '\u00fe\u00ff/\u0001\n', '\u00fe\u00ff/\u00e9']);
  });

  test('tells what the system says about each object', () => {
    const root = tree('file', 'dir/');
    symlinkSync(Buffer.from('to \u00ff', 'latin1'), `${root}/link`);
    spawnSync('mkfifo', [`${root}/fifo`]);
    chmodSync(`${root}/file`, 0o4751);
    utimesSync(`${root}/file`, 1_500_000_000.75, 1_500_000_000.75);
    const { entries } = walk(root);
    const { uid, gid, ino, dev, ctimeMs } = lstatSync(`${root}/file`);
    const accounts = localAccounts();
    expect(entryOf(entries, 'file')).toEqual({
      path: 'file',
      meta: {
        type: 'reg',
        mode: 0o4751,
        uid,
        gid,
        uname: accounts.userName(uid),
        gname: accounts.groupName(gid),
        mtime: 1_500_000_000,
        size: 7,
        link: '',
        major: 0,
        minor: 0,
      },
      device: dev,
      inode: ino,
      ctime: Math.floor(ctimeMs / 1000),
    });
    expect(entryOf(entries, 'link').meta).toMatchObject({ type: 'sym', link: 'to \u00ff' });
    expect(entryOf(entries, 'dir').meta.type).toBe('dir');
    expect(entryOf(entries, 'fifo').meta.type).toBe('fifo');
  });

  test.skipIf(!isRoot)('knows device numbers and owners of any size', () => {
    const root = tree('own');
    spawnSync('mknod', [`${root}/chr`, 'c', '1', '3']);
    spawnSync('mknod', [`${root}/blk`, 'b', '7', '300']);
    chownSync(`${root}/own`, 4_294_967_294, 2_097_152);
    const { entries } = walk(root);
    expect(entryOf(entries, 'chr').meta).toMatchObject({ type: 'chr', major: 1, minor: 3 });
    expect(entryOf(entries, 'blk').meta).toMatchObject({ type: 'blk', major: 7, minor: 300 });
    expect(entryOf(entries, 'own').meta).toMatchObject({ uid: 4_294_967_294, gid: 2_097_152, uname: '', gname: '' });
  });

  test('gives hard links as separate files', () => {
    const root = tree('a');
    linkSync(`${root}/a`, `${root}/b`);
    expect(walk(root).paths).toEqual(['', 'a', 'b']);
  });

  test('skips sockets with a word', async () => {
    const root = tree('a');
    const server = createServer().listen(`${root}/sock`);
    await once(server, 'listening');
    const { paths, events, errors } = walk(root);
    server.close();
    expect(paths).toEqual(['', 'a']);
    expect(events).toEqual([{ kind: 'socketSkipped', path: `${root}/sock` }]);
    expect(errors).toBe(0);
  });

  test('takes a file, a link or a directory called / as the root', () => {
    const root = tree('a');
    symlinkSync('a', `${root}/link`);
    expect(walk(`${root}/a`).entries.map(({ meta }) => meta.type)).toEqual(['reg']);
    expect(walk(`${root}/link`).entries.map(({ meta }) => meta.type)).toEqual(['sym']);
    const top = walkSource({
      root: bytePath('/'),
      selection: {
        decide: (path) => (path === '/etc' ? 'include' : 'exclude'),
        explain: () => never(),
        filesFrom: undefined,
        idleLists: () => [],
      },
      copyLinks: false,
      accounts: localAccounts(),
      emit: () => {},
      counters: { errors: 0 },
    });
    expect([...top].map(({ path }) => path)).toEqual(['', 'etc']);
  });

  test('of a root that is not there fails', () => {
    const root = tree();
    expect(() => walk(`${root}/none`)).toThrow(expect.objectContaining({ code: 'BACKUP_DIR_MISSING' }));
  });

  test('goes deeper than a stack or a path can', () => {
    const root = tree();
    // Relative steps, as the whole path is too long for the system.
    const program = 'import os\nfor i in range(2100): os.mkdir("d"); os.chdir("d")';
    expect(spawnSync('python3', ['-c', program], { cwd: root }).status).toBe(0);
    const { paths, events, errors } = walk(root);
    expect(paths.length).toBeGreaterThan(2000);
    expect(events).toEqual([expect.objectContaining({ kind: 'warning', code: 'cannotStat' })]);
    expect(errors).toBe(1);
    spawnSync('rm', ['-rf', root]);
  });

  test('goes on past names and directories that vanish under it', () => {
    const root = tree('a', 'b/', 'c');
    const { paths, events, errors } = walk(root, {
      after: ({ path }) => {
        if (path === 'a') rmSync(`${root}/b`, { recursive: true });
      },
    });
    expect(paths).toEqual(['', 'a', 'c']);
    expect(events).toEqual([{ kind: 'info', text: `${root}/b has just been removed` }]);
    expect(errors).toBe(0);
  });
});

describe('under a selection, a walk', () => {
  const include = (pattern: string): Rule => ({ kind: 'glob', sense: 'include', pattern });

  test('gives scanned directories only above something included, in order', () => {
    const root = tree('a/', 'a/b/', 'a/b/x', 'a/b/y', 'a/c/', 'a/c/z', 'd/', 'd/e/');
    const rules = [include(`${root}/**/y`), include(`${root}/**/z`), exclude('**')];
    expect(walk(root, { rules }).paths).toEqual(['', 'a', 'a/b', 'a/b/y', 'a/c', 'a/c/z']);
  });

  test('reads a directory once for its marker and its contents', () => {
    const root = tree('a/', 'a/x', 'b/', 'b/.no', 'b/x');
    expect(walk(root, { rules: [{ kind: 'if-present', name: '.no' }] }).paths).toEqual(['', 'a', 'a/x']);
  });

  test('visits nothing but the listed files and their parents', () => {
    const root = tree('a/', 'a/x', 'a/y', 'b', 'c');
    const rules: Rule[] = [{ kind: 'files-from', name: 'l', content: Buffer.from('c\na/y\nnone/z\nb/below\n') }];
    const { paths, events, errors } = walk(root, { rules });
    expect(paths).toEqual(['', 'a', 'a/y', 'b', 'c']);
    const warning = { kind: 'warning', code: 'cannotStat' } as const;
    expect(events).toEqual([
      { ...warning, path: `${root}/b/below`, text: 'l, line 4: b/below is not in the source.' },
      { ...warning, path: `${root}/none/z`, text: 'l, line 3: none/z is not in the source.' },
    ]);
    expect(errors).toBe(2);
  });

  test('tells of listed names only when they are there or were wanted', () => {
    const root = tree('#x', ' y ', 'z');
    const content = Buffer.from('#x\n# a comment\n y \nz\ngone\n');
    const rules: Rule[] = [{ kind: 'files-from', name: 'l', content }, exclude('**/z'), exclude('**/gone')];
    const { paths, events } = walk(root, { rules });
    expect(paths).toEqual(['', ' y ', '#x']);
    expect(events).toEqual([expect.objectContaining({ text: 'l, line 5: gone is not in the source.' })]);
  });

  test.skipIf(!hasMountPoint)('leaves mount points out on request', () => {
    const { entries, paths } = walk('/', { rules: [{ kind: 'other-filesystems' }, exclude('/*/**')] });
    expect(paths).toContain('etc');
    expect(paths).not.toContain('proc');
    expect(new Set(entries.map((entry) => entry.device)).size).toBe(1);
  });
});

describe('with copied links, a walk', () => {
  test('takes links for what they lead to, and those that lead nowhere as they are', () => {
    const root = tree('a/', 'a/x');
    symlinkSync('a', `${root}/link`);
    symlinkSync('none', `${root}/dangling`);
    symlinkSync('self', `${root}/self`);
    symlinkSync('none', `${root}/unwanted`);
    const { entries, paths, events, errors } = walk(root, { copyLinks: true, rules: [exclude('**/unwanted')] });
    expect(paths).toEqual(['', 'a', 'a/x', 'dangling', 'link', 'link/x', 'self']);
    expect(entryOf(entries, 'link').meta).toMatchObject({ type: 'dir', link: '' });
    expect(entryOf(entries, 'dangling').meta).toMatchObject({ type: 'sym', link: 'none' });
    expect(entryOf(entries, 'self').meta).toMatchObject({ type: 'sym', link: 'self' });
    expect(events).toEqual(
      ['dangling', 'self'].map((name) =>
        expect.objectContaining({ kind: 'warning', path: `${root}/${name}`, text: expect.stringMatching('nowhere') }),
      ),
    );
    expect(errors).toBe(2);
  });

  test('does not follow a link back into a directory it lies in, but keeps it', () => {
    const root = tree('a/', 'a/x');
    symlinkSync('..', `${root}/a/up`);
    const { entries, paths, events, errors } = walk(root, { copyLinks: true });
    expect(paths).toEqual(['', 'a', 'a/up', 'a/x']);
    expect(entryOf(entries, 'a/up').meta).toMatchObject({ type: 'sym', link: '..' });
    expect(events).toEqual([expect.objectContaining({ kind: 'warning' })]);
    expect(errors).toBe(0);
  });
});

function never(): never {
  throw new Error('not to be asked');
}
