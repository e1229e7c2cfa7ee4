import { canonicalPath, endsInside } from '../cli/words/canonical-path.ts';
import { OPTIONS, type Spelling, type Spellings } from '../cli/options/table.ts';
import { type AnyOption, option, toggle } from '../cli/options/option.ts';
import { SELECTION } from '../cli/options/selection.ts';
import { text } from '../cli/options/values.ts';
import { wordBytes } from '../cli/words/raw-argv.ts';
import { scan } from '../cli/words/scan.ts';
import type { Surroundings } from '../cli/surroundings.ts';
import { UsageError } from '../errors/errors.ts';
import type { Rule } from '../selection/rules.ts';
import type { BytePath } from '../util/bytepath.ts';

/** A file that holds an archive; `-` is standard input or output. */
export type ArchivePath = BytePath;

export interface RdiffSettings {
  readonly selection: readonly Rule[];
  readonly verbosity: number;
  readonly ignoreErrors: boolean;
  readonly strict: boolean;
  readonly maxBlocksize: number;
  readonly nullSeparator: boolean;
  readonly gzipCompress: boolean;
  /** Where `delta` and `tar` put a signature as well; empty for nowhere. */
  readonly writeSigTo: string;
}

export type RdiffRequest =
  | {
      readonly action: 'sig' | 'tar';
      readonly source: BytePath;
      readonly throughLink: true | undefined;
      readonly output: ArchivePath;
    }
  | {
      readonly action: 'delta';
      /** Oldest first. */
      readonly signatures: readonly ArchivePath[];
      readonly source: BytePath;
      readonly throughLink: true | undefined;
      readonly output: ArchivePath;
    }
  | {
      readonly action: 'patch';
      readonly target: BytePath;
      readonly throughLink: true | undefined;
      readonly delta: ArchivePath;
    };

export type RdiffCommand =
  | { readonly action: 'help' | 'version' }
  | { readonly action: 'run'; readonly request: RdiffRequest; readonly settings: RdiffSettings };

const OWN = {
  verbosity: OPTIONS.verbosity,
  ignoreErrors: OPTIONS.ignoreErrors,
  strict: OPTIONS.strict,
  maxBlocksize: OPTIONS.maxBlocksize,
  nullSeparator: OPTIONS.nullSeparator,
  gzipCompress: toggle({
    flag: '--gzip-compress',
    short: 'z',
    release: 'both',
    actions: 'all',
    help: 'Compress what is written.',
  }),
  writeSigTo: option<string>({
    flag: '--write-sig-to',
    value: 'FILE',
    release: 'both',
    actions: 'all',
    default: '',
    read: text,
    help: 'With delta and tar: write a signature of the directory to FILE as well.',
  }),
} as const;

const HELP: AnyOption = { kind: 'answer', flag: '--help', release: 'ours', actions: 'all', answer: 'help', help: '' };
const VERSION: AnyOption = { ...HELP, flag: '--version', answer: 'version' };

/** Understands a command line: options, then the action and its arguments. `UsageError` for what it got wrong. */
export function parseRdiffdir(
  argv: readonly string[],
  around: Surroundings,
  warn: (text: string) => void = () => undefined,
): RdiffCommand {
  const values: Record<string, unknown> = {};
  for (const [name, { default: value }] of Object.entries(OWN)) values[name] = value;
  const selection: Rule[] = [];
  const words: string[] = [];
  try {
    for (const item of scan(argv, spellings(), { stopsAtWord: true })) {
      if (item.kind === 'positional') {
        words.push(item.word);
        continue;
      }
      const { name, option: found, fixed } = item.spelling;
      const context = { flag: found.flag, around, timeSeparator: ':', warn };
      if (found.kind === 'answer') return { action: found.answer };
      if (found.kind === 'rule') selection.push(...found.read(item.words, context));
      if (found.kind === 'option') values[name] = fixed ? fixed.value : found.read(item.words, context);
    }
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'COMMAND_LINE') throw error;
    throw usage(`Bad command line option: ${error.message}`);
  }
  const settings = { ...values, selection } as unknown as RdiffSettings;
  return { action: 'run', request: readRequest(words), settings };
}

function spellings(): Spellings {
  const long = new Map<string, Spelling>();
  const short = new Map<string, Spelling>();
  for (const [name, found] of Object.entries<AnyOption>({ ...OWN, ...SELECTION, help: HELP, version: VERSION })) {
    const spelling: Spelling = { name, option: found, flag: found.flag, release: found.release };
    long.set(found.flag, spelling);
    if (found.short !== undefined) short.set(found.short, spelling);
    if (found === HELP) short.set('h', spelling);
    if (found === VERSION) short.set('V', spelling);
  }
  return { long, short };
}

function readRequest([action, ...words]: readonly string[]): RdiffRequest {
  if (action === undefined) throw usage('No arguments found');
  const paths = words.map(wordBytes);
  const [first, second] = paths;
  switch (action) {
    case 'sig':
    case 'signature':
    case 'tar':
    case 'patch':
      if (first === undefined || second === undefined) throw usage('Too few arguments');
      if (paths.length > 2) throw usage('Too many arguments');
      if (action === 'patch') return { action, target: canonicalPath(first), ...through(first), delta: second };
      return {
        action: action === 'tar' ? 'tar' : 'sig',
        source: canonicalPath(first),
        ...through(first),
        output: second,
      };
    case 'delta': {
      const [source, output] = paths.slice(-2);
      if (source === undefined || output === undefined || paths.length < 3) throw usage('Too few arguments');
      return { action, signatures: paths.slice(0, -2), source: canonicalPath(source), ...through(source), output };
    }
    default:
      throw usage(`Bad command ${action}`);
  }
}

function through(path: BytePath): { readonly throughLink: true | undefined } {
  return { throughLink: endsInside(path) ? true : undefined };
}

function usage(message: string): UsageError {
  return new UsageError('COMMAND_LINE', message);
}
