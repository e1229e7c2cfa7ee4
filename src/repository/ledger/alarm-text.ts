import { ChainError } from '../../errors/errors.ts';
import { asctime } from '../../util/time.ts';
import type { Alarm } from './compare.ts';
import type { KnownSet } from './history.ts';

/** So many are named. */
const NAMED = 5;

const HINT =
  'It may have been turned back to an older state. If it is meant so, or another machine has done it, say so once with ' +
  '--forget-missing (with --ledger on all machines they tell each other); if not, find out who can write there, and look ' +
  'for what is gone in versions or snapshots of the storage.';

/** What is told of a place that is not as it was left. */
export function alarmText(alarms: readonly Alarm[]): string {
  return `${sentence(alarms)}\n${HINT}`;
}

/** The same as a failure, where nothing was done. */
export function turnedBack(alarms: readonly Alarm[]): ChainError {
  return new ChainError('TURNED_BACK', sentence(alarms), { hint: `Nothing was written. ${HINT}` });
}

function sentence(alarms: readonly Alarm[]): string {
  const rest = alarms.length - NAMED;
  const named = [...alarms.slice(0, NAMED).map(whatIsWrong), ...(rest > 0 ? [`${rest} more`] : [])];
  return `The storage is not as it was left: ${named.join('; ')}.`;
}

function whatIsWrong(alarm: Alarm): string {
  switch (alarm.kind) {
    case 'vanished':
      return `${nameOf(alarm.set)} has vanished`;
    case 'back':
      return `${nameOf(alarm.set)}, which was removed on ${asctime(alarm.set.at)}, has come back`;
    case 'changed':
      return `${alarm.file} is not the one that was stored (${alarm.reason})`;
  }
}

function nameOf({ id: { type, end } }: KnownSet): string {
  return `the ${type === 'full' ? 'full' : 'incremental'} backup of ${asctime(end)}`;
}
