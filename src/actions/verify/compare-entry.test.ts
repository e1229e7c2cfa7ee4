import { beforeEach, describe, expect, test } from 'vitest';
import type { Metadata } from '../../archive/entry.ts';
import { NO_METADATA } from '../../archive/tar/tar-writer.ts';
import { IntegrityError, LocalError } from '../../errors/errors.ts';
import type { Event } from '../../events/events.ts';
import type { OpenedFile } from '../../source/open-file.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { bytePath } from '../../util/bytepath.ts';
import { type CompareOptions, EntryComparer } from './compare-entry.ts';

const path = bytePath('d/f');
let found: string[];
let events: Event[];
let taken: number;

beforeEach(() => {
  found = [];
  events = [];
  taken = 0;
});

function file(text: string, failure?: LocalError): OpenedFile {
  let done = false;
  const read = (into: Buffer): number => {
    if (failure !== undefined) throw failure;
    if (done) return 0;
    done = true;
    return into.write(text);
  };
  return { size: text.length, read, close: () => undefined };
}

async function compare(
  archived: Partial<Metadata>,
  here: Partial<Metadata> | undefined,
  options: Partial<CompareOptions> = {},
): Promise<readonly string[]> {
  const comparer = new EntryComparer({
    open: () => file('content'),
    content: (take) => {
      taken++;
      take(Buffer.from('content'));
    },
    ownerOf: ({ uid, gid }) => ({ uid, gid }),
    differs: (_path, what) => found.push(what),
    emit: (event) => events.push(event),
    ...options,
  });
  const at = (meta: Metadata): SourceEntry => ({ path, meta, device: 1, inode: 1, ctime: 1 });
  const other = here === undefined ? undefined : at({ ...NO_METADATA, mtime: 5, ...here });
  await comparer.compare(path, { ...NO_METADATA, mtime: 5, ...archived }, other);
  return found;
}

const failed = (code: string): LocalError =>
  new LocalError('GENERIC', `Cannot read d/f: ${code}`, { cause: Object.assign(new Error(code), { code }) });

describe('what is different', () => {
  test('is nothing of a file that is the same', async () => {
    expect(await compare({}, {})).toEqual([]);
  });

  test.each<readonly [string, Partial<Metadata>, Partial<Metadata> | undefined]>([
    ['File d/f is missing', {}, undefined],
    ['File d/f has type dir, expected reg', {}, { type: 'dir' }],
    ['File d/f has permissions 1:0 0, expected 2:0 0', { uid: 2 }, { uid: 1 }],
    ['File d/f has permissions 0:1 0, expected 0:2 0', { gid: 2 }, { gid: 1 }],
    ['File d/f has permissions 0:0 600, expected 0:0 644', { mode: 0o644 }, { mode: 0o600 }],
    ['File d/f has mtime Thu Jan  1 00:00:07 1970, expected Thu Jan  1 00:00:05 1970', {}, { mtime: 7 }],
  ])('%s', async (what, archived, here) => {
    expect(await compare(archived, here)).toEqual([what]);
    // Damage of the archive is looked for all the same.
    expect(taken).toBe(1);
  });

  test('is the target of a link and the numbers of a device', async () => {
    const link = (to: string): Partial<Metadata> => ({ type: 'sym', link: bytePath(to) });
    expect(await compare(link('a'), link('b'))).toEqual(['Symlink d/f points to b, expected a']);
    found = [];
    expect(await compare({ type: 'chr', major: 1, minor: 2 }, { type: 'chr', major: 1, minor: 3 })).toEqual([
      'Device file d/f has numbers (1, 3), expected (1, 2)',
    ]);
    expect(taken).toBe(0);
  });

  test('is the data', async () => {
    expect(await compare({}, {}, { open: () => file('other!!') })).toEqual(['Data for file d/f is different']);
  });
});

describe('a file that cannot be read', () => {
  const opening = (code: string): Partial<CompareOptions> => ({
    open: () => {
      throw failed(code);
    },
  });

  test('because it has vanished is missing', async () => {
    expect(await compare({}, {}, opening('ENOENT'))).toEqual(['File d/f is missing']);
    expect([taken, events]).toEqual([1, []]);
  });

  test.each([
    ['at all', opening('EACCES'), 'EACCES'],
    ['to its end', { open: () => file('', failed('EIO')) }, 'EIO'],
  ])('%s counts as a difference, and why is told', async (_what, options, reason) => {
    expect(await compare({}, {}, options)).toEqual(['Data for file d/f cannot be compared']);
    expect(events).toEqual([{ kind: 'warning', code: 'cannotRead', path, text: `Cannot read d/f: ${reason}` }]);
    expect(taken).toBe(1);
  });
});

test('damage of the archive is thrown, be the content at hand or not', async () => {
  const damage = new IntegrityError('DAMAGED', 'vol1');
  const content = (): never => {
    throw damage;
  };
  await expect(compare({}, {}, { content })).rejects.toBe(damage);
  await expect(compare({}, {}, { content: () => Promise.reject(damage) })).rejects.toBe(damage);
  await expect(compare({}, undefined, { content })).rejects.toBe(damage);
});
