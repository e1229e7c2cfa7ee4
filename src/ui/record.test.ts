import { expect, test } from 'vitest';

import { BackendError, ChainError, CryptoError, LocalError, UsageError } from '../errors/errors.ts';
import type { Event } from '../events/events.ts';
import { bytePath } from '../util/bytepath.ts';
import { formatRecord } from './record.ts';
import { render } from './render.ts';

process.env['TZ'] = 'UTC';

const record = (event: Event): string => formatRecord(event, render(event));
const control = (event: Event): string => record(event).split('\n')[0] ?? '';
const path = bytePath("a b/it's");

test('a record is a control line, the text with a dot before each line, and an empty line', () => {
  expect(record({ kind: 'notice', text: 'one\ntwo' })).toBe('NOTICE 1\n. one\n. two\n\n');
});

test('the statistics block keeps its empty last line, as in the reference', () => {
  expect(record({ kind: 'forced', text: 'Errors 0\n----\n' })).toBe('NOTICE 1\n. Errors 0\n. ----\n. \n\n');
});

test('the collection status has its data lines between control line and text', () => {
  const data = ['backend BackendWrapper', 'chain-complete', ' full 20261121T092205Z 1 enc'];
  expect(record({ kind: 'collectionStatus', text: 'Collection Status\n-----', data, forced: true })).toBe(
    'INFO 3 \nbackend BackendWrapper\nchain-complete\n full 20261121T092205Z 1 enc\n. Collection Status\n. -----\n\n',
  );
});

test('a record without text is its control line', () => {
  expect(record({ kind: 'progress', current: 8204 })).toBe('INFO 2 8204\n\n');
});

test('bytes that are no UTF-8 become U+FFFD in the text and stay exact in the field', () => {
  expect(record({ kind: 'fileNew', path: bytePath('\xff') })).toBe("INFO 4 '\\udcff'\n. A \ufffd\n\n");
});

test.each<[Event, string]>([
  [{ kind: 'error', text: 'x' }, 'ERROR 1'],
  [{ kind: 'info', text: 'x' }, 'INFO 1'],
  [{ kind: 'debug', text: 'x' }, 'DEBUG 1'],
  [{ kind: 'progress', current: 2, total: 7 }, 'INFO 2 2 7'],
  [{ kind: 'fileNew', path: bytePath('') }, "INFO 4 '.'"],
  [{ kind: 'fileNew', path }, "INFO 4 'a b/it\\x27s'"],
  [{ kind: 'fileChanged', path }, "INFO 5 'a b/it\\x27s'"],
  [{ kind: 'fileDeleted', path }, "INFO 6 'a b/it\\x27s'"],
  [{ kind: 'restoring', path, type: 'sym' }, "INFO 7 'a b/it\\x27s' sym"],
  [{ kind: 'listed', path, type: 'dir', mtime: 1700000000 }, "INFO 10 20231114T221320Z 'a b/it\\x27s' dir"],
  [{ kind: 'uploading', name: 'v', background: false }, 'INFO 11'],
  [{ kind: 'uploading', name: 'v', background: true }, 'INFO 12'],
  [{ kind: 'uploaded', name: 'v', background: false }, 'INFO 13'],
  [{ kind: 'uploaded', name: 'v', background: true }, 'INFO 14'],
  [{ kind: 'socketSkipped', path }, "INFO 15 'a b/it\\x27s'"],
  [{ kind: 'warning', text: 'x' }, 'WARNING 1'],
  [{ kind: 'warning', text: 'x', code: 'orphanedSignatures' }, 'WARNING 2'],
  [{ kind: 'warning', text: 'x', code: 'cannotRead', path }, "WARNING 10 'a b/it\\x27s'"],
  [{ kind: 'warning', text: 'x', code: 'timeBeforeFirst', time: 1700000000 }, 'WARNING 11 20231114T221320Z'],
  [{ kind: 'failed', error: new UsageError('COMMAND_LINE', 'x') }, 'ERROR 2'],
  [{ kind: 'failed', error: new CryptoError('GPG_FAILED', 'x', { exception: 'GPGError' }) }, 'ERROR 31 GPGError'],
  [
    { kind: 'failed', error: new ChainError('EXCEPTION', 'x', { exception: 'CollectionsError' }) },
    'ERROR 30 CollectionsError',
  ],
  [{ kind: 'failed', error: new LocalError('HOSTNAME_MISMATCH', 'x', { fields: ["'a'", "'b'"] }) }, "ERROR 3 'a' 'b'"],
  [
    {
      kind: 'failed',
      error: new BackendError('BACKEND_NO_SPACE', 'x', { fields: ['put', "'l'", "'r'"], retryable: false }),
    },
    "ERROR 53 put 'l' 'r'",
  ],
])('%o has its control line', (event, line) => {
  expect(control(event)).toBe(line);
});

test('progress has bytes, seconds, percent, seconds left, speed and whether it stands still', () => {
  const state = { bytes: 5_189_597, elapsedSeconds: 1.9, percent: 6, etaSeconds: 14.2, bytesPerSecond: 1_555_491.4 };
  expect(record({ kind: 'backupProgress', state: { ...state, stalled: false } })).toBe(
    'NOTICE 16 5189597 1 6 14 1555491 0\n. 4.9MB 00:00:01 [1.5MB/s] [==>                                      ] 6% ETA 14sec\n\n',
  );
  expect(record({ kind: 'backupProgress', state: { ...state, stalled: true } })).toMatch(/^NOTICE 16 .* 1\n/);
});
