import { expect, test } from 'vitest';

import { BackendError, CryptoError, UsageError } from '../errors/errors.ts';
import type { Event } from '../events/events.ts';
import { ROOT, bytePath } from '../util/bytepath.ts';
import { levelName, render } from './render.ts';

process.env['TZ'] = 'UTC';

const path = bytePath('dir/n\xe9');

test.each<[Event, number, string, boolean]>([
  [{ kind: 'error', text: 'e' }, 0, 'e', false],
  [{ kind: 'warning', text: 'w' }, 2, 'w', false],
  [{ kind: 'notice', text: 'n' }, 3, 'n', false],
  [{ kind: 'info', text: 'i' }, 5, 'i', false],
  [{ kind: 'debug', text: 'd' }, 9, 'd', false],
  [{ kind: 'forced', text: 'f' }, 3, 'f', true],
  [{ kind: 'fileNew', path }, 5, 'A dir/n\xe9', false],
  [{ kind: 'fileChanged', path }, 5, 'M dir/n\xe9', false],
  [{ kind: 'fileDeleted', path }, 5, 'D dir/n\xe9', false],
  [{ kind: 'fileNew', path: ROOT }, 5, 'A .', false],
  [{ kind: 'socketSkipped', path }, 5, 'Skipping socket dir/n\xe9', false],
  [{ kind: 'restoring', path, type: 'fifo' }, 5, 'Writing dir/n\xe9 of type fifo', false],
  [{ kind: 'listed', path, type: 'reg', mtime: 1700000000 }, 5, 'Tue Nov 14 22:13:20 2023 dir/n\xe9', true],
  [{ kind: 'listed', path: ROOT, type: 'dir', mtime: 0 }, 5, 'Thu Jan  1 00:00:00 1970 .', true],
  [{ kind: 'collectionStatus', text: 's', data: [], forced: false }, 8, 's', false],
  [{ kind: 'collectionStatus', text: 's', data: [], forced: true }, 8, 's', true],
  [{ kind: 'progress', current: 2, total: 7 }, 5, 'Processed volume 2 of 7', false],
])('%o is shown from level %i on as %j', (event, level, text, forced) => {
  expect(render(event)).toEqual({ level, text, forced });
});

test('a backup in progress has nothing to say to people', () => {
  expect(render({ kind: 'progress', current: 8204 }).text).toBeUndefined();
});

test('text is turned into UTF-8 bytes', () => {
  expect(render({ kind: 'notice', text: 'é' }).text).toBe('\xc3\xa9');
});

test('a usage error is said in two lines', () => {
  const error = new UsageError('COMMAND_LINE', 'Expected 2 args, got 1');
  expect(render({ kind: 'failed', error }).text).toBe(
    "Command line error: Expected 2 args, got 1\nEnter 'duplicity --help' for help screen.",
  );
});

test('usage errors with a number of their own are said plainly', () => {
  const error = new UsageError('CANNOT_OPEN_FILELIST', 'Error opening file F');
  expect(render({ kind: 'failed', error })).toEqual({ level: 0, text: 'Error opening file F', forced: false });
});

test('a hint follows on its own line, and messages of gpg stay as they are', () => {
  const backend = new BackendError('BACKEND_NOT_FOUND', 'vol1 is gone.', { hint: 'Look for it.', retryable: false });
  expect(render({ kind: 'failed', error: backend }).text).toBe('vol1 is gone.\nLook for it.');
  const log = 'GPGError: GPG Failed, see log below:\n===== Begin GnuPG log =====\nx\n===== End GnuPG log =====';
  expect(render({ kind: 'failed', error: new CryptoError('GPG_FAILED', log) }).text).toBe(log);
});

test.each([
  [0, 'ERROR'],
  [1, 'WARNING'],
  [2, 'WARNING'],
  [3, 'NOTICE'],
  [4, 'NOTICE'],
  [5, 'INFO'],
  [8, 'INFO'],
  [9, 'DEBUG'],
])('level %i is called %s', (level, name) => {
  expect(levelName(level)).toBe(name);
});
