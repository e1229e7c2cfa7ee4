import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { FileType, Metadata } from '../archive/entry.ts';
import { NO_METADATA } from '../archive/tar/tar-writer.ts';
import { IntegrityError } from '../errors/errors.ts';
import type { Event } from '../events/events.ts';
import { bytePath } from '../util/bytepath.ts';
import { TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const TIME = 1_600_000_000;

let top: string;
let target: string;
let events: Event[];

beforeEach(() => {
  top = mkdtempSync(`${tmpdir()}/target-`);
  const made = top;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  if (isRoot) chownSync(top, NOBODY, NOBODY);
  target = `${top}/out`;
  events = [];
});

/** Runs as somebody whom the system refuses things. */
async function asOrdinaryUser<T>(run: () => Promise<T>): Promise<T> {
  if (!isRoot) return run();
  process.seteuid?.(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

interface Given extends Partial<Metadata> {
  readonly path: string;
  readonly content?: string | Error;
}

const dir = (path: string, more: Partial<Metadata> = {}): Given => ({ path, type: 'dir', mode: 0o755, ...more });
const file = (path: string, content: string | Error = 'new', more: Partial<Metadata> = {}): Given => ({
  path,
  content,
  ...more,
});
const link = (path: string, to: string): Given => ({ path, type: 'sym', link: bytePath(to) });

async function write(entries: readonly Given[], options: Partial<TreeWriterOptions> = {}): Promise<TreeWriter> {
  const writer = new TreeWriter({
    target: bytePath(target),
    ownerOf: undefined,
    tolerant: false,
    emit: (event) => events.push(event),
    ...options,
  });
  try {
    for (const { path, content = '', ...more } of entries) {
      const meta: Metadata = { ...NO_METADATA, mode: 0o640, mtime: TIME, ...more };
      await writer.write({ kind: 'snapshot', path: bytePath(path), meta }, async (take) => {
        if (content instanceof Error) {
          take(Buffer.from('half'));
          throw content;
        }
        for (const char of content) take(Buffer.from(char));
      });
    }
  } finally {
    writer.finish();
  }
  return writer;
}

const warnings = (): readonly string[] =>
  events.flatMap((event) => (event.kind === 'warning' ? [`${event.code} ${event.path}`] : []));
const modeOf = (path: string): number => lstatSync(`${target}/${path}`).mode & 0o7777;
const timeOf = (path: string): number => lstatSync(`${target}/${path}`).mtimeMs / 1000;
const read = (path: string): string => readFileSync(`${target}/${path}`, 'utf8');

describe('a fresh target', () => {
  test('gets files, directories and links with modes and times', async () => {
    const writer = await write([
      dir('', { mode: 0o750, mtime: TIME + 1 }),
      file('a', 'content of a'),
      dir('d', { mtime: TIME + 2 }),
      dir('d/e', { mode: 0o700, mtime: TIME + 3 }),
      file('d/e/f', '', { mode: 0o4755 }),
      link('l', 'no/where'),
    ]);
    expect(writer.failures).toBe(0);
    expect(warnings()).toEqual([]);
    expect(read('a')).toBe('content of a');
    expect(readlinkSync(`${target}/l`)).toBe('no/where');
    expect(['', 'a', 'd', 'd/e', 'd/e/f'].map(modeOf)).toEqual([0o750, 0o640, 0o755, 0o700, 0o4755]);
    expect(['', 'a', 'd', 'd/e', 'd/e/f', 'l'].map(timeOf)).toEqual([TIME + 1, TIME, TIME + 2, TIME + 3, TIME, TIME]);
    expect(events[0]).toEqual({ kind: 'restoring', path: 'a', type: 'reg' });
  });

  test('is a file or a link when that is all there is', async () => {
    await write([file('', 'alone')]);
    expect(readFileSync(target, 'utf8')).toBe('alone');
    rmSync(target);
    await write([link('', 'x')]);
    expect(readlinkSync(target)).toBe('x');
  });

  test('has read-only directories filled, also by an ordinary user', async () => {
    await asOrdinaryUser(() =>
      write([dir('', { mode: 0o555 }), dir('d', { mode: 0o500, mtime: TIME }), file('d/x'), dir('e', { mode: 0 })]),
    );
    expect(['', 'd', 'e'].map(modeOf)).toEqual([0o555, 0o500, 0]);
    expect(timeOf('d')).toBe(TIME);
    expect(read('d/x')).toBe('new');
  });

  test('gets directories that the archive does not hold, for their owner alone', async () => {
    const writer = await write([file('a/b/c')]);
    expect(writer.failures).toBe(0);
    expect(read('a/b/c')).toBe('new');
    expect([modeOf('a'), modeOf('a/b')]).toEqual([0o700, 0o700]);
  });

  test('may lie in directories that do not exist yet', async () => {
    target = `${top}/x/y/z`;
    await write([dir(''), file('a')]);
    expect(read('a')).toBe('new');
  });

  test('keeps names of any bytes', async () => {
    const name = 'caf\xe9 \xff\n\t\\x41';
    await write([dir(''), dir(name), file(`${name}/${name}`), link(`${name}/l`, '\xfe')]);
    const entries = readdirSync(target, { encoding: 'latin1' });
    expect(entries).toEqual([name]);
    expect(readdirSync(Buffer.from(`${target}/${name}`, 'latin1'), { encoding: 'latin1' })).toEqual([name, 'l']);
    expect(readlinkSync(Buffer.from(`${target}/${name}/l`, 'latin1'), { encoding: 'latin1' })).toBe('\xfe');
  });

  test('gets times before 1970', async () => {
    await write([dir('', { mtime: -100 }), file('a', '', { mtime: -5 })]);
    expect([timeOf('a'), timeOf('')]).toEqual([-5, -100]);
  });

  test('never shows a file to others before its mode is set', async () => {
    const modes: number[] = [];
    const writer = new TreeWriter({ target: bytePath(target), ownerOf: undefined, tolerant: false, emit: () => {} });
    const meta: Metadata = { ...NO_METADATA, mode: 0o666, mtime: TIME };
    await writer.write({ kind: 'snapshot', path: bytePath('d/f'), meta }, async (take) => {
      take(Buffer.from('x'));
      modes.push(modeOf('d/f'), modeOf('d'));
    });
    expect(modes).toEqual([0o600, 0o700]);
    expect(modeOf('d/f')).toBe(0o666);
  });
});

describe('a target that exists', () => {
  beforeEach(() => {
    mkdirSync(target);
    writeFileSync(`${target}/old`, 'old');
    if (isRoot) for (const path of ['', 'old']) chownSync(`${target}/${path}`, NOBODY, NOBODY);
  });

  test('keeps what the archive does not hold, and has its files replaced', async () => {
    writeFileSync(`${target}/kept`, 'kept');
    chmodSync(`${target}/old`, 0o777);
    await write([dir(''), file('old')]);
    expect([read('kept'), read('old'), modeOf('old')]).toEqual(['kept', 'new', 0o640]);
    expect(readdirSync(target)).toEqual(['kept', 'old']);
  });

  test('keeps a file whose new content does not come to its end, and nothing half stays', async () => {
    const damage = new IntegrityError('DAMAGED', 'vol1: damaged');
    await expect(write([dir(''), file('old', damage)])).rejects.toBe(damage);
    await expect(write([dir(''), file('other', damage)])).rejects.toBe(damage);
    expect(read('old')).toBe('old');
    expect(readdirSync(target)).toEqual(['old']);
  });

  test('does not change a file that is a hard link to one outside', async () => {
    const { linkSync } = await import('node:fs');
    writeFileSync(`${top}/outside`, 'precious');
    linkSync(`${top}/outside`, `${target}/linked`);
    await write([dir(''), file('linked')]);
    expect([readFileSync(`${top}/outside`, 'utf8'), read('linked')]).toEqual(['precious', 'new']);
  });

  test.each<readonly [string, () => void]>([
    ['a file', () => undefined],
    ['a link', () => symlinkSync('/nowhere', `${target}/x`)],
    ['an empty directory', () => mkdirSync(`${target}/x`)],
  ])('has %s replaced by what the archive holds there', async (what, prepare) => {
    for (const [entry, check] of [
      [file('x'), () => expect(read('x')).toBe('new')],
      [dir('x'), () => expect(lstatSync(`${target}/x`).isDirectory()).toBe(true)],
      [link('x', 'to'), () => expect(readlinkSync(`${target}/x`)).toBe('to')],
      [{ path: 'x', type: 'fifo' as FileType }, () => expect(lstatSync(`${target}/x`).isFIFO()).toBe(true)],
    ] as const) {
      rmSync(`${target}/x`, { recursive: true, force: true });
      if (what === 'a file') writeFileSync(`${target}/x`, 'old');
      prepare();
      const writer = await write([dir(''), entry]);
      expect(writer.failures).toBe(0);
      check();
      expect(readdirSync(target)).toEqual(['old', 'x']);
    }
  });

  test.each<readonly [string, Given]>([
    ['a file', file('d')],
    ['a link', link('d', 'x')],
    ['a fifo', { path: 'd', type: 'fifo' }],
  ])('keeps a directory that is not empty where the archive holds %s', async (_what, entry) => {
    mkdirSync(`${target}/d`);
    writeFileSync(`${target}/d/mine`, 'mine');
    const writer = await write([dir(''), entry, file('e')]);
    expect(writer.failures).toBe(1);
    expect(warnings()).toEqual(['cannotProcess d']);
    expect(read('d/mine')).toBe('mine');
    expect(read('e')).toBe('new');
    expect(readdirSync(target)).toEqual(['d', 'e', 'old']);
  });

  test('is entered where its directories are closed to their owner', async () => {
    mkdirSync(`${target}/d`);
    if (isRoot) chownSync(`${target}/d`, NOBODY, NOBODY);
    chmodSync(`${target}/d`, 0o400);
    const writer = await asOrdinaryUser(() => write([dir(''), dir('d', { mode: 0o500 }), file('d/x')]));
    expect(writer.failures).toBe(0);
    expect([read('d/x'), modeOf('d')]).toEqual(['new', 0o500]);
  });

  test('that is a link to a directory is that directory', async () => {
    symlinkSync('out', `${top}/way`);
    const real = target;
    target = `${top}/way`;
    const writer = await write([dir('', { mode: 0o750 }), file('a')]);
    expect(writer.failures).toBe(0);
    expect(lstatSync(`${top}/way`).isSymbolicLink()).toBe(true);
    expect(readdirSync(real)).toEqual(['a', 'old']);
    expect(statSync(real).mode & 0o777).toBe(0o750);
  });
});

describe('entries that come for a directory that was left', () => {
  const entries = [
    dir('', { mtime: TIME }),
    dir('a', { mode: 0o500, mtime: TIME + 1 }),
    file('a/x'),
    dir('b', { mtime: TIME + 2 }),
    file('a/y'),
    file('a/made/z'),
    file('b/x'),
  ];

  test('leave it as it was', async () => {
    const writer = await asOrdinaryUser(() => write(entries, { revisits: true }));
    expect(writer.failures).toBe(0);
    expect(warnings()).toEqual([]);
    expect(readdirSync(`${target}/a`)).toEqual(['made', 'x', 'y']);
    expect(['', 'a', 'b'].map(timeOf)).toEqual([TIME, TIME + 1, TIME + 2]);
    expect(modeOf('a')).toBe(0o500);
  });

  test('do not open one that stood there before and that the archive does not hold', async () => {
    mkdirSync(`${target}/closed`, { recursive: true });
    if (isRoot) for (const path of ['', 'closed']) chownSync(`${target}/${path}`, NOBODY, NOBODY);
    chmodSync(`${target}/closed`, 0o500);
    const writer = await asOrdinaryUser(() => write([dir(''), file('closed/x')], { revisits: true }));
    expect(writer.failures).toBe(1);
    expect(modeOf('closed')).toBe(0o500);
  });

  test('replace what an earlier one put there', async () => {
    const twice = [dir(''), dir('d'), file('d/x', 'one'), file('d/x', 'two'), link('d/x', 'to'), link('d/x', 'too')];
    await write([...twice, dir('d/y'), dir('e'), dir('d/y'), file('d/y/z')], { revisits: true });
    expect(readdirSync(`${target}/d`)).toEqual(['x', 'y']);
    expect(readlinkSync(`${target}/d/x`)).toBe('too');
    expect(read('d/y/z')).toBe('new');
  });
});

describe('modes of many files of a directory', () => {
  const modes = [0o600, 0o644, 0o644, 0o666, 0o755, 0o666, 0o755, 0o444, 0o000, 0o4755, 0o1644, 0o600, 0o444];
  const files = (): readonly Given[] => [
    dir(''),
    ...modes.map((mode, i) => file(`f${String(i).padStart(2, '0')}`, 'x', { mode })),
  ];
  const given = (): readonly number[] => readdirSync(target).map(modeOf);

  test.each([0o022, 0o077, 0o000, 0o027])('are exact under a mask of %i', async (mask) => {
    const before = process.umask(mask);
    try {
      const { failures } = await write(files(), {
        ownerOf: () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }),
      });
      expect(failures).toBe(0);
      expect(given()).toEqual(modes);
    } finally {
      process.umask(before);
    }
  });

  test('are those of the owner alone until the owner is right', async () => {
    if (!isRoot) return;
    const during: number[] = [];
    const options = { target: bytePath(target), ownerOf: () => ({ uid: 1, gid: 1 }), tolerant: false, emit: () => {} };
    const writer = new TreeWriter(options);
    for (const name of ['a', 'b', 'c']) {
      const meta: Metadata = { ...NO_METADATA, mode: 0o666, mtime: TIME };
      await writer.write({ kind: 'snapshot', path: bytePath(name), meta }, (take) => {
        take(Buffer.from('x'));
        during.push(modeOf(name));
      });
    }
    writer.finish();
    expect(during).toEqual([0o600, 0o600, 0o600]);
    expect(['a', 'b', 'c'].map(modeOf)).toEqual([0o666, 0o666, 0o666]);
  });
});

describe('nothing is written outside', () => {
  let outside: string;
  beforeEach(() => {
    outside = `${top}/outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/x`, 'precious');
    utimesSync(outside, 5, 5);
  });
  const untouched = (): void => {
    expect(readdirSync(outside)).toEqual(['x']);
    expect(readFileSync(`${outside}/x`, 'utf8')).toBe('precious');
    expect(statSync(outside).mtimeMs).toBe(5000);
  };

  test('through a link that the archive holds in the place of a directory', async () => {
    const writer = await write([dir(''), link('d', outside), file('d/x'), dir('d/y'), file('d/y/z'), file('e')]);
    untouched();
    expect(writer.failures).toBe(3);
    expect(warnings()).toEqual(['parentFailed d/x', 'parentFailed d/y', 'parentFailed d/y/z']);
    expect(read('e')).toBe('new');
  });

  test('through a link that the archive holds in the place of its root, even where the target was one', async () => {
    for (const before of ['nothing', 'a link to a directory']) {
      rmSync(target, { force: true });
      if (before !== 'nothing') symlinkSync(outside, target);
      const writer = await write([link('', outside), file('x'), dir('y')]);
      expect(writer.failures).toBe(2);
      untouched();
    }
  });

  test('through a file that the archive holds in the place of a directory', async () => {
    const writer = await write([dir(''), file('d'), file('d/x'), dir('d/y')]);
    expect(writer.failures).toBe(2);
    expect(read('d')).toBe('new');
  });

  test('through links of the target, be they where a directory, a file or a link belongs', async () => {
    mkdirSync(target);
    symlinkSync(outside, `${target}/d`);
    symlinkSync(outside, `${target}/implied`);
    symlinkSync(`${outside}/x`, `${target}/f`);
    symlinkSync(`${outside}/x`, `${target}/l`);
    symlinkSync(`${outside}/x`, `${target}/p`);
    const writer = await write([
      dir(''),
      dir('d'),
      file('d/x'),
      file('f'),
      file('implied/x'),
      link('l', 'to'),
      { path: 'p', type: 'fifo' },
    ]);
    untouched();
    expect(warnings()).toEqual(['parentFailed implied/x']);
    expect(writer.failures).toBe(1);
    expect([read('d/x'), read('f'), readlinkSync(`${target}/l`)]).toEqual(['new', 'new', 'to']);
    expect(lstatSync(`${target}/p`).isFIFO()).toBe(true);
  });

  test('when the target itself is a file or a dangling link', async () => {
    writeFileSync(target, 'in the way');
    await write([dir(''), file('a')]);
    expect(read('a')).toBe('new');
    rmSync(target, { recursive: true });
    symlinkSync(`${outside}/new`, target);
    await write([dir(''), file('a')]);
    expect(read('a')).toBe('new');
    untouched();
  });
});

describe('what fails', () => {
  test('for one entry is told, and the others are written', async () => {
    const name = 'n'.repeat(256);
    const writer = await write([dir(''), file('a'), file(name), dir(`${name}d`), file(`${name}d/x`), file('z')]);
    expect(writer.failures).toBe(3);
    expect(warnings()).toEqual([`cannotProcess ${name}`, `cannotProcess ${name}d`, `parentFailed ${name}d/x`]);
    expect(readdirSync(target)).toEqual(['a', 'z']);
  });

  test('because of damage is left out by a tolerant restore', async () => {
    const damage = new IntegrityError('DAMAGED', 'vol1: damaged');
    const writer = await write([dir(''), file('a', damage), file('b')], { tolerant: true });
    expect(writer.failures).toBe(1);
    expect(warnings()).toEqual(['cannotProcess a']);
    expect(readdirSync(target)).toEqual(['b']);
  });

  test('in the source of content is thrown even by a tolerant restore, and directories get their attributes', async () => {
    const bug = new TypeError('bug');
    await expect(write([dir('', { mode: 0o500 }), file('a', bug)], { tolerant: true })).rejects.toBe(bug);
    expect(modeOf('')).toBe(0o500);
    expect(readdirSync(target)).toEqual([]);
  });

  test('as a system call on the archive is thrown, not taken for a refusal of the target', async () => {
    const refused = Object.assign(new Error('EIO: i/o error, read'), { errno: -5, code: 'EIO', syscall: 'read' });
    const failure = await write([dir(''), file('a', refused)], { tolerant: true }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'LocalError', cause: refused });
    expect(warnings()).toEqual([]);
    expect(readdirSync(target)).toEqual([]);
  });

  test('because a directory cannot be made is told for what lies in it', async () => {
    mkdirSync(target);
    chmodSync(target, 0o555);
    const writer = await asOrdinaryUser(() => write([file('implied/x'), file('z/y')]));
    expect(writer.failures).toBe(2);
    expect(warnings()).toEqual(['parentFailed implied/x', 'parentFailed z/y']);
  });

  test('to change the owner is told once, and the rest is set', async () => {
    const ownerOf = (): { uid: number; gid: number } => ({ uid: 1, gid: 1 });
    const writer = await asOrdinaryUser(() =>
      write([dir('', { mode: 0o700 }), file('a', 'a', { mode: 0o600 }), file('b'), link('l', 'x')], { ownerOf }),
    );
    expect(writer.failures).toBe(0);
    expect(warnings()).toEqual(['cannotProcess a']);
    expect(events.find(({ kind }) => kind === 'warning')).toMatchObject({
      text: expect.stringMatching(/^Error '\[Errno 1\] EPERM fchown: owner 1:1 cannot be set/),
    });
    expect(['', 'a', 'b'].map(modeOf)).toEqual([0o700, 0o600, 0o640]);
    expect(['', 'a', 'b', 'l'].map(timeOf)).toEqual([TIME, TIME, TIME, TIME]);
  });
});

describe.runIf(isRoot)('as root', () => {
  test('owners are set for every type, and bits that a change of owner takes away are set after it', async () => {
    const ownerOf = ({ uid, gid }: Metadata): { uid: number; gid: number } => ({ uid, gid });
    await write(
      [
        dir('', { uid: 1, gid: 2, mode: 0o2755 }),
        file('f', '', { uid: 3, gid: 4, mode: 0o6755 }),
        { ...link('l', 'x'), uid: 5, gid: 6 },
        { path: 'p', type: 'fifo', uid: 7, gid: 8, mode: 0o6604 },
      ],
      { ownerOf },
    );
    const owners = ['', 'f', 'l', 'p'].map((path) => {
      const { uid, gid } = lstatSync(`${target}/${path}`);
      return [uid, gid];
    });
    expect(owners).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    expect(['', 'f', 'p'].map(modeOf)).toEqual([0o2755, 0o6755, 0o6604]);
  });

  test('files get the archived group also where the directory gives its own', async () => {
    mkdirSync(target);
    chownSync(target, 0, 5);
    chmodSync(target, 0o2755);
    const ownerOf = ({ uid, gid }: Metadata): { uid: number; gid: number } => ({ uid, gid });
    const files = [0, 5, 0, 6, 5].map((gid, i) => file(`f${i}`, 'x', { gid, mode: 0o644 }));
    await write([...files, dir('sub', { gid: 0 }), file('sub/f', 'x', { gid: 0, mode: 0o644 })], { ownerOf });
    const groups = ['f0', 'f1', 'f2', 'f3', 'f4', 'sub', 'sub/f'].map((path) => lstatSync(`${target}/${path}`).gid);
    expect(groups).toEqual([0, 5, 0, 6, 5, 0, 0]);
  });

  test('setuid and setgid go when the owner is refused', async () => {
    const ownerOf = ({ uid, gid }: Metadata): { uid: number; gid: number } => ({ uid, gid });
    const entries = [dir('', { uid: 1, gid: 2, mode: 0o3755 }), file('f', '', { uid: 3, gid: 4, mode: 0o6755 })];
    await asOrdinaryUser(() => write(entries, { ownerOf }));
    expect(['', 'f'].map(modeOf)).toEqual([0o1755, 0o755]);
  });

  test('without owners to set they are those of the process', async () => {
    await write([dir(''), file('f', '', { uid: 3, gid: 4 })]);
    const { uid, gid } = lstatSync(`${target}/f`);
    expect([uid, gid]).toEqual([0, 0]);
  });

  test('device files keep their numbers, modes and times, under names of any bytes', async () => {
    const writer = await write([
      dir(''),
      { path: '-m', type: 'fifo', mode: 0o600 },
      { path: 'chr', type: 'chr', major: 1, minor: 3, mode: 0o666 },
      { path: "q'$(x)\xe9\n", type: 'blk', major: 259, minor: 1_048_575, mode: 0o640 },
    ]);
    expect(warnings()).toEqual([]);
    expect(writer.failures).toBe(0);
    const names = readdirSync(target, { encoding: 'latin1' });
    expect(names).toEqual(['-m', 'chr', "q'$(x)\xe9\n"]);
    const chr = lstatSync(`${target}/chr`);
    expect([chr.isCharacterDevice(), chr.rdev, chr.mode & 0o777, chr.mtimeMs / 1000]).toEqual([
      true,
      (1 << 8) | 3,
      0o666,
      TIME,
    ]);
    const blk = lstatSync(Buffer.from(`${target}/q'$(x)\xe9\n`, 'latin1'));
    expect(blk.isBlockDevice()).toBe(true);
    expect(BigInt(blk.rdev)).toBe((259n << 8n) | 0xffn | (0xfff00n << 12n));
  });
});

test('an ordinary user who may not make a device is told, and the restore goes on', async () => {
  const writer = await asOrdinaryUser(() =>
    write([dir(''), { path: 'c', type: 'chr', major: 1, minor: 3 }, file('z')]),
  );
  expect(writer.failures).toBe(1);
  expect(warnings()).toEqual(['cannotProcess c']);
  expect(existsSync(`${target}/z`)).toBe(true);
});
