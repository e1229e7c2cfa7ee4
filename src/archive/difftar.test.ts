import { describe, expect, test, vi } from 'vitest';
import { IntegrityError } from '../errors/errors.ts';
import { bytePath } from '../util/bytepath.ts';
import { type DifftarOptions, DifftarStream, type OpenVolume, PIECE_SIZE } from './difftar.ts';
import type { EntryStream } from './entry.ts';
import { encodeHeader, NO_METADATA, padding } from './tar/tar-writer.ts';
import type { ArchiveWarning } from './warning.ts';

const FULL = 'x'.repeat(PIECE_SIZE);
const meta = { ...NO_METADATA, mode: 0o644, mtime: 7 };

type Spec = readonly [name: string, body?: string, extra?: object];

function volume(number: number, ...members: readonly Spec[]): OpenVolume {
  const parts = members.flatMap(([name, body = '', extra = {}]) => [
    encodeHeader({ name, meta: { ...meta, ...extra }, size: body.length }),
    Buffer.from(body, 'latin1'),
    padding(body.length),
  ]);
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.concat(parts);
  }
  return { name: `vol${number}`, bytes: bytes() };
}

async function* all(volumes: readonly OpenVolume[]): AsyncGenerator<OpenVolume> {
  yield* volumes;
}

function open(volumes: readonly OpenVolume[], options: Partial<DifftarOptions> = {}): DifftarStream {
  return new DifftarStream(all(volumes), { onWarning: (warning) => expect.fail(JSON.stringify(warning)), ...options });
}

async function body(stream: EntryStream): Promise<string> {
  let text = '';
  for (let block = await stream.read(); block !== undefined; block = await stream.read())
    text += block.toString('latin1');
  return text;
}

/** Entries as `kind path length`; what is thrown stands as `! message` and the reading goes on. */
async function dump(stream: EntryStream, read = true): Promise<string[]> {
  const lines: string[] = [];
  for (let tries = 0; tries < 50; tries++) {
    try {
      const entry = await stream.next();
      if (entry === undefined) return lines;
      lines.push(`${entry.kind} ${entry.path || '.'}`);
      if (read) lines[lines.length - 1] += ` ${(await body(stream)).length}`;
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      lines.push(`! ${error.message}`);
    }
  }
  return lines;
}

describe('the entries of a set', () => {
  test('have kinds, paths and bodies', async () => {
    const stream = open([
      volume(
        1,
        ['snapshot/./', '', { type: 'dir' }],
        ['snapshot/a', 'abc'],
        ['deleted/b'],
        ['diff/c', 'delta'],
        ['snapshot/d/', '', { type: 'dir' }],
        ['multivol_diff/d/1/1', FULL],
        ['multivol_diff/d/1/2', 'tail'],
      ),
    ]);
    expect(await dump(stream)).toEqual([
      'snapshot . 0',
      'snapshot a 3',
      'deleted b 0',
      'diff c 5',
      'snapshot d 0',
      `diff d/1 ${PIECE_SIZE + 4}`,
    ]);
  });

  test.each<[string, Spec[]]>([
    ['a small file', [['snapshot/', 'x']]],
    ['a delta', [['diff/', 'x']]],
    ['a split file', [['multivol_snapshot/./1', FULL], ['multivol_snapshot/./2']]],
  ])('may be the root alone, %s', async (_what, members) => {
    const stream = open([volume(1, ...members)]);
    expect((await stream.next())?.path).toBe('');
    expect(await stream.next()).toBeUndefined();
  });

  test('run across volumes, with the metadata of the first piece', async () => {
    const opened: string[] = [];
    async function* volumes(): AsyncGenerator<OpenVolume> {
      for (const one of [
        volume(1, ['snapshot/a', 'a'], ['multivol_snapshot/b/1', FULL, { mtime: 1 }]),
        volume(2, ['multivol_snapshot/b/2', FULL, { mtime: 2 }]),
        volume(3),
        volume(4, ['multivol_snapshot/b/3', 'end', { mtime: 3 }], ['snapshot/c', 'c']),
      ]) {
        opened.push(one.name);
        yield one;
      }
    }
    const stream = new DifftarStream(volumes(), { onWarning: () => expect.fail() });
    expect(await stream.next()).toMatchObject({ path: 'a' });
    expect(stream.next()).toMatchObject({ path: 'b', meta: { mtime: 1 } });
    expect(opened).toEqual(['vol1']);
    expect(await body(stream)).toBe(`${FULL}${FULL}end`);
    expect(await stream.read()).toBeUndefined();
    expect(stream.next()).toMatchObject({ path: 'c' });
    expect(await body(stream)).toBe('c');
    expect(await stream.next()).toBeUndefined();
    expect(await stream.next()).toBeUndefined();
  });

  test('are the same when their bodies are not read', async () => {
    const volumes = (): OpenVolume[] => [
      volume(1, ['multivol_snapshot/b/1', FULL]),
      volume(2, ['multivol_snapshot/b/2', FULL], ['multivol_snapshot/b/3', ''], ['snapshot/c', 'c']),
    ];
    expect(await dump(open(volumes()), false)).toEqual(['snapshot b', 'snapshot c']);
    expect(await dump(open(volumes()))).toEqual([`snapshot b ${2 * PIECE_SIZE}`, 'snapshot c 1']);
  });

  test('may have pieces of other sizes, as before 2013', async () => {
    const stream = open([volume(1, ['multivol_snapshot/b/1', 'abc'], ['multivol_snapshot/b/2', FULL])]);
    expect(await dump(stream)).toEqual([`snapshot b ${PIECE_SIZE + 3}`]);
  });

  test('out of order are left out, with one warning each', async () => {
    const warnings: ArchiveWarning[] = [];
    const stream = open(
      [
        volume(
          1,
          ['snapshot/b', 'b'],
          ['snapshot/a', 'a'],
          ['snapshot/b', 'again'],
          ['multivol_snapshot/a/1', FULL],
          ['multivol_snapshot/a/2', 'x'],
          ['snapshot/c', 'c'],
        ),
      ],
      { onWarning: (warning) => warnings.push(warning) },
    );
    expect(await dump(stream)).toEqual(['snapshot b 1', 'snapshot c 1']);
    const unordered = { kind: 'unordered', file: 'vol1', previous: bytePath('b') };
    expect(warnings).toEqual([
      { ...unordered, path: 'a' },
      { ...unordered, path: 'b' },
      { ...unordered, path: 'a' },
    ]);
  });
});

describe('a file with missing pieces', () => {
  const parts: Spec[] = [
    ['multivol_snapshot/b/1', FULL],
    ['multivol_snapshot/b/2', FULL],
    ['multivol_snapshot/b/3', FULL],
    ['multivol_snapshot/b/4', 'end'],
  ];
  const pick = (...numbers: number[]): OpenVolume[] => {
    const some = parts.filter((_part, index) => numbers.includes(index + 1));
    return [volume(1, ['snapshot/a', 'a'], ...some, ['snapshot/c', 'c'])];
  };

  test.each([true, false])('in the middle is damage; then the next file follows (bodies read: %s)', async (read) => {
    const lines = await dump(open(pick(1, 3, 4)), read);
    expect(lines.slice(1)).toEqual([
      'snapshot b',
      '! vol1: b is damaged: piece 2 was expected, piece 3 was found.',
      read ? 'snapshot c 1' : 'snapshot c',
    ]);
  });

  test.each([true, false])('at its beginning is damage (bodies read: %s)', async (read) => {
    const lines = await dump(open(pick(2, 3, 4)), read);
    expect(lines[1]).toBe('! vol1: b is damaged: piece 1 was expected, piece 2 was found.');
    expect(lines.slice(2)).toEqual([read ? 'snapshot c 1' : 'snapshot c']);
  });

  test.each([true, false])('at its end is damage (bodies read: %s)', async (read) => {
    const lines = await dump(open(pick(1, 2)), read);
    expect(lines[2]).toBe('! vol1: b is incomplete: piece 3 does not follow piece 2.');
    expect(lines.slice(3)).toEqual([read ? 'snapshot c 1' : 'snapshot c']);
  });

  test('twice the same piece is damage', async () => {
    const lines = await dump(open([volume(1, ...parts.slice(0, 2), ...parts.slice(1))]));
    expect(lines[1]).toBe('! vol1: b is damaged: piece 3 was expected, piece 2 was found.');
  });

  test('is damage at the end of all volumes too', async () => {
    const lines = await dump(open([volume(1, ...parts.slice(0, 2))]));
    expect(lines).toEqual(['snapshot b', '! vol1: b is incomplete: piece 3 does not follow piece 2.']);
  });

  test('is nobody’s business where a choice of volumes begins or ends', async () => {
    const volumes = (): OpenVolume[] => [
      volume(2, ...parts.slice(2), ['snapshot/c', 'c'], ['multivol_diff/d/1', FULL], ['multivol_diff/d/2', FULL]),
    ];
    const only = (path: string): Partial<DifftarOptions> => ({ wanted: bytePath(path) });
    expect(await dump(open(volumes(), only('c')))).toEqual(['snapshot c 1']);
    expect((await dump(open(volumes(), only('b'))))[0]).toContain('b is damaged');
    const cut = ['diff d', '! vol2: d is incomplete: piece 3 does not follow piece 2.'];
    expect(await dump(open(volumes(), only('d')), false)).toEqual(cut);
  });
});

describe('a damaged volume', () => {
  const cut = (number: number, length: number, ...members: Spec[]): OpenVolume => {
    const whole = volume(number, ...members);
    async function* bytes(): AsyncGenerator<Buffer> {
      for await (const block of whole.bytes) yield block.subarray(0, length);
    }
    return { name: whole.name, bytes: bytes() };
  };

  test.each([true, false])('is said once; the next volume follows (bodies read: %s)', async (read) => {
    const stream = open([
      cut(1, 1024 + 512 + 100, ['snapshot/a', 'a'], ['multivol_snapshot/b/1', FULL]),
      volume(2, ['multivol_snapshot/b/2', FULL], ['multivol_snapshot/b/3', 'end'], ['snapshot/c', 'c']),
      volume(3, ['snapshot/d', 'd']),
    ]);
    expect(await dump(stream, read)).toEqual([
      read ? 'snapshot a 1' : 'snapshot a',
      'snapshot b',
      '! vol1 ends inside its member multivol_snapshot/b/1 (byte 1636 of its tar).',
      read ? 'snapshot c 1' : 'snapshot c',
      read ? 'snapshot d 1' : 'snapshot d',
    ]);
  });

  test('is let go of before the next one is opened', async () => {
    const log: string[] = [];
    async function* bytes(): AsyncGenerator<Buffer> {
      try {
        yield Buffer.alloc(512, 'x');
        yield Buffer.alloc(512, 'x');
      } finally {
        await new Promise((done) => setImmediate(done));
        log.push('closed');
      }
    }
    async function* volumes(): AsyncGenerator<OpenVolume> {
      yield { name: 'vol1', bytes: bytes() };
      log.push('next');
    }
    const stream = new DifftarStream(volumes(), { onWarning: () => expect.fail() });
    await expect(stream.next()).rejects.toThrow('no valid tar header');
    expect(await stream.next()).toBeUndefined();
    expect(log).toEqual(['closed', 'next']);
  });

  test('whose source fails passes the failure on', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      for await (const block of volume(1, ['snapshot/a', 'a']).bytes) yield block;
      throw new Error('no such key');
    }
    const stream = open([{ name: 'vol1', bytes: broken() }]);
    await stream.next();
    await expect(stream.next()).rejects.toThrow('no such key');
  });

  test('that cannot be had ends the stream for good', async () => {
    async function* volumes(): AsyncGenerator<OpenVolume> {
      yield volume(1, ['snapshot/a', 'a']);
      throw new Error('no connection');
    }
    const stream = new DifftarStream(volumes(), { onWarning: () => expect.fail() });
    await stream.next();
    await expect(stream.next()).rejects.toThrow('no connection');
    await expect(async () => stream.next()).rejects.toThrow('no connection');
  });

  test.each([
    ['meta/x', {}, 'a member of an unknown kind: meta/x'],
    ['snapshot', {}, 'a member of an unknown kind: snapshot'],
    ['signature/x', {}, 'a member of an unknown kind: signature/x'],
    ['multivol_snapshot/x', {}, 'a member of an unknown kind'],
    ['multivol_snapshot/x/0', {}, 'a member of an unknown kind'],
    ['multivol_snapshot/x/y', {}, 'a member of an unknown kind'],
    ['multivol_snapshot/1', {}, 'a member of an unknown kind'],
    ['multivol_snapshot/d/1', { type: 'dir' }, 'a member of an unknown kind'],
    ['diff/d/', { type: 'dir' }, 'a member of an unknown kind'],
    ['snapshot/../x', {}, 'an unsafe name'],
    ['snapshot//etc/passwd', {}, 'an unsafe name'],
    ['multivol_snapshot/../x/1', {}, 'an unsafe name'],
  ])('may hold %j: refused', async (name, extra, text) => {
    const lines = await dump(open([volume(1, [name, '', extra], ['snapshot/z', 'z'])]));
    expect(lines[0]).toContain(`! vol1 has`);
    expect(lines[0]).toContain(text);
    expect(lines[1]).toBe('snapshot z 1');
  });
});

describe('a stream for one path', () => {
  const only = (path: string): Partial<DifftarOptions> => ({ wanted: bytePath(path) });

  test('has that path and what lies below it, in the order of the volumes', async () => {
    const volumes = (): OpenVolume[] => [
      volume(1, ['snapshot/a', 'a'], ['snapshot/d/', '', { type: 'dir' }], ['snapshot/d/x', 'xx']),
      volume(2, ['deleted/d/y'], ['snapshot/d-', 'beside'], ['snapshot/e', 'e']),
    ];
    expect(await dump(open(volumes(), only('d')))).toEqual(['snapshot d 0', 'snapshot d/x 2', 'deleted d/y 0']);
    expect(await dump(open(volumes(), only('d/x')))).toEqual(['snapshot d/x 2']);
    expect(await dump(open(volumes(), only('b')))).toEqual([]);
  });

  test('says nothing of damage to others: pieces that are missing, an order that is wrong', async () => {
    const volumes = (): OpenVolume[] => [
      volume(1, ['multivol_diff/a/1', FULL], ['multivol_diff/a/3', FULL], ['multivol_snapshot/b/1', FULL]),
      volume(2, ['snapshot/a', 'again'], ['snapshot/c', 'c'], ['multivol_snapshot/d/7', 'd']),
    ];
    expect(await dump(open(volumes(), only('c')))).toEqual(['snapshot c 1']);
  });

  test('lets go of everything as soon as the path is passed', async () => {
    const closed: string[] = [];
    async function* volumes(): AsyncGenerator<OpenVolume> {
      try {
        yield volume(1, ['snapshot/a', 'a'], ['snapshot/b', 'b'], ['snapshot/c', 'c']);
        expect.fail('nobody asked');
      } finally {
        closed.push('volumes');
      }
    }
    const early = new DifftarStream(volumes(), { onWarning: () => expect.fail(), ...only('a') });
    expect(await dump(early)).toEqual(['snapshot a 1']);
    await vi.waitFor(() => expect(closed).toEqual(['volumes']));
    expect(await early.next()).toBeUndefined();
    await early.close();
  });
});

test('closing early lets go of the volume and of the rest', async () => {
  const closed: string[] = [];
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for await (const block of volume(1, ['snapshot/a', 'a'], ['snapshot/b', 'b']).bytes) yield block;
      yield Buffer.alloc(512);
    } finally {
      closed.push('bytes');
    }
  }
  async function* volumes(): AsyncGenerator<OpenVolume> {
    try {
      yield { name: 'vol1', bytes: bytes() };
      expect.fail('nobody asked');
    } finally {
      closed.push('volumes');
    }
  }
  const stream = new DifftarStream(volumes(), { onWarning: () => expect.fail() });
  await stream.next();
  await stream.close();
  expect(closed).toEqual(['bytes', 'volumes']);
  expect(await stream.read()).toBeUndefined();
  expect(await stream.next()).toBeUndefined();
});
