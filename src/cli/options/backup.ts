import { UsageError } from '../../errors/errors.ts';
import type { SizeLimit } from '../../collections/full-due.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { option, type ReadContext, toggle } from './option.ts';
import { MIB, integer, interval, namePrefix, oneOf, time } from './values.ts';
import { parseInterval } from '../time/time-strings.ts';

function separator([word = '']: readonly string[]): string {
  if (/^[^-]$/u.test(word)) return word;
  throw new UsageError('COMMAND_LINE', `--time-separator must be one character other than "-", not '${word}'.`);
}

/** zlib's levels; 0 is none. */
function compressionLevel(words: readonly string[], context: ReadContext): number {
  const level = integer(0)(words, context);
  if (level <= 9) return level;
  throw new UsageError('COMMAND_LINE', `${context.flag} must be at most 9, not ${level}.`);
}

/** `50%` of the full backup, or `2G`, `500M`. */
function sizeLimit([word = '']: readonly string[], { flag }: ReadContext): SizeLimit {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(%|[KMGT]?)$/.exec(word) ?? [];
  if (number === '') {
    throw new UsageError(
      'COMMAND_LINE',
      `${flag} needs a share of the full backup (50%) or a size (2G), not '${word}'.`,
    );
  }
  if (unit === '%') return { percent: Number(number) };
  return { bytes: Math.round(Number(number) * 1024 ** ' KMGT'.indexOf(unit || ' ')) };
}

export const BACKUP = {
  allowSourceMismatch: toggle({
    flag: '--allow-source-mismatch',
    release: 'both',
    actions: ['backup'],
    help: 'Go on when host name or source directory differ from the last backup.',
  }),
  fullIfOlderThan: option<EpochSeconds | undefined>({
    flag: '--full-if-older-than',
    value: 'TIME',
    release: 'both',
    actions: ['backup'],
    default: undefined,
    read: time,
    help: 'Make a full backup when the last full one is older than TIME.',
  }),
  reuseVolumes: option<'auto' | 'never' | 'link' | 'copy'>({
    flag: '--reuse-volumes',
    value: 'HOW',
    release: 'ours',
    actions: ['backup'],
    default: 'auto',
    read: oneOf('auto', 'never', 'link', 'copy'),
    help: 'Reuse volumes of the last full backup in the next one. Those that still hold what is there are copied in the store. auto: where the store can copy them; copy: also where keys are hidden; link: as hard links, on a local disk; never: read and send all.',
  }),
  reuseMaxAge: option<number>({
    flag: '--reuse-max-age',
    value: 'INTERVAL',
    release: 'ours',
    actions: ['backup'],
    default: parseInterval('6M') ?? 0,
    read: interval,
    help: 'Do not reuse volumes older than INTERVAL (default 6M). That is how long ago they were made or last proven to be right.',
  }),
  fullIfChainLongerThan: option<number | undefined>({
    flag: '--full-if-chain-longer-than',
    value: 'N',
    release: 'ours',
    actions: ['backup'],
    default: undefined,
    read: integer(0),
    help: 'Make a full backup when the chain would hold more than N increments.',
  }),
  fullIfChainLargerThan: option<SizeLimit | undefined>({
    flag: '--full-if-chain-larger-than',
    value: 'SIZE',
    release: 'ours',
    actions: ['backup'],
    default: undefined,
    read: sizeLimit,
    help: 'Make a full backup when the increments together are larger than SIZE. That is a share of the full one (50%) or bytes (2G).',
  }),
  fullIfRestoreLongerThan: option<number | undefined>({
    flag: '--full-if-restore-longer-than',
    value: 'INTERVAL',
    release: 'ours',
    actions: ['backup'],
    default: undefined,
    read: interval,
    help: 'Make a full backup when to restore the chain would take longer than INTERVAL. That is estimated from the speed of earlier transfers, restores and verifications.',
  }),
  volsize: option<number>({
    flag: '--volsize',
    value: 'MIB',
    release: 'both',
    actions: ['backup', 'replicate', 'squash'],
    default: 200 * MIB,
    read: integer(1, MIB),
    help: 'Size of a volume (default 200).',
  }),
  maxBlocksize: option<number>({
    flag: '--max-blocksize',
    value: 'BYTES',
    release: 'both',
    actions: ['backup'],
    default: 2048,
    read: integer(1),
    help: 'Upper limit of the block size of signatures (default 2048). Larger blocks make smaller signatures and larger deltas.',
  }),
  copyLinks: toggle({
    flag: '--copy-links',
    release: 'both',
    actions: ['backup', 'verify', 'drill'],
    help: 'Follow symbolic links in the source instead of storing them.',
  }),
  noCompression: toggle({
    flag: '--no-compression',
    release: 'both',
    actions: ['backup', 'replicate', 'squash'],
    help: 'Do not compress.',
  }),
  compressionLevel: option<number | undefined>({
    flag: '--compression-level',
    value: 'LEVEL',
    release: 'ours',
    actions: ['backup', 'replicate', 'squash'],
    default: undefined,
    read: compressionLevel,
    help: 'From 0 (none) to 9 (smallest). Default 4; 6 makes files for keys and without encryption 1 to 4 % smaller and takes up to twice the time.',
  }),
  noFilesChanged: toggle({
    flag: '--no-files-changed',
    release: 'both',
    actions: ['backup', 'squash'],
    help: 'Do not list the changed files in the manifest.',
  }),
  skipIfNoChange: toggle({
    flag: '--skip-if-no-change',
    release: '3.0',
    actions: ['backup'],
    help: 'Write no incremental backup when nothing has changed.',
  }),
  nullSeparator: toggle({
    flag: '--null-separator',
    release: 'both',
    actions: ['backup', 'verify', 'drill'],
    help: 'Lines of file lists end with a zero byte instead of a newline.',
  }),
  noCheckRemote: toggle({
    flag: '--no-check-remote',
    release: 'ours',
    actions: ['backup'],
    help: 'Go on where the last manifest and its copy differ, or a volume is missing.',
  }),
  filePrefix: option<string>({
    flag: '--file-prefix',
    value: 'PREFIX',
    release: 'both',
    actions: 'all',
    default: '',
    read: namePrefix,
    help: 'Start every remote file name with PREFIX. Every later action needs the same prefixes.',
  }),
  filePrefixManifest: option<string>({
    flag: '--file-prefix-manifest',
    value: 'PREFIX',
    release: 'both',
    actions: 'all',
    default: '',
    read: namePrefix,
    help: 'Second prefix of manifests.',
  }),
  filePrefixArchive: option<string>({
    flag: '--file-prefix-archive',
    value: 'PREFIX',
    release: 'both',
    actions: 'all',
    default: '',
    read: namePrefix,
    help: 'Second prefix of volumes.',
  }),
  filePrefixSignature: option<string>({
    flag: '--file-prefix-signature',
    value: 'PREFIX',
    release: 'both',
    actions: 'all',
    default: '',
    read: namePrefix,
    help: 'Second prefix of signatures.',
  }),
  filePrefixJsonstat: option<string>({
    flag: '--file-prefix-jsonstat',
    value: 'PREFIX',
    release: '3.0',
    actions: 'all',
    default: '',
    read: namePrefix,
    help: 'Second prefix of stored statistics.',
  }),
  timeSeparator: option<string>({
    flag: '--time-separator',
    value: 'CHAR',
    release: 'both',
    actions: 'all',
    default: ':',
    read: separator,
    deprecated: '--time-separator is of use only for reading archives with old file names.',
    help: 'Character between hours, minutes and seconds in old file names and times.',
  }),
} as const;
