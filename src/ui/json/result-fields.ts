import type { ChainStatus, SetStatus, StatusResult } from '../../actions/status/status-result.ts';
import type { EpochSeconds } from '../../util/time.ts';
import type { ActionResults } from '../results/report.ts';
import { timeFields } from './fields.ts';
import type { ChainFields, SetFields, SetStatusFields, StatusFields } from './lines.ts';

/** The results of actions as the last line has them. */
export const RESULT_FIELDS = {
  'collection-status': statusFields,
  help: ({ text }) => ({ text }),
  version: ({ text }) => ({ text: text.trimEnd() }),
} satisfies { readonly [Action in keyof ActionResults]: (result: ActionResults[Action]) => object };

function statusFields({ chains, orphaned, incomplete, stray, lastFull }: StatusResult): StatusFields {
  return {
    chains: chains.map(chainFields),
    orphaned: orphaned.map(setStatusFields),
    incomplete: incomplete.map(setStatusFields),
    stray: { remote: [...stray.remote], local: [...stray.local] },
    ...(lastFull !== undefined && timeFields('lastFull', lastFull)),
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

function setStatusFields({ type, start, end, volumes, bytes, isEncrypted, isComplete }: SetStatus): SetStatusFields {
  return {
    ...setFields({ type, time: end, base: type === 'inc' ? start : undefined }),
    volumes,
    ...(bytes !== undefined && { bytes }),
    isEncrypted,
    isComplete,
  };
}

interface Identity {
  readonly type: 'full' | 'inc';
  readonly time: EpochSeconds;
  readonly base?: EpochSeconds | undefined;
}

function setFields({ type, time, base }: Identity): SetFields {
  return { kind: type, ...timeFields('time', time), ...(base !== undefined && timeFields('base', base)) };
}
