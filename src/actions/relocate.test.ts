import { expect, test } from 'vitest';
import type { Entry, FileType } from '../archive/entry.ts';
import { NO_METADATA } from '../archive/tar-writer.ts';
import type { Event } from '../events/events.ts';
import { bytePath, ROOT } from '../util/bytepath.ts';
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

test('the first name that a path lies in is changed, whole components only', () => {
  const renames = [
    ['d', 'new/d'],
    ['d/x', 'never'],
    ['a', ''],
  ] as const;
  expect(relocate(['a', 'd/', 'd/x', 'd.txt', 'e'], { renames })).toEqual({
    places: ['', 'new/d', 'new/d/x', 'd.txt', 'e'],
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
