import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { bytePath } from '../../util/bytepath.ts';
import type { Metadata } from '../entry.ts';
import { type TarMember, TarReader } from './tar-reader.ts';
import { encodeHeader, type Member, NO_METADATA, padding } from './tar-writer.ts';

const meta: Metadata = { ...NO_METADATA, mode: 0o640, uid: 5, gid: 6, uname: 'u', gname: 'g', mtime: 1_690_000_000 };

function tar(...members: readonly (readonly [Partial<Member>, string?])[]): Buffer {
  return Buffer.concat(
    members.flatMap(([member, body = '']) => [
      encodeHeader({ name: 'a', meta, size: body.length, ...member }),
      Buffer.from(body, 'latin1'),
      padding(body.length),
    ]),
  );
}

async function* inBlocks(bytes: Buffer, size = bytes.length): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: AsyncIterable<Buffer>): Promise<(TarMember & { body: string })[]> {
  const reader = new TarReader(bytes, { label: 'x.tar' });
  const members = [];
  for (let member = await reader.next(); member !== undefined; member = await reader.next()) {
    let body = '';
    for (let block = await reader.read(); block !== undefined; block = await reader.read())
      body += block.toString('latin1');
    members.push({ ...member, body });
  }
  return members;
}

function codeOf(error: object | undefined): unknown {
  return error !== undefined && 'code' in error ? error.code : undefined;
}

/** Changes a header block and repairs its checksum. */
function patched(header: Buffer, change: (header: Buffer) => void): Buffer {
  change(header);
  header.fill(' ', 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

describe('a tar', () => {
  test('is read the same under any size of blocks', async () => {
    const bytes = tar(
      [{ name: 'one' }, 'x'.repeat(700)],
      [{ name: `é${'y'.repeat(200)}` }],
      [{ name: 'three' }, 'z'.repeat(512)],
    );
    const whole = await readAll(inBlocks(bytes));
    expect(whole.map(({ name, size }) => [name, size])).toEqual([
      ['one', 700],
      [`é${'y'.repeat(200)}`, 0],
      ['three', 512],
    ]);
    expect(whole[0]).toEqual({ name: 'one', size: 700, meta, body: 'x'.repeat(700) });
    for (const size of [1, 3, 511, 512, 513, 1000]) expect(await readAll(inBlocks(bytes, size))).toEqual(whole);
  });

  test('is read the same whether its memory is aligned or not', async () => {
    const bytes = tar(
      [{ name: 'one' }, 'x'],
      [{ name: 'two', meta: { ...meta, uid: 7, gname: 'other' } }],
      [{ name: 'two2' }],
    );
    const whole = await readAll(inBlocks(bytes));
    expect(whole.map((member) => [member.name, member.meta.uid, member.meta.gname])).toEqual([
      ['one', 5, 'g'],
      ['two', 7, 'other'],
      ['two2', 5, 'g'],
    ]);
    const shifted = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
    expect(await readAll(inBlocks(shifted))).toEqual(whole);
  });

  test('tells how much of a name is that of the member before', async () => {
    const long = 'directory/'.repeat(12);
    const names = ['directory/file1', 'directory/file2', 'directory', `${long}a`, `${long}b`, 'directory/file3'];
    const reader = new TarReader(inBlocks(tar(...names.map((name) => [{ name }] as const))), { label: 'x' });
    let previous = '';
    const shared = [];
    for (let member = await reader.next(); member !== undefined; member = await reader.next()) {
      const { name } = member;
      expect(name.slice(0, reader.shared)).toBe(previous.slice(0, reader.shared));
      shared.push(reader.shared);
      previous = name;
    }
    // Whole words of four bytes; nothing about names that come from extended headers, or behind one.
    expect(shared).toEqual([0, 12, 8, 0, 0, 0]);
  });

  test('answers at once while its block lasts, and gives slices of it', async () => {
    const bytes = tar([{ name: 'a' }, 'abc'], [{ name: 'b' }], [{ name: 'c' }, 'def']);
    const reader = new TarReader(inBlocks(bytes), { label: 'x' });
    expect(await reader.next()).toMatchObject({ name: 'a' });
    const body = reader.read();
    expect(body).toEqual(Buffer.from('abc'));
    expect((body as Buffer).buffer).toBe(bytes.buffer);
    expect(reader.read()).toBeUndefined();
    expect(reader.next()).toMatchObject({ name: 'b' });
    expect(reader.next()).toMatchObject({ name: 'c' });
    expect(reader.next()).toBeInstanceOf(Promise);
  });

  test('skips bodies nobody reads, or reads half', async () => {
    const reader = new TarReader(
      inBlocks(tar([{ name: 'a' }, 'x'.repeat(2000)], [{ name: 'b' }, 'y'], [{ name: 'c' }]), 100),
      {
        label: 'x',
      },
    );
    await reader.next();
    await reader.read();
    expect(await reader.next()).toMatchObject({ name: 'b' });
    expect(await reader.next()).toMatchObject({ name: 'c' });
    expect(await reader.next()).toBeUndefined();
  });

  test('ends at a zero block; the rest of the source is consumed, not looked at', async () => {
    let last = false;
    async function* source(): AsyncGenerator<Buffer> {
      yield tar([{ name: 'a' }]);
      yield Buffer.alloc(512);
      yield Buffer.alloc(70_000, 'garbage');
      yield Buffer.alloc(3, 'garbage');
      last = true;
    }
    expect(await readAll(source())).toHaveLength(1);
    expect(last).toBe(true);
  });

  test('may end in less than a block of zeros, or have nothing at all', async () => {
    expect(await readAll(inBlocks(Buffer.concat([tar([{}]), Buffer.alloc(100)])))).toHaveLength(1);
    expect(await readAll(inBlocks(Buffer.alloc(0)))).toEqual([]);
    expect(await readAll(inBlocks(Buffer.alloc(10)))).toEqual([]);
  });

  test('that is closed early lets go of its source', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        yield tar([{ name: 'a' }, 'abc'], [{ name: 'b' }]);
        yield tar([{ name: 'c' }]);
      } finally {
        closed = true;
      }
    }
    const reader = new TarReader(source(), { label: 'x' });
    await reader.next();
    await reader.close();
    expect(closed).toBe(true);
    expect(reader.read()).toBeUndefined();
    expect(await reader.next()).toBeUndefined();
  });

  test('has no bodies behind directories and links, whatever their size fields say', async () => {
    const bytes = tar([{ name: 'd/', meta: { ...meta, type: 'dir' }, size: 700 }], [{ name: 'b' }, 'x']);
    expect((await readAll(inBlocks(bytes))).map(({ name, size }) => [name, size])).toEqual([
      ['d/', 0],
      ['b', 1],
    ]);
  });
});

describe('damage is named with the archive and the place:', () => {
  const good = tar([{ name: 'first' }, 'x'], [{ name: 'sec\nond' }, 'y'.repeat(600)]);

  async function failure(bytes: Buffer): Promise<string> {
    const errors = [];
    for (const size of [bytes.length, 64]) {
      const error = await readAll(inBlocks(bytes, size)).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: 'IntegrityError', code: 'DAMAGED' });
      errors.push(String(error));
    }
    expect(errors[0]).toBe(errors[1]);
    return errors[0] ?? '';
  }

  test('a cut body', async () => {
    expect(await failure(good.subarray(0, 1700))).toContain(
      String.raw`x.tar ends inside its member sec\x0aond (byte 1700`,
    );
  });

  test('a cut padding', async () => {
    expect(await failure(good.subarray(0, -1))).toContain('ends inside its member');
  });

  test('a cut header', async () => {
    expect(await failure(good.subarray(0, 1030))).toContain('x.tar ends inside a header (byte 1030');
  });

  test('a wrong checksum', async () => {
    const bytes = Buffer.from(good);
    bytes[1024 + 100] = 0x37;
    expect(await failure(bytes)).toContain('x.tar has no valid tar header (byte 1024');
  });

  test('a negative size', async () => {
    const header = patched(tar([{}]), (block) => block.fill(0xff, 124, 136));
    expect(await failure(header)).toContain('of -1 bytes');
  });

  test('a number that is none', async () => {
    expect(await failure(patched(tar([{}]), (block) => block.write('12x', 108)))).toContain('no valid tar header');
  });

  test('a size beyond all measure', async () => {
    const header = patched(tar([{}]), (block) => block.fill(0x7f, 125, 136).fill(0x80, 124, 125));
    expect(await failure(header)).toContain('no valid tar header');
  });

  test('an extended header that would fill the memory', async () => {
    const header = patched(tar([{}]), (block) => block.write('x', 156).toString() + block.write('77777777777', 124));
    expect(await failure(header)).toContain('extended header of 8589934591 bytes');
  });

  test('an extended header without its member', async () => {
    const long = tar([{ name: 'é' }]);
    expect(await failure(Buffer.concat([long.subarray(0, 1024), Buffer.alloc(1024)]))).toContain(
      'ends after an extended header',
    );
    expect(await failure(long.subarray(0, 1024))).toContain('ends inside');
    expect(await failure(long.subarray(0, 700))).toContain('ends inside');
  });

  test('an extended header with broken records', async () => {
    const long = tar([{ name: 'é' }]);
    long.write('9', 512);
    expect(await failure(long)).toContain('x.tar: the extended header ././@PaxHeader is damaged');
  });

  test.each([
    ['1', 'is a hard link'],
    ['S', 'is of unknown type S'],
  ])('a member of type %s', async (flag, text) => {
    expect(await failure(patched(tar([{ name: 'm' }]), (block) => block.write(flag, 156)))).toContain(
      `member m that ${text}`,
    );
  });

  test('and goes on being said', async () => {
    const reader = new TarReader(inBlocks(Buffer.alloc(600, 'x')), { label: 'x' });
    await expect(reader.next()).rejects.toThrow('no valid tar header');
    expect(() => reader.next()).toThrow('no valid tar header');
    expect(() => reader.read()).toThrow('no valid tar header');
  });

  test('but a failure of the source passes as it is, and is no end', async () => {
    async function* source(): AsyncGenerator<Buffer> {
      yield tar([{ name: 'a' }]);
      throw new Error('disk gone');
    }
    const reader = new TarReader(source(), { label: 'x' });
    await reader.next();
    await expect(reader.next()).rejects.toThrow('disk gone');
    expect(() => reader.next()).toThrow('disk gone');
  });

  test('unless the very beginning is no tar and that is allowed', async () => {
    for (const bytes of [Buffer.alloc(5000, 'x'), Buffer.alloc(10, 'x')]) {
      const seen: string[] = [];
      const reader = new TarReader(inBlocks(bytes, 100), {
        label: 'x',
        onUnreadable: (error) => seen.push(error.code),
      });
      expect(await reader.next()).toBeUndefined();
      expect(seen).toEqual(['DAMAGED']);
    }
    const late = Buffer.concat([tar([{}]), Buffer.alloc(512, 'x')]);
    const reader = new TarReader(inBlocks(late), { label: 'x', onUnreadable: () => undefined });
    await reader.next();
    await expect(async () => reader.next()).rejects.toThrow('no valid tar header');
  });
});

describe('header fields', () => {
  const withPax = (records: string, flag = 'x'): Buffer => {
    const body = Buffer.from(records, 'latin1');
    const header = patched(encodeHeader({ name: 'pax', meta, size: body.length }), (block) => block.write(flag, 156));
    return Buffer.concat([header, body, padding(body.length)]);
  };
  const only = async (...parts: Buffer[]): Promise<TarMember | undefined> =>
    (await readAll(inBlocks(Buffer.concat(parts)))).at(-1);

  test.each([
    ['20 mtime=1600000000.9\n', 1_600_000_000],
    ['14 mtime=-1.5\n', -1],
    ['14 mtime=-0.5\n', 0],
    ['9 mtime=\n', 1_690_000_000],
  ])('mtime of %j', async (records, mtime) => {
    const record = records.replace(/^\d+/, String(records.replace(/^\d+/, '').length + 2));
    expect((await only(withPax(record), tar([{}])))?.meta.mtime).toBe(mtime);
  });

  test('a number in a PAX record that is none is damage', async () => {
    await expect(only(withPax('14 uid=0x1000\n'), tar([{}]))).rejects.toThrow('says "0x1000" for a number');
  });

  test('global records hold for all members, local ones before them', async () => {
    const members = await readAll(
      inBlocks(
        Buffer.concat([withPax('14 uname=glob\n', 'g'), tar([{}]), withPax('14 uname=locl\n'), tar([{}], [{}])]),
      ),
    );
    expect(members.map((member) => member.meta.uname)).toEqual(['glob', 'locl', 'glob']);
  });

  test('a size in a PAX record counts', async () => {
    const bytes = Buffer.concat([withPax('10 size=3\n'), tar([{ size: 0 }, 'abc']), tar([{ name: 'b' }])]);
    expect((await readAll(inBlocks(bytes))).map(({ body }) => body)).toEqual(['abc', '']);
  });

  test('checksums of signed bytes are right too', async () => {
    const header = tar([{}]);
    header.write('\xe9\xff', 10, 'latin1');
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(await only(header)).toBeDefined();
  });

  test('a prefix belongs to the name in POSIX headers only', async () => {
    const prefixed = patched(tar([{ name: 'n' }]), (block) => block.write('p/q', 345));
    expect((await only(prefixed))?.name).toBe('p/q/n');
    expect((await only(patched(prefixed, (block) => block.write('ustar  \0', 257))))?.name).toBe('n');
  });

  test('names may fill their fields', async () => {
    const full: Member = {
      name: 'n'.repeat(100),
      meta: { ...meta, type: 'sym', link: bytePath('l'.repeat(100)), uname: 'u'.repeat(32), gname: 'g'.repeat(32) },
      size: 0,
    };
    expect(await only(encodeHeader(full))).toMatchObject(full);
  });

  test('an owner that only begins like the one before is another', async () => {
    const owners = ['root', 'roo', 'rooted', '', 'root'];
    const members = await readAll(inBlocks(tar(...owners.map((uname) => [{ meta: { ...meta, uname } }] as const))));
    expect(members.map((member) => member.meta.uname)).toEqual(owners);
  });

  test('type NUL is a file, or a directory when its name ends in a slash', async () => {
    const nul = (name: string): Buffer => patched(tar([{ name }]), (block) => block.fill(0, 156, 157));
    expect((await only(nul('a')))?.meta.type).toBe('reg');
    expect((await only(nul('a/')))?.meta.type).toBe('dir');
  });
});

describe('what tarfile writes is read back', () => {
  const SCRIPT = `
import sys, io, tarfile
out = io.BytesIO()
t = tarfile.open(fileobj=out, mode='w', format=getattr(tarfile, sys.argv[1]), encoding='utf-8', errors='surrogateescape')
def add(name, body=b'', **fields):
    i = tarfile.TarInfo(name); i.mtime = 1690000000; i.uname = 'root'; i.gname = 'wheel'; i.mode = 0o644
    for k, v in fields.items(): setattr(i, k, v)
    i.size = len(body)
    t.addfile(i, io.BytesIO(body))
add('d', type=b'5'); add('d/a', body=b'x' * 700); add('s', type=b'2', linkname='target')
add('dev', type=b'3', devmajor=259, devminor=1048575)
add('/'.join(['p' * 60, 'q' * 60, 'f']), body=b'y')
if sys.argv[1] != 'USTAR_FORMAT':
    add('n' * 300, body=b'z'); add('l', type=b'2', linkname='t' * 300)
    add('\\udcff\\udcfe', uid=4294967294, gid=2097152, mtime=10413792000, uname='\\u00e9')
t.close()
sys.stdout.buffer.write(out.getvalue())
`;

  test.for(['PAX_FORMAT', 'GNU_FORMAT', 'USTAR_FORMAT'])('%s', async (format, { skip }) => {
    const run = spawnSync('python3', ['-c', SCRIPT, format], { maxBuffer: 1 << 24 });
    if (codeOf(run.error) === 'ENOENT') {
      if (process.env['CI'] === 'true') throw new Error('CI must have Python');
      skip('no Python');
    }
    expect(run.error).toBeUndefined();
    expect(run.stderr.toString()).toBe('');
    const members = await readAll(inBlocks(run.stdout, 1000));
    const seen = members.map(({ name, meta: { type }, body }) => [name, type, body]);
    const common = [
      ['d/', 'dir', ''],
      ['d/a', 'reg', 'x'.repeat(700)],
      ['s', 'sym', ''],
      ['dev', 'chr', ''],
      [`${'p'.repeat(60)}/${'q'.repeat(60)}/f`, 'reg', 'y'],
    ];
    expect(seen.slice(0, 5)).toEqual(common);
    expect(members[2]?.meta.link).toBe('target');
    expect(members[3]?.meta).toMatchObject({
      major: 259,
      minor: 1_048_575,
      uname: 'root',
      gname: 'wheel',
      mode: 0o644,
    });
    if (format === 'USTAR_FORMAT') return;
    expect(seen.slice(5)).toEqual([
      ['n'.repeat(300), 'reg', 'z'],
      ['l', 'sym', ''],
      ['\xff\xfe', 'reg', ''],
    ]);
    expect(members[6]?.meta.link).toBe('t'.repeat(300));
    expect(members[7]?.meta).toMatchObject({
      uid: 4_294_967_294,
      gid: 2_097_152,
      mtime: 10_413_792_000,
      uname: '\xc3\xa9',
    });
  });
});
