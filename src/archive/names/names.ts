import { type EpochSeconds, formatStamp } from '../../util/time.ts';
import { parseNameTime, parseShortTime } from './name-time.ts';

/** What a file of an archive is, as its name tells. Names: docs/format/names.md. */
export type FileName = VolumeName | MetadataName;

interface NamedFile {
  readonly type: 'full' | 'inc';
  /** Time of the set this one is based on; equal to `end` for a full. */
  readonly start: EpochSeconds;
  /** Time of the set. */
  readonly end: EpochSeconds;
  readonly encrypted: boolean;
  readonly compressed: boolean;
}

export interface VolumeName extends NamedFile {
  readonly kind: 'volume';
  /** From 1. */
  readonly volume: number;
}

export interface MetadataName extends NamedFile {
  readonly kind: 'manifest' | 'signatures' | 'jsonstat';
  /** Unfinished; only in the archive dir. */
  readonly partial: boolean;
}

/** `--file-prefix` and its specific sisters, which are appended to it. Taken literally. */
export interface Prefixes {
  readonly all: string;
  readonly volume: string;
  readonly manifest: string;
  readonly signatures: string;
  readonly jsonstat: string;
}

export const NO_PREFIXES: Prefixes = { all: '', volume: '', manifest: '', signatures: '', jsonstat: '' };

interface ParseOptions {
  readonly prefixes?: Prefixes;
  /** What stands for `:` in the times of old names. */
  readonly timeSeparator?: string;
}

type Kind = FileName['kind'];

interface Pattern {
  readonly kind: Kind;
  readonly type: FileName['type'];
  readonly short: boolean;
  /** What the name begins with, told apart sooner than by the expression. */
  readonly head: string;
  /** Groups: start (increments), end, number (volumes), partial, suffix. */
  readonly shape: RegExp;
}

// Unlike the reference, which lets anything follow a dot, only the known suffixes are taken: `x.difftar.gpg.par2` beside
// `x.difftar.gpg` would otherwise be a second file of the same volume.
const LONG_END = String.raw`(?<partial>\.part)?(?<suffix>\.(?:gpg|gz|g|z))?$`;
const SHORT_END = String.raw`(?<partial>\.p)?(?<suffix>\.(?:gpg|gz|g|z))?$`;
// The longest time there is has 25 characters and, in its separators, what the user has said. What has no bound would be
// looked for from every place.
const LONG_INC = String.raw`\.(?<start>.{1,60}?)\.to\.(?<end>.{1,60}?)`;
const LONG_FULL = String.raw`\.(?<end>.{1,60}?)`;

const PATTERNS: readonly Pattern[] = [
  long('volume', 'full', 'duplicity-full', String.raw`\.vol(?<number>\d+)\.difftar`),
  long('manifest', 'full', 'duplicity-full', String.raw`\.manifest`),
  long('volume', 'inc', 'duplicity-inc', String.raw`\.vol(?<number>\d+)\.difftar`),
  long('manifest', 'inc', 'duplicity-inc', String.raw`\.manifest`),
  long('signatures', 'full', 'duplicity-full-signatures', String.raw`\.sigtar`),
  long('signatures', 'inc', 'duplicity-new-signatures', String.raw`\.sigtar`),
  long('jsonstat', 'full', 'duplicity-full', String.raw`\.jsonstat`),
  long('jsonstat', 'inc', 'duplicity-inc', String.raw`\.jsonstat`),
  short('volume', 'full', 'df', String.raw`\.(?<end>[0-9a-z]+)\.(?<number>[0-9a-z]+)\.dt`),
  short('manifest', 'full', 'df', String.raw`\.(?<end>[0-9a-z]+)\.m`),
  short('volume', 'inc', 'di', String.raw`\.(?<start>[0-9a-z]+)\.(?<end>[0-9a-z]+)\.(?<number>[0-9a-z]+)\.dt`),
  short('manifest', 'inc', 'di', String.raw`\.(?<start>[0-9a-z]+)\.(?<end>[0-9a-z]+)\.m`),
  short('signatures', 'full', 'dfs', String.raw`\.(?<end>[0-9a-z]+)\.st`),
  short('signatures', 'inc', 'dns', String.raw`\.(?<start>[0-9a-z]+)\.(?<end>[0-9a-z]+)\.st`),
  short('jsonstat', 'full', 'dfst', String.raw`\.(?<end>[0-9a-z]+)\.jst`),
  short('jsonstat', 'inc', 'dist', String.raw`\.(?<start>[0-9a-z]+)\.to\.(?<end>[0-9a-z]+)\.jst`),
];

/** The meaning of a file name of the remote or of the archive dir; undefined for a file that is not ours. */
export function parseName(name: string, options: ParseOptions = {}): FileName | undefined {
  const prefixes = options.prefixes ?? NO_PREFIXES;
  if (!name.startsWith(prefixes.all)) return undefined;
  for (const pattern of PATTERNS) {
    const prefix = prefixes.all + prefixes[pattern.kind];
    if (!name.startsWith(prefix) || !name.startsWith(pattern.head, prefix.length)) continue;
    const groups = pattern.shape.exec(name.slice(prefix.length))?.groups;
    if (groups === undefined) continue;
    const file = fileName(pattern, groups, options.timeSeparator ?? ':');
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The standard long name on the remote. Its suffix follows `encrypted` and `compressed`. */
export function formatName(file: FileName, prefixes: Prefixes = NO_PREFIXES): string {
  const part = file.kind !== 'volume' && file.partial ? '.part' : '';
  const suffix = file.encrypted ? '.gpg' : file.compressed ? '.gz' : '';
  return `${prefixes.all}${prefixes[file.kind]}${stem(file)}${part}${suffix}`;
}

/** The name of a metadata file's copy in the archive dir, which is never encrypted, whatever the remote one is. */
export function formatLocalName(file: MetadataName, prefixes: Prefixes = NO_PREFIXES): string {
  const compressed = !file.partial && file.kind !== 'manifest';
  return formatName({ ...file, encrypted: false, compressed }, prefixes);
}

/** Equal for the remote file, the local copy and the unfinished one of the same metadata. */
export function metadataKey(name: string): string {
  return name.replace(/\.(?:g|gpg|z|gz|part)$/, '');
}

function stem(file: FileName): string {
  const times = file.type === 'full' ? formatStamp(file.end) : `${formatStamp(file.start)}.to.${formatStamp(file.end)}`;
  const set = `duplicity-${file.type}.${times}`;
  if (file.kind === 'volume') return `${set}.vol${file.volume}.difftar`;
  if (file.kind !== 'signatures') return `${set}.${file.kind}`;
  return `duplicity-${file.type === 'full' ? 'full' : 'new'}-signatures.${times}.sigtar`;
}

function fileName(pattern: Pattern, groups: Record<string, string>, separator: string): FileName | undefined {
  const time = (text: string): EpochSeconds | undefined =>
    pattern.short ? parseShortTime(text) : parseNameTime(text, separator);
  const end = time(groups['end'] ?? '');
  const start = pattern.type === 'full' ? end : time(groups['start'] ?? '');
  if (start === undefined || end === undefined) return undefined;
  const suffix = groups['suffix'] ?? '';
  const common = { type: pattern.type, start, end, encrypted: suffix.startsWith('.gp') || suffix === '.g' };
  const compressed = suffix !== '' && !common.encrypted;
  if (pattern.kind !== 'volume') {
    return { ...common, kind: pattern.kind, compressed, partial: groups['partial'] !== undefined };
  }
  const volume = Number.parseInt(groups['number'] ?? '', pattern.short ? 36 : 10);
  // The reference dies of a volume 0.
  if (volume < 1 || !Number.isSafeInteger(volume)) return undefined;
  return { ...common, kind: 'volume', compressed, volume };
}

function long(kind: Kind, type: FileName['type'], stem: string, word: string): Pattern {
  const times = type === 'full' ? LONG_FULL : LONG_INC;
  return { kind, type, short: false, head: `${stem}.`, shape: new RegExp(`^${stem}${times}${word}${LONG_END}`) };
}

function short(kind: Kind, type: FileName['type'], stem: string, rest: string): Pattern {
  return { kind, type, short: true, head: `${stem}.`, shape: new RegExp(`^${stem}${rest}${SHORT_END}`) };
}
