import type { ChainStatus, SetStatus } from '../../../actions/status/status-result.ts';
import type { DrillRecord } from '../../../actions/drill/record.ts';
import type { ActionResults } from '../../results/report.ts';
import { pathFields, timeFields } from '../fields.ts';
import type { ChainFields, LastDrillFields, SetStatusFields, StatusFields } from '../shapes/status.ts';
import type { ChangesFields, HistoryFields } from '../shapes/trees.ts';
import { setFields } from './sets.ts';

export function statusFields(answer: ActionResults['collection-status']): StatusFields | ChangesFields | HistoryFields {
  if ('sets' in answer) return { sets: answer.sets.map(setFields) };
  if ('changes' in answer) {
    const changes = answer.changes.map(({ set, change }) => ({ ...setFields(set), change }));
    return { ...pathFields(answer.path), changes };
  }
  const { chains, orphaned, incomplete, stray, lastFull, lastDrill } = answer;
  return {
    chains: chains.map(chainFields),
    orphaned: orphaned.map(setStatusFields),
    incomplete: incomplete.map(setStatusFields),
    stray: { remote: [...stray.remote], local: [...stray.local] },
    ...(lastFull !== undefined && timeFields('lastFull', lastFull)),
    ...(lastDrill !== undefined && { lastDrill: lastDrillFields(lastDrill) }),
  };
}

function lastDrillFields({ at, passed, restoreSeconds, age }: DrillRecord): LastDrillFields {
  return {
    ...timeFields('time', at),
    isPassed: passed,
    ...(age !== undefined && { age }),
    ...(restoreSeconds !== undefined && { restoreSeconds }),
  };
}

function chainFields({ isActive, isAhead, start, end, sets, beside }: ChainStatus): ChainFields {
  return {
    isActive,
    isAhead,
    ...timeFields('start', start),
    ...timeFields('end', end),
    sets: sets.map(setStatusFields),
    beside: beside.map(setStatusFields),
  };
}

function setStatusFields(set: SetStatus): SetStatusFields {
  const { volumes, bytes, isEncrypted, isComplete } = set;
  return { ...setFields(set), volumes, ...(bytes !== undefined && { bytes }), isEncrypted, isComplete };
}
