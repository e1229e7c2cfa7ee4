import type { EpochSeconds } from '../../util/time.ts';
import { option, toggle } from './option.ts';
import { bytes, percent, time, timeReached } from './values.ts';

/** What `check` proves. */
export const CHECK = {
  percent: option<number | undefined>({
    flag: '--percent',
    value: 'N',
    release: 'ours',
    actions: ['check'],
    default: undefined,
    read: percent,
    help: 'Prove N percent of what is stored: what has gone unproven for longest.',
  }),
  budget: option<number | undefined>({
    flag: '--budget',
    value: 'BYTES',
    release: 'ours',
    actions: ['check'],
    default: undefined,
    read: bytes,
    help: 'Read at most so much (500M, 2G), but one file at least. What has gone unproven for longest comes first.',
  }),
  olderThan: option<EpochSeconds | undefined>({
    flag: '--older-than',
    value: 'TIME',
    release: 'ours',
    actions: ['check'],
    default: undefined,
    read: time,
    help: 'Prove only what was not proven since TIME, such as 30D.',
  }),
  set: option<EpochSeconds | undefined>({
    flag: '--set',
    value: 'TIME',
    release: 'ours',
    actions: ['check'],
    default: undefined,
    read: timeReached,
    help: 'Check only the set that --time TIME means, and those that it builds on.',
  }),
  readData: toggle({
    flag: '--read-data',
    release: 'ours',
    actions: ['check'],
    help: 'Fetch bytes also where the storage tells a checksum of them.',
  }),
  forgetMissing: toggle({
    flag: '--forget-missing',
    release: 'ours',
    actions: 'all',
    help: 'Sets that have vanished, or were changed, are meant to be so: note that.',
  }),
  ledger: toggle({
    flag: '--ledger',
    release: 'ours',
    actions: 'all',
    help: 'Keep what is noted of sets made and removed on the storage as well. Several machines tell each other that way; it needs no key and holds no secrets.',
  }),
  deep: toggle({
    flag: '--deep',
    release: 'ours',
    actions: ['check'],
    help: 'Decode all of it, too, and compare contents with signatures. Needs the key.',
  }),
} as const;
