import { redact } from '../../backends/url/url.ts';
import { UsageError } from '../../errors/errors.ts';
import { nearest } from '../../util/text/nearest.ts';
import type { ActionGroup } from '../options/option.ts';

export type Action =
  | 'full'
  | 'incremental'
  | 'backup'
  | 'restore'
  | 'verify'
  | 'list-current-files'
  | 'collection-status'
  | 'check'
  | 'repair'
  | 'cleanup'
  | 'remove-older-than'
  | 'remove-all-but-n-full'
  | 'remove-all-inc-of-but-n-full'
  | 'prune'
  | 'replicate'
  | 'squash'
  | 'mirror'
  | 'doctor'
  | 'drill'
  | 'recovery-kit'
  | 'roles'
  | 'rekey'
  | 'validate-backend'
  | 'profile';

interface ActionSpec {
  readonly action: Action;
  readonly aliases: readonly string[];
  /** What stands for the positionals in help texts. */
  readonly takes: string;
  readonly help: string;
  /** Sentences that the help of this action adds. */
  readonly more: string;
  /** Of the options, those that name this group have a meaning for it; without one those for all actions. */
  readonly group?: ActionGroup;
}

/** Names are those of both releases, aliases those of 3.0.1; `backup` was not in 0.8.22, `NOT_IN_0_8` has those of ours. */
export const ACTIONS: readonly ActionSpec[] = [
  {
    action: 'backup',
    aliases: ['bu'],
    takes: 'PATH URL',
    help: 'Incremental backup; full when there is nothing to build on. May be left out.',
    more: 'Stores what is new in the directory PATH at URL. --full-if-older-than makes a full backup from time to time. A backup that was interrupted is continued by the next.',
    group: 'backup',
  },
  {
    action: 'full',
    aliases: ['fb'],
    takes: 'PATH URL',
    help: 'Full backup.',
    more: 'Stores all of the directory PATH at URL, and begins a new chain: the backups before are not needed to restore it.',
    group: 'backup',
  },
  {
    action: 'incremental',
    aliases: ['incr', 'inc', 'ib'],
    takes: 'PATH URL',
    help: 'Incremental backup; fails when there is nothing to build on.',
    more: 'Stores what has changed in the directory PATH since the last backup at URL.',
    group: 'backup',
  },
  {
    action: 'restore',
    aliases: ['rb'],
    takes: 'URL PATH',
    help: 'Restore into PATH. May be left out.',
    more: 'PATH must not be there yet, or be an empty directory, unless --force is given. The last backup is taken, or that of --time; --path-to-restore takes one file or directory out of it. With --salvage it goes on past damaged and missing files of the storage, tells what became of each path that does not come back whole, and ends with 104 if any does not.',
    group: 'restore',
  },
  {
    action: 'verify',
    aliases: ['vb'],
    takes: 'URL PATH',
    help: 'Check the archive; with --compare-data against PATH.',
    more: 'Reads the volumes of a backup and compares what they hold with PATH: type, time and attributes, with --compare-data contents too. Ends with 1 when something differs.',
    group: 'verify',
  },
  {
    action: 'list-current-files',
    aliases: ['ls'],
    takes: 'URL',
    help: 'List the files of a backup.',
    more: 'Those of the last backup, or as they were at --time.',
    group: 'list',
  },
  {
    action: 'collection-status',
    aliases: ['st'],
    takes: 'URL',
    help: 'Show chains, sets and what is left over.',
    more: 'Reads names only, not the backups. --show-changes-in-set tells what a backup changed, --file-changed which of them changed a file.',
    group: 'status',
  },
  {
    action: 'check',
    aliases: [],
    takes: 'URL',
    help: 'Prove that what is stored is what was stored. Needs no key.',
    more: 'Compares names, sizes and the hashes of all files with the manifests of the archive dir, and with those of the storage as far as they can be read. --percent, --budget and --older-than spread the reading over many runs, which is remembered. With --deep, which needs the key, contents are decoded and compared with the signatures. Ends with 103 when something is damaged, and tells what is lost.',
    group: 'check',
  },
  {
    action: 'repair',
    aliases: [],
    takes: 'URL [PATH]',
    help: 'Make damaged and missing files of the storage anew.',
    more: 'Looks for damage as "check --deep" does, and makes what it finds anew: of a copy of the backup at another place (--from URL), of files in the directory PATH that are as they were, of the volumes, of the archive dir. What cannot be made again stays as it is, and is told: the run then ends with 106. --dry-run tells what would be done. Needs the key, and the encryption options of the backups.',
    group: 'repair',
  },
  {
    action: 'cleanup',
    aliases: ['cl'],
    takes: 'URL',
    help: 'Delete files that belong to no complete set.',
    more: 'Such as those of an interrupted backup. Shows them only, unless --force is given.',
    group: 'cleanup',
  },
  {
    action: 'remove-older-than',
    aliases: ['ro'],
    takes: 'TIME URL',
    help: 'Delete chains that end before TIME.',
    more: 'What newer backups depend on stays, and so does the last chain. Shows the chains only, unless --force is given.',
    group: 'remove',
  },
  {
    action: 'remove-all-but-n-full',
    aliases: ['ra'],
    takes: 'COUNT URL',
    help: 'Delete chains before the last COUNT full backups.',
    more: 'With the incremental backups that depend on them. Shows them only, unless --force is given.',
    group: 'remove',
  },
  {
    action: 'remove-all-inc-of-but-n-full',
    aliases: ['ri'],
    takes: 'COUNT URL',
    help: 'Delete the incremental backups of those chains only.',
    more: 'Those of the chains before the last COUNT full backups; the full ones stay. Shows them only, unless --force is given.',
    group: 'remove',
  },
  {
    action: 'prune',
    aliases: [],
    takes: 'URL',
    help: 'Delete the sets that no --keep-... option asks for.',
    more: 'The newest set of each day, week and so on is kept, as many as --keep-daily, --keep-weekly and the like say, with all that it builds on; the newest set of all always is. Shows a table of what stays and why, and deletes only with --force.',
    group: 'prune',
  },
  {
    action: 'replicate',
    aliases: [],
    takes: 'URL URL',
    help: 'Copy a backup to another place.',
    more: 'Copies the sets that the second URL lacks, encrypted anew as the options say. --time takes those up to a time.',
    group: 'replicate',
  },
  {
    action: 'squash',
    aliases: [],
    takes: 'URL',
    help: 'Make one increment of several that follow one another.',
    more: 'Takes those behind the backup of --from, up to that of --to. The backups between cannot be restored any more, all others can. Needs the key that reads them, not the source. Shows what it would do only, unless --force is given.',
    group: 'squash',
  },
  {
    action: 'mirror',
    aliases: [],
    takes: 'URL URL',
    help: 'Keep the same backup at a second place, byte for byte.',
    more: 'Sends the files of complete sets that the second URL lacks, as they are: no key is needed, and what is there is the same backup under the same key. --delete removes there what is gone here. --dry-run shows what would be sent and deleted; --time takes the sets up to a time.',
    group: 'mirror',
  },
  {
    action: 'drill',
    aliases: [],
    takes: 'URL [PATH]',
    help: 'Restore some files of the newest backup, as in an emergency, and compare them.',
    more: 'With an empty archive dir, without what gpg-agent remembers: the listing and files chosen at random are restored from the storage and compared with their signatures, and with the directory PATH as far as it has not changed since. Only the backup that was made last does, as the ledger of the archive dir or --expect-after tells. Tells how long to restore all would take, and writes it down. Ends with 107 when something would go wrong.',
    group: 'drill',
  },
  {
    action: 'doctor',
    aliases: [],
    takes: 'URL [PATH]',
    help: 'Look at all that a backup needs, and tell what would stop it.',
    more: 'Program, keys and their expiry, passphrase, directories and space, clock, locks, the storage and what the account may do there, and with PATH the source. Give it the options of the backup. Changes nothing: what it stores to try that it deletes again. Ends with 109 when something would stop a backup.',
    group: 'backup',
  },
  {
    action: 'rekey',
    aliases: [],
    takes: 'URL',
    help: 'Change which keys and passphrases open a backup.',
    more: 'With --encrypt-key or --new-passphrase others can open all of it, too, with --drop those named there no more. Needs the old secret key or passphrase; the data stay as they are encrypted, and all files are sent anew. Interrupted, it goes on where it was. Who once could read copies of the files still can. --dry-run shows what would be done.',
    group: 'rekey',
  },
  {
    action: 'recovery-kit',
    aliases: [],
    takes: 'URL',
    help: 'Print what restores the backup without this program.',
    more: 'A sheet for paper (where the backup is, what opens it, the newest sets, what to do) and a shell script that restores with gpg, tar, rdiff and gzip. Needs no key and holds no secret. --output writes both as files.',
    group: 'recovery',
  },
  {
    action: 'roles',
    aliases: [],
    takes: 'URL',
    help: 'Print the least rights that backup host, keeper, pruner and restorer need.',
    more: 'As ready policies for the kind of storage: IAM, keys, sshd_config, modules of rsync, ProFTPD, Apache and so on. Nothing is asked there. With --check and --role the credentials at hand are tried, on names of their own: what they must be able to do, and what they must not. Ends with 108 when they may do more or less.',
    group: 'roles',
  },
  {
    action: 'validate-backend',
    aliases: [],
    takes: 'URL',
    help: 'Try out whether a place can hold backups, and how fast.',
    more: 'Writes, lists, reads and deletes files of its own there, and tells which of the guarantees that backups rest on the place keeps.',
  },
  {
    action: 'profile',
    aliases: [],
    takes: 'check|show|new|import [NAME|FILE|SOURCE]',
    help: 'Check, show, write or import the file that describes a backup.',
    more: 'check [NAME|FILE...] tells everything that is wrong, with line and column; of all profiles when none is named. show NAME prints what is in force, and the command lines it stands for; --origin tells where each value comes from. new NAME --include PATH --to URL writes a file that is not there yet, and takes all other options. import prints a profile made of duply:NAME, borgmatic:FILE, tecnativa:ENVFILE or crontab:FILE-OR-LINE. A NAME is that of a file in ~/.config/duplicity/profiles or /etc/duplicity/profiles.',
    group: 'profile',
  },
];

/** What an action takes, as a sentence. */
export function usageOf(name: Action): string {
  return `${name} takes ${specOf(name).takes}.`;
}

export function specOf(name: Action): ActionSpec {
  const spec = ACTIONS.find(({ action }) => action === name);
  if (spec === undefined) throw new Error(`the table of actions lacks ${name}`);
  return spec;
}

function actionNames(): readonly string[] {
  return ACTIONS.map(({ action }) => action);
}

/** The action that a mistyped word may be meant for. */
export function nearestAction(word: string): string | undefined {
  return nearest(word, actionNames());
}

/** The failure of a word that stands where an action belongs. */
export function noAction(word: string): UsageError {
  const meant = nearestAction(word);
  return new UsageError('COMMAND_LINE', `"${redact(word)}" is no action`, {
    hint: `${meant === undefined ? '' : `Is "${meant}" meant? `}The actions are: ${actionNames().join(', ')}.`,
  });
}

const NOT_IN_0_8: readonly Action[] = [
  'repair',
  'backup',
  'check',
  'prune',
  'squash',
  'mirror',
  'recovery-kit',
  'rekey',
  'doctor',
  'roles',
  'drill',
  'validate-backend',
  'profile',
];

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
