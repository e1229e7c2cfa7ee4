import type { EpochSeconds } from '../../util/time.ts';
import { option } from './option.ts';
import { bytes, integer, time } from './values.ts';

/** What `drill` restores. */
export const DRILL = {
  files: option<number>({
    flag: '--files',
    value: 'N',
    release: 'ours',
    actions: ['drill'],
    default: 10,
    read: integer(1),
    help: 'Restore N files (default 10). They are chosen at random, half of them of what the newest backup has stored.',
  }),
  bytes: option<number>({
    flag: '--bytes',
    value: 'BYTES',
    release: 'ours',
    actions: ['drill'],
    default: 1024 ** 3,
    read: bytes,
    help: 'Restore so much content at most (500M, 2G; default 1G). One file at least is restored.',
  }),
  expectAfter: option<EpochSeconds | undefined>({
    flag: '--expect-after',
    value: 'TIME',
    release: 'ours',
    actions: ['drill'],
    default: undefined,
    read: time,
    help: 'Fail when the newest backup is from before TIME, such as 2D.',
  }),
  seed: option<number | undefined>({
    flag: '--seed',
    value: 'N',
    release: 'ours',
    actions: ['drill'],
    default: undefined,
    read: integer(0),
    help: 'Choose the same files as the drill that told this number.',
  }),
} as const;
