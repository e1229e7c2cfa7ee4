import { option, type Option, toggle } from './option.ts';
import { text } from './values.ts';

export const PROFILE = {
  origin: toggle({
    flag: '--origin',
    release: 'ours',
    actions: ['profile'],
    help: 'Tell the file and the line that each value of a profile comes from.',
  }),
} as const;

/** `--to` of `profile new`: where a backup goes, not up to which one. Takes the place of that of `squash`. */
export const TARGET_OF_NEW: Option<string | undefined> = option<string | undefined>({
  flag: '--to',
  value: 'URL',
  release: 'ours',
  actions: ['profile'],
  default: undefined,
  read: text,
  help: 'Where the backup of a new profile goes.',
});
