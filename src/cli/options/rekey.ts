import { option, toggle } from './option.ts';
import { append } from './values.ts';

/** What `rekey` changes, besides --encrypt-key. */
export const REKEY = {
  newPassphrase: toggle({
    flag: '--new-passphrase',
    release: 'ours',
    actions: ['rekey'],
    help: 'A new passphrase opens the backup: NEW_PASSPHRASE, or asked for.',
  }),
  drop: option<readonly string[]>({
    flag: '--drop',
    value: 'KEY',
    release: 'ours',
    actions: ['rekey'],
    default: [],
    read: ([word = '']) => [word],
    merge: append,
    help: 'This key opens the backup no more. May be given several times; passphrase, hidden and all stand for what the files do not name, and for everything old.',
  }),
  atOnce: toggle({
    flag: '--at-once',
    release: 'ours',
    actions: ['rekey'],
    help: 'Add and drop in one pass. Sends all files once, not twice; until it is done both keys are needed.',
  }),
} as const;
