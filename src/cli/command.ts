import type { Action } from './words/actions.ts';
import type { Request } from './words/positionals.ts';
import type { Spelling } from './options/table.ts';
import type { Settings } from './settings.ts';

/**
 * A command line, understood. URLs are as typed, paths canonical (relative ones stay relative). Nothing has been
 * checked against the file system except file lists, which have been read.
 */
export type Command = HelpCommand | { readonly action: 'version' } | ProfileCommand | RunCommand;

interface HelpCommand {
  readonly action: 'help';
  /** Asked for the help of one action. */
  readonly about?: Action;
}

/** A command that works on the file which describes a backup. */
export interface ProfileCommand {
  readonly action: 'profile';
  /** What stands behind `profile`. */
  readonly words: readonly string[];
  /** The options, but those about output, as they were given. */
  readonly given: readonly { readonly spelling: Spelling; readonly words: readonly string[] }[];
  readonly settings: Settings;
  /** Warnings to say once output is set up. */
  readonly warnings: readonly string[];
}

/** A command that works on a remote. */
export type RunCommand = Request & {
  readonly settings: Settings;
  /** Directory of the local metadata for this remote: root and name joined. */
  readonly archiveDir: string;
  /** Warnings to say once output is set up. */
  readonly warnings: readonly string[];
};
