import { expect, test } from 'vitest';
import type { CollectionWarning } from '../../collections/warnings.ts';
import type { Event } from '../../events/events.ts';
import { maskEvent, maskFor } from '../mask.ts';
import { formatRecord } from '../record.ts';
import { render } from '../render.ts';
import { warningText } from './warnings-text.ts';

process.env['TZ'] = 'UTC';

const NOW = 1_700_000_000;
const SHOWN_NOW = 'Tue Nov 14 22:13:20 2023';
const LATER = NOW + 86_400;
const SHOWN_LATER = 'Wed Nov 15 22:13:20 2023';

function about(
  kind: CollectionWarning['about'],
  more: Partial<Pick<CollectionWarning, 'names' | 'times' | 'code'>> = {},
): CollectionWarning {
  return { code: 'generic', about: kind, names: [], times: [], now: NOW, ...more };
}

const names = ['a', 'b'];
const times = [LATER];

test.each<[CollectionWarning, string]>([
  [
    about('unusableFiles', { names }),
    'Files on the remote that are empty, cut off or damaged. They count as missing:\na\nb',
  ],
  [
    about('setsAhead', { times }),
    `The clock says ${SHOWN_NOW}. Backup sets dated after that are not built upon, not counted, and restored only by their own time; remove-older-than with a later time removes them:\n${SHOWN_LATER}`,
  ],
  [
    about('doubtedClock'),
    `The clock says ${SHOWN_NOW}, but all backup sets are later. If it is wrong, set it; without --time the newest set is taken.`,
  ],
  [
    about('setsBeside', { times }),
    `Several increments have the same base, and a chain has room for one. These backup sets are left out, and restored only by their own time:\n${SHOWN_LATER}`,
  ],
  [
    about('unsignedSet', { times }),
    `Signatures of the backup set of ${SHOWN_LATER} are missing. The next increment builds on the set before it.`,
  ],
  [about('localSignatures', { names }), 'Signature files in the archive dir that fit no chain:\na\nb'],
  [about('remoteSignatures', { names }), 'Signature files on the remote that fit no chain:\na\nb'],
  [about('unmatchedSignatures', { names }), 'Signatures were found, but none for the newest backup set:\na\nb'],
  [about('incompleteSets', { names }), 'Incomplete backup sets, perhaps of an interrupted run:\na\nb'],
  [about('orphanedSets', { names }), 'Backup sets that belong to no chain:\na\nb'],
])('%o is said as %j', (warning, text) => {
  expect(warningText(warning)).toBe(text);
});

test('a warning about what is stored is a warning with the number of its kind, and hides passwords', () => {
  const warning = about('orphanedSets', { code: 'orphanedSets', names: ['me:hush@h'] });
  const event = maskEvent({ kind: 'collectionWarning', warning }, maskFor(['sftp//me:hush@h/x']));
  const message = render(event);
  expect(message).toEqual({ level: 2, text: 'Backup sets that belong to no chain:\nme:*****@h', forced: false });
  expect(formatRecord(event, message)).toBe('WARNING 6\n. Backup sets that belong to no chain:\n. me:*****@h\n\n');
});

test('in bytes of UTF-8', () => {
  const event: Event = { kind: 'collectionWarning', warning: about('unusableFiles', { names: ['é'] }) };
  expect(render(event).text?.endsWith('\n\xc3\xa9')).toBe(true);
});
