import { constants } from 'node:os';

import { expect, test } from 'vitest';

import { storing } from './failure.ts';

function systemError(code: string, errno: number, message: string): Error {
  return Object.assign(new Error(message), { code, errno: -errno });
}

test.each([
  ['EACCES', 'BACKEND_PERMISSION_DENIED', 51, false],
  ['EPERM', 'BACKEND_PERMISSION_DENIED', 51, false],
  ['ENOENT', 'BACKEND_NOT_FOUND', 52, false],
  ['ENOSPC', 'BACKEND_NO_SPACE', 53, false],
  ['EROFS', 'BACKEND_ERROR', 50, false],
  ['EIO', 'BACKEND_ERROR', 50, true],
  ['EBUSY', 'BACKEND_ERROR', 50, true],
] as const)('%s is %s (%i)', async (name, code, exitCode, retryable) => {
  const cause = systemError(name, constants.errno[name], `${name}: some reason, write '/a, b'`);
  await expect(storing('store x', () => Promise.reject(cause))).rejects.toMatchObject({
    code,
    exitCode,
    retryable,
    cause,
    message: `Cannot store x: Some reason (${name})`,
  });
});

test.each([
  ['EDQUOT', 'BACKEND_NO_SPACE', 'Disk quota exceeded'],
  ['ESTALE', 'BACKEND_ERROR', 'Stale file handle'],
] as const)('%s is known although node has no name for it', async (name, code, reason) => {
  const text = `Unknown system error -${constants.errno[name]}`;
  const cause = systemError(text, constants.errno[name], `${text}: ${text}, write`);
  const failure = storing('store x', () => Promise.reject(cause));
  await expect(failure).rejects.toMatchObject({ code, message: `Cannot store x: ${reason} (${name})` });
});

test('an error that no system call made passes through', async () => {
  const bug = new TypeError('a bug');
  await expect(storing('store x', () => Promise.reject(bug))).rejects.toBe(bug);
});
