import { describe, expect, test } from 'vitest';
import { bytePath } from '../util/bytepath.ts';
import type { Entry, EntryKind, FileType } from './entry.ts';
import { sigtarMember, SigtarStream } from './sigtar.ts';
import { encodeHeader, NO_METADATA, padding, trailer } from './tar/tar-writer.ts';
import type { ArchiveWarning } from './warning.ts';

const meta = { ...NO_METADATA, mode: 0o600, uname: 'root', mtime: 9 };

function entry(kind: EntryKind, path: string, type: FileType = 'reg'): Entry {
  return { kind, path: bytePath(path), meta: { ...meta, type } };
}

function sigtar(entries: readonly Entry[], body = 'signature'): Buffer {
  const parts = entries.flatMap((one) => {
    const text = one.kind === 'signature' ? body : '';
    return [encodeHeader(sigtarMember(one, text.length)), Buffer.from(text), padding(text.length)];
  });
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, trailer(bytes.length)]);
}

function open(bytes: Buffer, warnings: ArchiveWarning[] = [], setTime?: number): SigtarStream {
  async function* source(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  return new SigtarStream(source(), {
    name: 'x.sigtar',
    onWarning: (warning) => warnings.push(warning),
    ...(setTime !== undefined && { setTime }),
  });
}

async function list(stream: SigtarStream): Promise<Entry[]> {
  const entries = [];
  for (let one = await stream.next(); one !== undefined; one = await stream.next()) entries.push(one);
  return entries;
}

describe('a signature archive', () => {
  test.each<[EntryKind, FileType, string, string]>([
    ['snapshot', 'dir', '', 'snapshot/'],
    ['signature', 'reg', '', 'signature/'],
    ['snapshot', 'sym', '', 'snapshot/'],
    ['snapshot', 'dir', 'd', 'snapshot/d/'],
    ['signature', 'reg', 'd/f', 'signature/d/f'],
    ['snapshot', 'fifo', 'p', 'snapshot/p'],
    ['deleted', 'dir', 'd', 'deleted/d'],
    // An entry of a source tree is a snapshot until it gets here.
    ['snapshot', 'reg', 'f', 'signature/f'],
  ])('names a %s of type %s at %j %j', (kind, type, path, name) => {
    expect(sigtarMember(entry(kind, path, type), 7).name).toBe(name);
  });

  test('gives back what was put in', async () => {
    const entries = [
      entry('snapshot', '', 'dir'),
      entry('signature', 'a'),
      entry('snapshot', 'd', 'dir'),
      entry('signature', 'd/b'),
      { ...entry('deleted', 'x'), meta: NO_METADATA },
    ];
    expect(await list(open(sigtar(entries)))).toEqual(entries);
    const stream = open(sigtar(entries));
    await stream.next();
    await stream.next();
    expect(String(await stream.read())).toBe('signature');
    expect(await stream.read()).toBeUndefined();
    await stream.close();
  });

  test.each<readonly [number, number, number | undefined]>([
    [1_700_000_000, 1_699_999_998, undefined],
    [1_700_000_000, 1_699_999_999, 1_700_000_000],
    [1_700_000_000, 1_700_000_000, 1_700_000_000],
    [1_700_000_000, 1_800_000_000, 1_700_000_000],
  ])('of a set at %i tells that time of a file with the time %i: %s', async (setTime, mtime, storedAt) => {
    const [file, link, gone] = await list(
      open(
        sigtar([
          { ...entry('signature', 'a'), meta: { ...meta, mtime } },
          { ...entry('snapshot', 'b', 'sym'), meta: { ...meta, type: 'sym', mtime } },
          { ...entry('deleted', 'c'), meta: NO_METADATA },
        ]),
        [],
        setTime,
      ),
    );
    expect(file?.storedAt).toBe(storedAt);
    expect([link, gone].map((one) => one?.storedAt)).toEqual([undefined, undefined]);
    const again = await list(open(sigtar([{ ...entry('signature', 'a'), meta: { ...meta, mtime } }])));
    expect(again[0]?.storedAt).toBeUndefined();
  });

  test('without entries is a record of zeros', async () => {
    expect(sigtar([])).toEqual(Buffer.alloc(10_240));
    expect(await list(open(sigtar([])))).toEqual([]);
  });

  test.each([0, 10, 5000])('of %i bytes of something else counts as empty', async (length) => {
    const warnings: ArchiveWarning[] = [];
    expect(await list(open(Buffer.alloc(length, 'no tar'), warnings))).toEqual([]);
    expect(warnings).toMatchObject(length === 0 ? [] : [{ kind: 'unreadable', file: 'x.sigtar' }]);
  });

  test('damaged further on is damage', async () => {
    const bytes = sigtar([entry('signature', 'a'), entry('signature', 'b')]);
    bytes[1024] = 1;
    await expect(list(open(bytes))).rejects.toMatchObject({ code: 'DAMAGED' });
    await expect(list(open(bytes.subarray(0, 1020)))).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  test('leaves out what is out of order, with a warning', async () => {
    const warnings: ArchiveWarning[] = [];
    const entries = ['b', 'a', 'b', 'c'].map((path) => entry('signature', path));
    expect((await list(open(sigtar(entries), warnings))).map(({ path }) => path)).toEqual(['b', 'c']);
    expect(warnings).toEqual(['a', 'b'].map((path) => ({ kind: 'unordered', file: 'x.sigtar', path, previous: 'b' })));
  });

  test.each([
    ['signature/d/..', 'a name that goes up after a beginning that was looked at'],
    ['signature/d//x', 'an empty component'],
    ['snapshot/./x', 'a root spelled as a dot'],
  ])('with a member %s is damaged behind one that begins like it (%s)', async (name) => {
    const before = name.startsWith('snapshot') ? ['snapshot/./'] : ['signature/d/.a', 'signature/d/.b'];
    const bytes = Buffer.concat([...before, name].map((one) => encodeHeader({ name: one, meta, size: 0 })));
    await expect(list(open(bytes))).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  test('looks at all of a name behind an extended header that begins like it', async () => {
    const extension = encodeHeader({ name: 'signature/d/../x', meta, size: 0 });
    extension[156] = 0x78;
    extension.fill(' ', 148, 156);
    const sum = extension.reduce((total, byte) => total + byte, 0);
    extension.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const names = ['signature/d/.a', 'signature/d/../y'].map((name) => encodeHeader({ name, meta, size: 0 }));
    const bytes = Buffer.concat([names[0] ?? extension, extension, names[1] ?? extension]);
    await expect(list(open(bytes))).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  test('compares with the last entry that counts, not with one that was left out', async () => {
    const warnings: ArchiveWarning[] = [];
    const paths = ['d/kkkkkkkk1', 'd/aaaaaaaa1', 'd/aaaaaaaa2', 'd/kkkkkkkk2'];
    const entries = paths.map((path) => entry('signature', path));
    expect((await list(open(sigtar(entries), warnings))).map(({ path }) => path)).toEqual([paths[0], paths[3]]);
    expect(warnings).toHaveLength(2);
  });

  test.each(['diff/a', 'meta/a', 'signature', 'snapshot/../a'])('with a member %s is damaged', async (name) => {
    await expect(list(open(encodeHeader({ name, meta, size: 0 })))).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  test('has signatures of regular files only', async () => {
    const bytes = encodeHeader({ name: 'signature/a', meta: { ...meta, type: 'dir' }, size: 0 });
    await expect(list(open(bytes))).rejects.toMatchObject({ code: 'DAMAGED' });
  });
});
