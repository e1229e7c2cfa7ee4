import { expect, test } from 'vitest';
import type { RemovalPlan } from '../../collections/deletion.ts';
import type { Event } from '../../events/events.ts';
import { formatRecord } from '../record.ts';
import { render } from '../render.ts';
import { cleanupFound, oldFound } from './removal-text.ts';

process.env['TZ'] = 'UTC';

const [FIRST, SECOND] = [1_700_000_000, 1_700_086_400];
const [SHOWN_FIRST, SHOWN_SECOND] = ['Tue Nov 14 22:13:20 2023', 'Wed Nov 15 22:13:20 2023'];

function found(times: RemovalPlan['times']): Event {
  return oldFound({ plan: { times, keptSets: [], keepsOldNewest: false, steps: [] }, isRemoved: false });
}

const step = { kind: 'removingStep', end: FIRST } as const;

test.each<[Event, number, string]>([
  [{ kind: 'lastFull', time: undefined }, 3, 'Last full backup date: none'],
  [{ kind: 'lastFull', time: FIRST }, 3, `Last full backup date: ${SHOWN_FIRST}`],
  [{ kind: 'cleaning', names: ['a'] }, 3, 'Deleting this file from backend:\na'],
  [{ kind: 'cleaning', names: ['a', 'é'] }, 3, 'Deleting these files from backend:\na\né'],
  [cleanupFound({ files: [], isRemoved: false }), 2, 'No extraneous files found, nothing deleted in cleanup.'],
  [
    cleanupFound({ files: ['a'], isRemoved: false }),
    3,
    'Found the following file to delete:\na\nRun duplicity again with the --force option to actually delete.',
  ],
  [{ kind: 'removing', times: [FIRST] }, 3, `Deleting backup chain at time:\n${SHOWN_FIRST}`],
  [
    { kind: 'removing', times: [FIRST, SECOND] },
    3,
    `Deleting backup chains at times:\n${SHOWN_FIRST}\n${SHOWN_SECOND}`,
  ],
  [{ ...step, part: 'backup', scope: 'complete' }, 3, `Deleting complete backup chain ${SHOWN_FIRST}`],
  [
    { ...step, part: 'signatures', scope: 'increments' },
    3,
    `Deleting any incremental signature chain rooted at ${SHOWN_FIRST}`,
  ],
  [{ ...step, part: 'backup', scope: 'ahead' }, 3, `Deleting backup set ${SHOWN_FIRST}`],
  [{ ...step, part: 'signatures', scope: 'ahead' }, 3, `Deleting signatures ${SHOWN_FIRST}`],
  [found([]), 3, 'No old backup sets found, nothing deleted.'],
  [
    found([FIRST, SECOND]),
    3,
    `Found old backup chains at the following times:\n${SHOWN_FIRST}\n${SHOWN_SECOND}\nRerun command with --force option to actually delete.`,
  ],
  [
    { kind: 'oldSetsKept', times: [FIRST] },
    2,
    `There are backup set(s) at time(s):\n${SHOWN_FIRST}\nWhich can't be deleted because newer sets depend on them.`,
  ],
  [{ kind: 'newestChainKept' }, 2, 'The newest backup chain is old enough, too, but it is not deleted: it is in use.'],
])('%o is said from level %i on as %j', (event, level, text) => {
  const message = render(event);
  expect({ ...message, text: Buffer.from(message.text ?? '', 'latin1').toString() }).toEqual({
    level,
    text,
    forced: false,
  });
  const name = level === 2 ? 'WARNING' : 'NOTICE';
  expect(formatRecord(event, message)).toBe(`${name} 1\n. ${text.replaceAll('\n', '\n. ')}\n\n`);
});
