import { option } from './option.ts';
import { path } from './values.ts';

/** Where `recovery-kit` leaves what it makes. */
export const RECOVERY = {
  output: option<string | undefined>({
    flag: '--output',
    value: 'DIR',
    release: 'ours',
    actions: ['recovery'],
    default: undefined,
    read: path,
    help: 'Write recovery.txt and recover.sh into DIR instead of printing them.',
  }),
} as const;
