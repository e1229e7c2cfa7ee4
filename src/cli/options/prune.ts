import { option, toggle, type Flag } from './option.ts';
import { integer, interval } from './values.ts';

const count = (flag: Flag, help: string) =>
  option<number | undefined>({
    flag,
    value: 'N',
    release: 'ours',
    actions: ['prune'],
    default: undefined,
    read: integer(0),
    help,
  });

/** What `prune` keeps. */
export const PRUNE = {
  keepLast: count('--keep-last', 'Keep the newest N sets.'),
  keepWithin: option<number | undefined>({
    flag: '--keep-within',
    value: 'INTERVAL',
    release: 'ours',
    actions: ['prune'],
    default: undefined,
    read: interval,
    help: 'Keep all sets made in INTERVAL (7D, 3M, 1Y) before the newest one.',
  }),
  keepHourly: count('--keep-hourly', 'Keep the newest set of each of the last N hours that have one.'),
  keepDaily: count('--keep-daily', 'Keep the newest set of each of the last N days that have one.'),
  keepWeekly: count('--keep-weekly', 'Keep the newest set of each of the last N weeks, from Monday, that have one.'),
  keepMonthly: count('--keep-monthly', 'Keep the newest set of each of the last N months that have one.'),
  keepYearly: count('--keep-yearly', 'Keep the newest set of each of the last N years that have one.'),
  squash: toggle({
    flag: '--squash',
    release: 'ours',
    actions: ['prune'],
    help: 'Make one increment of those that stay only because others build on them. Needs the key; takes the options of squash.',
  }),
} as const;
