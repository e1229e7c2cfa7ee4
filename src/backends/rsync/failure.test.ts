import { expect, test } from 'vitest';

import { isAbsent, rsyncFailure } from './failure.ts';

test.each([
  [255, 'Host key verification failed.\nrsync error: unexplained error (code 255)', 'BACKEND_PERMISSION_DENIED', false],
  [255, 'u@h: Permission denied (publickey,password).', 'BACKEND_PERMISSION_DENIED', false],
  [5, '@ERROR: auth failed on module m', 'BACKEND_PERMISSION_DENIED', false],
  [5, "@ERROR: Unknown module 'm'", 'BACKEND_NOT_FOUND', false],
  [127, 'bash: line 1: rsync: command not found', 'BACKEND_COMMAND_ERROR', false],
  [11, 'rsync: write failed on "x": No space left on device (28)', 'BACKEND_NO_SPACE', false],
  [23, 'rsync: mkstemp ".x" failed: Permission denied (13)', 'BACKEND_PERMISSION_DENIED', false],
  [23, '@ERROR: module is read only', 'BACKEND_PERMISSION_DENIED', false],
  [23, 'rsync: link_stat "/x" failed: No such file or directory (2)', 'BACKEND_NOT_FOUND', false],
  [10, 'rsync: failed to connect to h: Connection refused (111)', 'BACKEND_ERROR', true],
  [30, 'rsync error: timeout in data send/receive (code 30)', 'BACKEND_ERROR', true],
  [5, '@ERROR: access denied to m from h (10.0.0.1)', 'BACKEND_PERMISSION_DENIED', false],
  [5, '@ERROR: max connections (4) reached -- try again later', 'BACKEND_ERROR', true],
  [12, '/usr/bin/rrsync error: Another instance of rrsync is already accessing this directory.', 'BACKEND_ERROR', true],
  [12, '/usr/bin/rrsync: invalid rsync-command syntax or options', 'BACKEND_ERROR', false],
  [1, "rsync: unrecognized option `--x'\nusage: rsync [-0468BCD]", 'BACKEND_ERROR', false],
  [4, 'rsync: The server is configured to refuse --delete', 'BACKEND_PERMISSION_DENIED', false],
  [255, 'No user exists for uid 4711', 'BACKEND_COMMAND_ERROR', false],
  [1, 'rsync: --nonsense: unknown option', 'BACKEND_ERROR', false],
])('status %i with %j is %s, worth a retry: %s', (status, stderr, code, retryable) => {
  const ended = { status, stdout: '', stderr };
  expect(rsyncFailure('store x', ended)).toMatchObject({ code, retryable });
  expect(isAbsent(ended)).toBe(code === 'BACKEND_NOT_FOUND');
});

test('the message is the line that says what happened', () => {
  const stderr =
    'rsync: connection unexpectedly closed (0 bytes)\nssh: connect to host h port 1: refused\nrsync error: x';
  const { message } = rsyncFailure('store x', { status: 255, stdout: '', stderr });
  expect(message).toBe('Cannot store x: ssh: connect to host h port 1: refused (rsync status 255)');
});
