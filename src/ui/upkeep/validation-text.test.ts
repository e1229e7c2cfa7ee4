import { expect, test } from 'vitest';
import type { Event } from '../../events/events.ts';
import { formatRecord } from '../record.ts';
import { render } from '../render.ts';
import { verdictLines } from './validation-text.ts';

test.each<[Event, string]>([
  [{ kind: 'checked', title: 'a large file', isGood: true, detail: undefined }, 'good    a large file'],
  [{ kind: 'checked', title: 'a large file', isGood: true, detail: '3 MB/s' }, 'good    a large file: 3 MB/s'],
  [{ kind: 'checked', title: 'a large file', isGood: false, detail: 'no' }, 'FAILED  a large file: no'],
  [{ kind: 'checkHint', hint: 'Do it.' }, '        Do it.'],
  [{ kind: 'trialLeft', what: 'a', detail: undefined }, 'LEFT    a could not be deleted'],
  [{ kind: 'trialLeft', what: 'a', detail: 'no.' }, 'LEFT    a could not be deleted: no.'],
])('%o is said at any verbosity as %j', (event, text) => {
  const message = render(event);
  expect(message).toEqual({ level: 3, text, forced: true });
  expect(formatRecord(event, message)).toBe(`NOTICE 1\n. ${text}\n\n`);
});

test('a file that is replicated is named as in a record, as the reference does', () => {
  expect(render({ kind: 'replicating', name: "it's" })).toMatchObject({ level: 3, forced: false });
  expect(render({ kind: 'replicating', name: 'a.vol1' }).text).toBe("Replicating b'a.vol1'.");
});

test('the verdict follows what the kind of place promises', () => {
  const guarantees = { atomicPut: true, consistentList: false };
  expect(verdictLines({ checks: [], guarantees, isGood: false })).toEqual([
    'yes     an upload that is cut off leaves nothing under its name',
    'no      the listing shows at once what has been stored and deleted',
    'This place cannot hold backups as it is.',
  ]);
});
