import { expect, test } from 'vitest';
import type { Entry, FileType } from '../../archive/entry.ts';
import { NO_METADATA } from '../../archive/tar/tar-writer.ts';
import type { Event } from '../../events/events.ts';
import { bytePath, ROOT } from '../../util/bytepath.ts';
import { Relocation } from './relocate.ts';

function relocate(
  paths: readonly string[],
  { wanted = '', renames = [] }: { wanted?: string; renames?: readonly (readonly [string, string])[] } = {},
) {
  const events: Event[] = [];
  const relocation = new Relocation({
    wanted: bytePath(wanted),
    renames: renames.map(([from, to]) => ({ from: bytePath(from), to: bytePath(to) })),
    emit: (event) => events.push(event),
  });
  const places = paths.map((path) => relocation.place(entry(path)).path);
  const warned = events.map((event) => (event.kind === 'warning' ? `${event.code} ${event.path}` : event.kind));
  return { places, replaced: relocation.replaced, warned };
}

/** A path with a trailing slash is a directory. */
function entry(path: string): Entry {
  const type: FileType = path.endsWith('/') ? 'dir' : 'reg';
  return { kind: 'snapshot', path: bytePath(path.replace(/\/$/, '')), meta: { ...NO_METADATA, type } };
}

test('an entry whose path stays is the very entry', () => {
  const given = entry('a');
  expect(new Relocation({ wanted: ROOT, renames: [], emit: () => {} }).place(given)).toBe(given);
});

test('what is wanted becomes the root', () => {
  expect(relocate(['d/', 'd/x', 'd/y/z'], { wanted: 'd' }).places).toEqual(['', 'x', 'y/z']);
});

test('the closest name that a path lies in is changed, whole components only', () => {
  const renames = [
    ['d', 'new/d'],
    ['d/x', 'other'],
    ['a', ''],
  ] as const;
  expect(relocate(['a', 'd/', 'd/x', 'd.txt', 'e'], { renames })).toEqual({
    places: ['', 'new/d', 'other', 'd.txt', 'e'],
    replaced: 0,
    warned: [],
  });
});

test.each<readonly [string, readonly string[], readonly string[], number]>([
  ['two files', ['a', 'b'], ['cannotProcess b'], 1],
  ['a file and then a directory', ['a', 'b/'], ['cannotProcess b'], 1],
  ['a directory, which the writer keeps unless it is empty, and then a file', ['a/', 'b'], ['cannotProcess b'], 0],
  ['two directories, which become one', ['a/', 'b/'], [], 0],
  ['two directories and one file in both', ['a/', 'a/x', 'b/', 'b/x'], ['cannotProcess b/x'], 1],
])('%s at one place', (_what, paths, warned, replaced) => {
  expect(relocate(paths, { renames: [['a', 'b']] })).toMatchObject({ warned, replaced });
});

// Where the reference 0.8.22 puts `path`, with --file-to-restore `wanted` and pairs of --rename.
test.each([
  ['home/old/d/g', '', ['home/old home/new'], 'home/new/d/g'],
  ['home/old/d/g', 'home/old/d', ['home/old home/new'], 'g'],
  ['home/old/f', 'home/old/f', ['home/old home/new'], ''],
  ['home/old/f', 'home/old/f', ['home/old/f home/new/f'], ''],
  ['home/old/d/g', 'home/old', ['d e'], 'e/g'],
  ['home/old/d/g', 'home/old', ['home/old/d e'], 'd/g'],
  ['home/old/d/g', '', ['home/old home/new', 'home/old/d home/q'], 'home/q/g'],
  ['home/old/f', '', ['home/old/d home/q', 'home/old home/new'], 'home/new/f'],
  ['home/old/f', '', ['home/old home/new', 'home/old home/last'], 'home/last/f'],
  ['home/older/f', '', ['home/old home/new'], 'home/older/f'],
])('%s of "%s" with the renames %j becomes "%s"', (path, wanted, pairs, expected) => {
  const renames = pairs.map((pair) => {
    const [from = '', to = ''] = pair.split(' ');
    return { from: bytePath(from), to: bytePath(to) };
  });
  const relocation = new Relocation({ wanted: bytePath(wanted), renames, emit: () => undefined });
  expect(relocation.place(entry(path)).path).toBe(expected);
});
