import type { EpochSeconds } from '../../util/time.ts';
import { option } from './option.ts';
import { timeReached } from './values.ts';

export const SQUASH = {
  from: option<EpochSeconds | undefined>({
    flag: '--from',
    value: 'TIME',
    release: 'ours',
    actions: ['squash'],
    default: undefined,
    read: timeReached,
    help: 'The last backup up to TIME is the one before the increments that become one.',
  }),
  to: option<EpochSeconds | undefined>({
    flag: '--to',
    value: 'TIME',
    release: 'ours',
    actions: ['squash'],
    default: undefined,
    read: timeReached,
    help: 'The last backup up to TIME is the last of the increments that become one.',
  }),
};
