import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Crafted, storeSet, storeSignatures, tarOf } from '../support/crafted.ts';
import { duplicity, names, PLAIN, type Outcome, type Scene, scene } from '../support/scene.ts';

// Who can write to the remote must not be able to write anywhere but into the target of a restore, nor to hang it or
// to eat its memory.

let s: Scene;
let outside: string;
let target: string;

beforeEach(() => {
  s = scene();
  outside = `${s.dir}/outside`;
  target = `${s.dir}/in/out`;
  mkdirSync(outside);
  writeFileSync(`${outside}/x`, 'precious');
  utimesSync(outside, 5, 5);
});

const ROOT: Crafted = { name: 'snapshot/./', type: 'dir' };
const restore = (...args: readonly string[]): Promise<Outcome> => duplicity([...PLAIN, ...args, s.url, target]);

/** Nothing but the target was written: neither beside it nor where links led. */
function expectContained(): void {
  expect(names(outside)).toEqual(['x']);
  expect(readFileSync(`${outside}/x`, 'utf8')).toBe('precious');
  expect(statSync(outside).mtimeMs).toBe(5000);
  expect(names(s.dir).filter((name) => !['in', 'outside', 'remote', 'source'].includes(name))).toEqual([]);
  expect(names(`${s.dir}/in`).filter((name) => name !== 'out')).toEqual([]);
}

describe('a name that leads out of the target', () => {
  const hostile: readonly string[] = [
    'snapshot/../escaped',
    'snapshot/a/../../escaped',
    'snapshot/..',
    'snapshot/a/..',
    'snapshot//tmp/escaped',
    'snapshot/./escaped',
    'snapshot/a//b',
    `snapshot/${'n'.repeat(100)}\0b`,
    'multivol_snapshot/../escaped/1',
    'multivol_snapshot/a/../../escaped/1',
    'diff/../escaped',
    'deleted/../x',
    '../snapshot/escaped',
    '/snapshot/escaped',
    'escaped',
  ];

  test.each(hostile)('%j is damage', async (name) => {
    storeSet(s.remote, 0, tarOf([ROOT, { name, body: 'bad' }, { name: 'snapshot/z', body: 'good' }]));
    const result = await restore();
    expect([result.status, result.stderr.split('\n').length]).toEqual([100, 2]);
    expectContained();
    const tolerant = await restore('--ignore-errors', '--force');
    expect(tolerant.status).toBe(101);
    expectContained();
  });

  test('is damage in signatures as well, for lists and increments', async () => {
    storeSet(s.remote, 0, tarOf([ROOT]));
    storeSignatures(s.remote, [{ name: 'snapshot/', type: 'dir' }, { name: 'signature/../escaped' }]);
    for (const args of [
      ['list-current-files', s.url],
      ['incr', '--allow-source-mismatch', s.source, s.url],
    ]) {
      expect((await duplicity([...PLAIN, ...args])).status).toBe(100);
    }
    expectContained();
  });
});

describe('a link', () => {
  test.each(['absolute', 'relative'])('(%s) that the archive plants is not written through', async (kind) => {
    const to = kind === 'absolute' ? outside : '../../outside';
    storeSet(
      s.remote,
      0,
      tarOf([
        ROOT,
        { name: 'snapshot/d', type: 'sym', link: to },
        { name: 'snapshot/d/x', body: 'bad' },
        { name: 'snapshot/d/y/', type: 'dir' },
        { name: 'snapshot/d/z', type: 'sym', link: 'bad' },
        { name: 'snapshot/e', body: 'good' },
      ]),
    );
    const result = await restore();
    expect(result.status).toBe(101);
    expect(result.records.filter(({ level, code }) => level === 'WARNING' && code === 13)).toHaveLength(3);
    expectContained();
    expect([readlinkSync(`${target}/d`), readFileSync(`${target}/e`, 'utf8')]).toEqual([to, 'good']);
  });

  test('that a later set puts in the place of a directory is not written through', async () => {
    storeSet(s.remote, 0, tarOf([ROOT, { name: 'snapshot/d/', type: 'dir' }, { name: 'snapshot/d/x', body: 'old' }]));
    storeSet(
      s.remote,
      1,
      tarOf([
        { name: 'snapshot/d', type: 'sym', link: outside },
        { name: 'snapshot/d/x', body: 'bad' },
      ]),
    );
    expect((await restore()).status).toBe(101);
    expectContained();
  });

  test('as the root is not written through', async () => {
    storeSet(
      s.remote,
      0,
      tarOf([
        { name: 'snapshot/', type: 'sym', link: outside },
        { name: 'snapshot/x', body: 'bad' },
      ]),
    );
    expect((await restore()).status).toBe(101);
    expectContained();
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
  });

  test('in the target is replaced, not written through, with --force', async () => {
    mkdirSync(target, { recursive: true });
    for (const name of ['d', 'implied']) symlinkSync(outside, `${target}/${name}`);
    for (const name of ['f', 'l', 'p']) symlinkSync(`${outside}/x`, `${target}/${name}`);
    storeSet(
      s.remote,
      0,
      tarOf([
        ROOT,
        { name: 'snapshot/d/', type: 'dir' },
        { name: 'snapshot/d/x', body: 'new' },
        { name: 'snapshot/f', body: 'new' },
        { name: 'snapshot/implied/x', body: 'bad' },
        { name: 'snapshot/l', type: 'sym', link: 'to' },
        { name: 'snapshot/p', type: 'fifo' },
      ]),
    );
    expect((await restore('--force')).status).toBe(101);
    expectContained();
    expect(readFileSync(`${target}/d/x`, 'utf8')).toBe('new');
    expect(readFileSync(`${target}/f`, 'utf8')).toBe('new');
    expect(readlinkSync(`${target}/l`)).toBe('to');
  });

  test.each(['1', '7', 'S', 'x'])('or file of tar type %s, which no writer makes, is damage', async (flag) => {
    const spoil = (header: Buffer): void => {
      header.write(flag, 156, 'latin1');
      header.write(`${outside}/x`, 157, 'latin1');
    };
    storeSet(s.remote, 0, tarOf([ROOT, { name: 'snapshot/a', spoil }, { name: 'snapshot/b', body: 'b' }]));
    expect([100, 0]).toContain((await restore()).status);
    expectContained();
    const made = lstatSync(`${target}/a`, { throwIfNoEntry: false });
    expect(made === undefined || made.nlink === 1).toBe(true);
  });
});

describe('a length that is not true', () => {
  const size = (text: string) => (header: Buffer) => void header.write(text, 124, 'latin1');
  const base256 = (...bytes: readonly number[]) => {
    return (header: Buffer): void =>
      Buffer.from([0x80, ...Array<number>(11 - bytes.length).fill(0), ...bytes]).copy(header, 124) as never;
  };
  const cases: readonly (readonly [string, (header: Buffer) => void])[] = [
    ['the largest octal number', size('77777777777\0')],
    ['2^63', base256(0x80, 0, 0, 0, 0, 0, 0, 0)],
    ['2^88 - 1', base256(...Array<number>(11).fill(255))],
    ['-1', (header) => void header.fill(255, 124, 136)],
    ['no number', size('not a number')],
  ];

  test.each(cases)('in a tar header: %s', async (_what, spoil) => {
    storeSet(s.remote, 0, tarOf([ROOT, { name: 'snapshot/a', body: 'x', spoil }]));
    const result = await restore();
    expect(result.status).toBe(100);
    expect(names(target)).toEqual([]);
  });

  test('in a PAX header, or of one, does not eat memory', async () => {
    const pax = (record: string): Crafted => ({
      name: 'snapshot/pax',
      body: `${record.length + 3} ${record}\n`,
      spoil: (header) => void header.write('x', 156, 'latin1'),
    });
    const volumes = [
      tarOf([ROOT, pax('size=99999999999999999999999'), { name: 'snapshot/a', body: 'x' }]),
      tarOf([ROOT, pax('size=-1'), { name: 'snapshot/a', body: 'x' }]),
      tarOf([
        ROOT,
        { ...pax('path=x'), spoil: (header) => void (header.write('x', 156), header.write('77777777777\0', 124)) },
      ]),
    ];
    for (const [i, volume] of volumes.entries()) {
      storeSet(s.remote, 0, volume);
      expect((await restore('--force', '--name', String(i))).status).toBe(100);
    }
  });

  const MAGIC = Buffer.from('72730236', 'hex');
  const deltas: readonly (readonly [string, string])[] = [
    ['a literal of 2^64 - 1 bytes', '44ffffffffffffffff78'],
    ['a literal of 2 GiB', '43800000007800'],
    ['a copy from beyond the end', '547fffffffffffffff000000000000000100'],
    ['a copy longer than the file', '5400000000000000007fffffffffffffff00'],
    ['a copy of 2^64 - 1 bytes', '540000000000000000ffffffffffffffff00'],
    ['a reserved command', 'ff00'],
    ['no end', '4178'],
  ];

  test.each(deltas)('in a delta: %s', async (_what, commands) => {
    storeSet(s.remote, 0, tarOf([ROOT, { name: 'snapshot/f', body: 'content' }]));
    const body = Buffer.concat([MAGIC, Buffer.from(commands, 'hex')]);
    storeSet(s.remote, 1, tarOf([{ name: 'diff/f', body }]));
    const result = await restore();
    expect(result.status).toBe(100);
    expect(result.stderr).toMatch(/^The delta of f is damaged: /);
    expect(names(target)).toEqual([]);
  });

  const signatures: readonly (readonly [string, string])[] = [
    ['blocks of 0 bytes', '72730136000000000000000801020304aabbccddeeff0011'],
    ['blocks of 4 GiB', '72730136ffffffff0000000801020304aabbccddeeff0011'],
    ['sums of 0 bytes', '727301360000020000000000'],
    ['sums of 4 GiB', '7273013600000200ffffffff01020304'],
    ['another magic number', '000000000000020000000008'],
    ['half a header', '727301'],
  ];

  test.each(signatures)('in a signature: %s', async (_what, hex) => {
    storeSet(s.remote, 0, tarOf([ROOT, { name: 'snapshot/f', body: 'content' }]));
    storeSignatures(s.remote, [
      { name: 'snapshot/', type: 'dir' },
      { name: 'signature/f', body: Buffer.from(hex, 'hex') },
    ]);
    writeFileSync(`${s.source}/f`, 'new content');
    const result = await duplicity([...PLAIN, 'incr', '--allow-source-mismatch', s.source, s.url]);
    // A larger block than the file is odd, but a signature.
    expect([0, 100]).toContain(result.status);
    expect(result.status === 100 ? result.stderr : 'signature').toContain('signature');
    expect(names(s.remote).filter((name) => name.includes('.manifest'))).toHaveLength(result.status === 0 ? 2 : 1);
  });
});

describe('a listing with hostile names', () => {
  const hostile: readonly string[] = [
    'duplicity-full.20231114T221320Z.vol99999999999999999999.difftar.gz',
    'duplicity-full.20231114T221320Z.vol0.difftar',
    'duplicity-full.20231114T221320Z.vol-1.difftar',
    'duplicity-full.99999999T999999Z.manifest',
    'duplicity-full..manifest',
    'duplicity-inc.20231114T221320Z.to.20231114T221320Z.manifest',
    'duplicity-full.20231114T221320Z.manifest\n',
    '\x1b[31mduplicity-full.20231114T221320Z.vol2.difftar',
    'x duplicity-full.20231114T221320Z.vol1.difftar',
    '$(touch pwned)',
    '-rf',
    '...',
    'n'.repeat(250),
  ];

  test('changes nothing for the others, and cleanup touches only what is ours', async () => {
    storeSet(s.remote, 0, tarOf([ROOT, { name: 'snapshot/a', body: 'a' }]));
    for (const name of hostile) writeFileSync(`${s.remote}/${name}`, 'x');
    mkdirSync(`${s.remote}/duplicity-full.20200101T000000Z.manifest`);
    mkdirSync(`${s.remote}/dir`);
    for (const args of [
      ['collection-status', s.url],
      ['restore', s.url, target],
      ['cleanup', '--force', s.url],
    ]) {
      const { status, stderr } = await duplicity([...PLAIN, ...args]);
      expect([status, stderr]).toEqual([0, '']);
    }
    expect(readFileSync(`${target}/a`, 'utf8')).toBe('a');
    const left = names(s.remote);
    for (const name of hostile.filter((name) => !name.startsWith('duplicity-'))) expect(left).toContain(name);
    expect(left).toContain('dir');
    expectContained();
  });
});

test('a manifest cannot send control characters to the terminal', async () => {
  storeSet(s.remote, 0, tarOf([ROOT]), 'Hostname \x1b[31mhost\nLocaldir /a\x1b]0;title\x07b\n');
  storeSignatures(s.remote, [{ name: 'snapshot/', type: 'dir' }]);
  const { status, stderr, stdout } = await duplicity([...PLAIN, s.source, s.url]);
  expect([3, 42]).toContain(status);
  expect(stderr + stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
});
