import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytePath } from '../../util/bytepath.ts';
import type { FileType, Metadata } from '../entry.ts';
import { encodeHeader, headerLength, type Member, NO_METADATA, padding, trailer, writeHeader } from './tar-writer.ts';

const meta: Metadata = {
  ...NO_METADATA,
  mode: 0o644,
  uname: 'root',
  gname: 'root',
  mtime: 1_690_000_000,
};

/** Python's tarfile, which wrote the reference's archives, as the oracle. */
const TARFILE = `
import sys, json, tarfile, base64
if sys.version_info < (3, 10): sys.exit(77)
text = lambda s: s.encode('latin-1').decode('utf-8', 'surrogateescape')
types = dict(reg=b'0', sym=b'2', chr=b'3', blk=b'4', dir=b'5', fifo=b'6')
for line in sys.stdin:
    m = json.loads(line); d = m['meta']
    t = tarfile.TarInfo(text(m['name']))
    t.size, t.mode, t.uid, t.gid, t.mtime, t.type = m['size'], d['mode'], d['uid'], d['gid'], d['mtime'], types[d['type']]
    t.uname, t.gname, t.linkname = text(d['uname']), text(d['gname']), text(d['link'])
    t.devmajor, t.devminor = d['major'], d['minor']
    print(base64.b64encode(t.tobuf(tarfile.PAX_FORMAT, 'utf-8', 'surrogateescape')).decode())
`;

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function codeOf(error: object | undefined): unknown {
  return error !== undefined && 'code' in error ? error.code : undefined;
}

function pythonHeaders(members: readonly Member[]): Buffer[] | undefined {
  const input = members.map((member) => `${asciiJson(member)}\n`).join('');
  const run = spawnSync('python3', ['-c', TARFILE], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status === 77 || codeOf(run.error) === 'ENOENT') return undefined;
  expect(run.error).toBeUndefined();
  expect(run.stderr).toBe('');
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line, 'base64'));
}

const anyByte = fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte));
const utf8 = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((text) => Buffer.from(text.replaceAll('\0', '_')).toString('latin1'));
const ascii = fc.integer({ min: 85, max: 110 }).map((length) => 'n'.repeat(length));
const bytes = fc.array(anyByte, { maxLength: 120 }).map((parts) => parts.join(''));
const text = fc.oneof(
  ascii,
  utf8,
  bytes,
  fc.tuple(ascii, utf8).map((parts) => parts.join('')),
);
const owner = fc.oneof(fc.constantFrom('', 'root', 'x'.repeat(32), 'x'.repeat(33)), utf8);
const id = fc.oneof(fc.nat({ max: 5000 }), fc.constantFrom(2_097_151, 2_097_152, 4_294_967_294));
const anyMember: fc.Arbitrary<Member> = fc
  .record({
    name: text,
    size: fc.oneof(fc.nat(), fc.constantFrom(8 ** 11 - 1, 8 ** 11, 2 ** 40)),
    meta: fc.record({
      type: fc.constantFrom<FileType>('reg', 'sym', 'fifo', 'chr', 'blk', 'dir'),
      mode: fc.nat({ max: 0o7777 }),
      uid: id,
      gid: id,
      uname: owner,
      gname: owner,
      mtime: fc.oneof(fc.nat({ max: 4_294_967_295 }), fc.constantFrom(0, 8 ** 11 - 1, 8 ** 11, 10_413_792_000)),
      size: fc.constant(0),
      link: text.map(bytePath),
      major: fc.constantFrom(0, 1, 259, 2_097_151),
      minor: fc.constantFrom(0, 3, 1_048_575),
    }),
  })
  // tarfile itself adds a directory's slash.
  .map((member) =>
    member.meta.type === 'dir' ? { ...member, name: `d${member.name.replaceAll('/', '_')}/` } : member,
  );

describe('a tar header', () => {
  test('is what tarfile writes, for all kinds of members', ({ skip }) => {
    const members = fc.sample(anyMember, 1500);
    const headers = pythonHeaders(members);
    if (headers === undefined) {
      if (process.env['CI'] === 'true') throw new Error('CI must have Python 3.10 or newer');
      skip('no Python 3.10 or newer');
    }
    const ours = members.map((member) => encodeHeader(member));
    const wrong = members.filter((_member, index) => headers?.[index]?.equals(ours[index] ?? Buffer.alloc(0)) !== true);
    expect(wrong).toEqual([]);
    const extended = ours.filter((header) => header.length > 512).length;
    expect(extended).toBeGreaterThan(100);
    expect(extended).toBeLessThan(members.length);
  });

  test('can be written over old bytes, anywhere in a buffer that is large enough', () => {
    for (const name of ['snapshot/a', `snapshot/${'é'.repeat(300)}`]) {
      const member = { name, meta, size: 5 };
      const into = Buffer.alloc(5000, 'x');
      const length = writeHeader(into, 100, member);
      expect(length).toBe(headerLength(member));
      expect(into.subarray(100, 100 + length).equals(encodeHeader(member))).toBe(true);
      expect(into.toString('latin1', 90, 100)).toBe('x'.repeat(10));
      expect(into.toString('latin1', 100 + length)).toBe('x'.repeat(4900 - length));
    }
  });

  test('is never cut at the end of a buffer', () => {
    expect(() => writeHeader(Buffer.alloc(511), 0, { name: 'a', meta, size: 0 })).toThrow(RangeError);
    expect(() => writeHeader(Buffer.alloc(1535), 0, { name: 'é', meta, size: 0 })).toThrow(RangeError);
  });

  test('has no negative mtime, which the reference could not read', () => {
    const before = encodeHeader({ name: 'a', meta: { ...meta, mtime: -5 }, size: 0 });
    expect(before.equals(encodeHeader({ name: 'a', meta: { ...meta, mtime: 0 }, size: 0 }))).toBe(true);
  });

  test('refuses a device number it cannot hold', () => {
    expect(() => encodeHeader({ name: 'a', meta: { ...meta, type: 'chr', minor: 2_097_152 }, size: 0 })).toThrow(
      RangeError,
    );
  });
});

test.each([
  [0, 0],
  [1, 511],
  [512, 0],
  [513, 511],
])('a body of %i bytes is followed by %i zeros', (size, length) => {
  expect(padding(size)).toEqual(Buffer.alloc(length));
});

test.each([
  [0, 10_240],
  [9216, 10_240],
  [9728, 20_480],
  [10_240, 20_480],
])('a signature archive of %i bytes is filled to %i', (length, full) => {
  expect(length + trailer(length).length).toBe(full);
});
