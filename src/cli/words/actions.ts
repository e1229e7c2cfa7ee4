import { UsageError } from '../../errors/errors.ts';
import { nearest } from '../../util/text/nearest.ts';

export type Action =
  | 'full'
  | 'incremental'
  | 'backup'
  | 'restore'
  | 'verify'
  | 'list-current-files'
  | 'collection-status'
  | 'cleanup'
  | 'remove-older-than'
  | 'remove-all-but-n-full'
  | 'remove-all-inc-of-but-n-full'
  | 'replicate'
  | 'validate-backend';

interface ActionSpec {
  readonly action: Action;
  readonly aliases: readonly string[];
  /** What stands for the positionals in help texts. */
  readonly takes: string;
  readonly help: string;
}

/** Names are those of both releases, aliases those of 3.0.1; `backup` was not in 0.8.22, `validate-backend` is ours. */
export const ACTIONS: readonly ActionSpec[] = [
  {
    action: 'backup',
    aliases: ['bu'],
    takes: 'PATH URL',
    help: 'Incremental backup; full when there is nothing to build on. May be left out.',
  },
  { action: 'full', aliases: ['fb'], takes: 'PATH URL', help: 'Full backup.' },
  {
    action: 'incremental',
    aliases: ['incr', 'inc', 'ib'],
    takes: 'PATH URL',
    help: 'Incremental backup; fails when there is nothing to build on.',
  },
  { action: 'restore', aliases: ['rb'], takes: 'URL PATH', help: 'Restore into PATH. May be left out.' },
  {
    action: 'verify',
    aliases: ['vb'],
    takes: 'URL PATH',
    help: 'Check the archive; with --compare-data against PATH.',
  },
  { action: 'list-current-files', aliases: ['ls'], takes: 'URL', help: 'List the files of a backup.' },
  { action: 'collection-status', aliases: ['st'], takes: 'URL', help: 'Show chains, sets and what is left over.' },
  { action: 'cleanup', aliases: ['cl'], takes: 'URL', help: 'Delete files that belong to no complete set.' },
  { action: 'remove-older-than', aliases: ['ro'], takes: 'TIME URL', help: 'Delete chains that end before TIME.' },
  {
    action: 'remove-all-but-n-full',
    aliases: ['ra'],
    takes: 'COUNT URL',
    help: 'Delete chains before the last COUNT full backups.',
  },
  {
    action: 'remove-all-inc-of-but-n-full',
    aliases: ['ri'],
    takes: 'COUNT URL',
    help: 'Delete the incremental backups of those chains only.',
  },
  { action: 'replicate', aliases: [], takes: 'URL URL', help: 'Copy a backup to another place.' },
  {
    action: 'validate-backend',
    aliases: [],
    takes: 'URL',
    help: 'Try out whether a place can hold backups, and how fast.',
  },
];

/** What an action takes, as a sentence. */
export function usageOf(name: Action): string {
  const spec = ACTIONS.find(({ action }) => action === name);
  return `${name} takes ${spec?.takes ?? ''}.`;
}

export function actionNames(): readonly string[] {
  return ACTIONS.map(({ action }) => action);
}

/** The action that a mistyped word may be meant for. */
export function nearestAction(word: string): string | undefined {
  return nearest(word, actionNames());
}

const NOT_IN_0_8: readonly Action[] = ['backup', 'validate-backend'];

/**
 * The action a first word stands for: a name, an alias, or a unique beginning of a name of 0.8.22. undefined when it
 * is no action word.
 */
export function findAction(word: string): Action | undefined {
  const exact = ACTIONS.find(({ action, aliases }) => action === word || aliases.includes(word));
  if (exact) return exact.action;
  if (word === '') return undefined;
  const candidates = ACTIONS.filter(({ action }) => !NOT_IN_0_8.includes(action) && action.startsWith(word));
  if (candidates.length > 1) {
    const names = candidates.map(({ action }) => `'${action}'`).join(', ');
    throw new UsageError('COMMAND_LINE', `command '${word}' not unique, could be [${names}]`);
  }
  return candidates[0]?.action;
}
