import { expect, test } from 'vitest';
import { bytePath } from '../util/bytepath.ts';
import { difftarMember, isLastPiece, pieceOf } from './difftar-writer.ts';
import type { EntryKind, FileType } from './entry.ts';
import { NO_METADATA } from './tar/tar-writer.ts';

const meta = { ...NO_METADATA, mode: 0o600, uid: 3, mtime: 9 };

test.each<[EntryKind, FileType, string, number, string]>([
  ['snapshot', 'dir', '', 0, 'snapshot/./'],
  ['snapshot', 'dir', 'd', 0, 'snapshot/d/'],
  ['snapshot', 'reg', 'd/f', 0, 'snapshot/d/f'],
  ['snapshot', 'sym', '', 0, 'snapshot/'],
  ['snapshot', 'reg', '', 0, 'snapshot/'],
  ['diff', 'reg', '', 0, 'diff/'],
  ['snapshot', 'reg', '', 1, 'multivol_snapshot/./1'],
  ['diff', 'reg', '', 2, 'multivol_diff/./2'],
  ['diff', 'reg', 'f', 0, 'diff/f'],
  ['diff', 'reg', 'd/f', 12, 'multivol_diff/d/f/12'],
  ['deleted', 'dir', 'd', 0, 'deleted/d'],
])('%s of a %s at %j, piece %i, is named %j', (kind, type, path, piece, name) => {
  const member = difftarMember({ kind, path: bytePath(path), meta: { ...meta, type } }, 5, piece);
  expect(member.name).toBe(name);
  expect(member.size).toBe(kind === 'deleted' ? 0 : 5);
  expect(member.meta).toEqual(kind === 'deleted' ? NO_METADATA : { ...meta, type });
});

test('a body is split when its first unit is full, and its last piece is short', () => {
  expect(pieceOf(1, 65_535)).toBe(0);
  expect(pieceOf(1, 0)).toBe(0);
  expect(pieceOf(1, 65_536)).toBe(1);
  expect(pieceOf(2, 0)).toBe(2);
  expect([0, 65_535, 65_536].map(isLastPiece)).toEqual([true, true, false]);
});
