import { expect, test } from 'vitest';
import type { Metadata } from '../../archive/entry.ts';
import { NO_METADATA } from '../../archive/tar/tar-writer.ts';
import { archivedOwner } from './archived-owner.ts';
import type { Repository } from '../repository.ts';

const users = new Map([['me', 1001]]);
const groups = new Map([['us', 2002]]);
const accounts: Repository['accounts'] = {
  userName: () => '',
  groupName: () => '',
  userId: (name) => users.get(name),
  groupId: (name) => groups.get(name),
};

function ownerOf(meta: Partial<Metadata>, numericOwner = false): readonly [number, number] {
  const { uid, gid } = archivedOwner({ accounts, numericOwner }, { ...NO_METADATA, uid: 5, gid: 6, ...meta });
  return [uid, gid];
}

test('an owner is the account of that name here, else the archived number, each on its own', () => {
  expect(ownerOf({ uname: 'me', gname: 'us' })).toEqual([1001, 2002]);
  expect(ownerOf({ uname: 'me', gname: 'them' })).toEqual([1001, 6]);
  expect(ownerOf({ uname: 'you', gname: 'us' })).toEqual([5, 2002]);
  expect(ownerOf({ uname: '', gname: '' })).toEqual([5, 6]);
});

test('with numeric owners names do not count', () => {
  expect(ownerOf({ uname: 'me', gname: 'us' }, true)).toEqual([5, 6]);
});
