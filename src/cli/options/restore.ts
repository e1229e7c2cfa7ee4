import { UsageError } from '../../errors/errors.ts';
import { type BytePath, bytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { expandPath } from '../words/expand.ts';
import { wordBytes } from '../words/raw-argv.ts';
import { type ReadContext, option, toggle } from './option.ts';
import { append, integer, oneOf, timeReached } from './values.ts';

/** An archived path, and everything below it, is restored under another name. Both are relative to the root. */
export interface Rename {
  readonly from: BytePath;
  readonly to: BytePath;
}

function rename(words: readonly string[], { flag, around }: ReadContext): readonly Rename[] {
  const [from, to] = words.map((word) => archivedPath(expandPath(word, around), flag));
  return from === undefined || to === undefined ? [] : [{ from, to }];
}

/** `/a/b`, `./a/b`, `a//b/` and `a/b` name the same; `.` and `/` are the root. */
function archivedPath(word: string, flag: string): BytePath {
  const parts = wordBytes(word).split('/');
  if (parts.includes('..')) throw new UsageError('COMMAND_LINE', `${flag} does not take '..' in '${word}'.`);
  return bytePath(parts.filter((part) => part !== '' && part !== '.').join('/'));
}

/** As it is, since lists show it so, then with `~` and variables expanded; the first that the archive has counts. */
function archivedPaths([word = '']: readonly string[], { flag, around }: ReadContext): readonly BytePath[] {
  const given = archivedPath(word, flag);
  const expanded = archivedPath(expandPath(word, around), flag);
  return given === expanded ? [given] : [given, expanded];
}

export const RESTORE = {
  time: option<EpochSeconds | undefined>({
    flag: '--time',
    short: 't',
    value: 'TIME',
    release: 'both',
    actions: ['restore', 'verify', 'list', 'replicate', 'mirror'],
    aliases: [{ flag: '--restore-time', release: 'both' }],
    default: undefined,
    read: timeReached,
    help: 'The state as of TIME instead of the newest.',
  }),
  pathToRestore: option<readonly BytePath[] | undefined>({
    flag: '--path-to-restore',
    short: 'r',
    value: 'PATH',
    release: '3.0',
    actions: ['restore', 'verify'],
    aliases: [{ flag: '--file-to-restore', release: '0.8' }],
    default: undefined,
    read: archivedPaths,
    help: 'Only this file or directory, relative to the root of the backup.',
  }),
  salvage: toggle({
    flag: '--salvage',
    release: 'ours',
    actions: ['restore'],
    help: 'Restore all that damage leaves, and tell what is not whole.',
  }),
  rename: option<readonly Rename[]>({
    flag: '--rename',
    value: 'FROM TO',
    release: 'both',
    actions: ['restore'],
    default: [],
    read: rename,
    merge: append,
    help: 'Restore FROM and what is below it as TO. May be given several times.',
  }),
  numericOwner: toggle({
    flag: '--numeric-owner',
    release: 'both',
    actions: ['restore', 'verify'],
    help: 'Use the archived numbers of owner and group, not their names.',
  }),
  noRestoreOwnership: toggle({
    flag: '--no-restore-ownership',
    release: '3.0',
    actions: ['restore'],
    aliases: [{ flag: '--do-not-restore-ownership', release: '0.8' }],
    help: 'Leave owner and group of restored files alone.',
  }),
  compareData: toggle({
    flag: '--compare-data',
    release: 'both',
    actions: ['verify'],
    help: 'Compare with the local files, not only the archive with its hashes.',
  }),
  metadataSyncMode: option<'full' | 'partial'>({
    flag: '--metadata-sync-mode',
    value: 'MODE',
    release: 'both',
    actions: ['backup', 'restore', 'verify', 'list', 'cleanup'],
    default: 'partial',
    read: oneOf('full', 'partial'),
    help: 'Fetch all metadata that can be read (full) or what is needed (partial).',
  }),
  fileChanged: option<readonly BytePath[] | undefined>({
    flag: '--file-changed',
    value: 'PATH',
    release: 'both',
    actions: ['status'],
    default: undefined,
    read: archivedPaths,
    help: 'Show in which sets this file was new, changed or deleted.',
  }),
  showChangesInSet: option<number | undefined>({
    flag: '--show-changes-in-set',
    value: 'N',
    release: 'both',
    actions: ['status'],
    default: undefined,
    read: integer(Number.MIN_SAFE_INTEGER),
    help: 'List the changed files of one set, counted back from the latest (0).',
  }),
} as const;
