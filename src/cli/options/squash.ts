import type { EpochSeconds } from '../../util/time.ts';
import { option } from './option.ts';
import { isUrl } from '../../backends/url/url.ts';
import { timeReached } from './values.ts';

export const SQUASH = {
  from: option<EpochSeconds | string | undefined>({
    flag: '--from',
    value: 'TIME',
    release: 'ours',
    actions: ['squash', 'repair'],
    default: undefined,
    read: (words, context) => {
      const [word = ''] = words;
      return isUrl(word) ? word : timeReached(words, context);
    },
    help: 'The last backup up to TIME is the one before the increments that become one. For repair a URL: the place of a copy of the backup.',
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
