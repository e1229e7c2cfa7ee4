import { UsageError } from '../../errors/errors.ts';
import type { FilterMode, Rule, Sense } from '../../selection/rules.ts';
import { decodeName } from '../../util/text/text.ts';
import { toFs, toScreen } from '../../util/bytepath.ts';
import type { Flag, ReadContext, Release, RuleOption } from './option.ts';
import { pathBytes, time } from './values.ts';

type Read = RuleOption['read'];

interface Extra {
  readonly value?: string;
  readonly release?: Release;
  readonly deprecated?: string;
}

function rule(flag: Flag, help: string, read: Read, extra: Extra = {}): RuleOption {
  return { kind: 'rule', release: 'both', actions: ['backup', 'verify', 'drill'], ...extra, flag, help, read };
}

function pattern(kind: 'glob' | 'regexp', sense: Sense): Read {
  return ([word = ''], { flag }) => {
    if (word === '') throw new UsageError('COMMAND_LINE', `${flag} needs a pattern that is not empty.`);
    return [{ kind, sense, pattern: word }];
  };
}

/** The list is read at once: a relative name means the same whatever happens later, and a missing one fails early. */
function listFile(words: readonly string[], context: ReadContext): { readonly name: string; readonly content: Buffer } {
  const path = pathBytes(words, context);
  const name = toScreen(path);
  try {
    return { name, content: context.around.readFile(toFs(path)) };
  } catch (cause) {
    throw new UsageError('CANNOT_OPEN_FILELIST', `Error opening file ${name}`, { cause, hint: reason(cause) });
  }
}

function reason(cause: unknown): string {
  return `The system says: ${cause instanceof Error ? cause.message : String(cause)}.`;
}

function filelist(sense: Sense): Read {
  return (words, context) => [{ kind: 'filelist', sense, ...listFile(words, context) }];
}

function stdinList(sense: Sense): Read {
  return (_words, { around }) => {
    try {
      return [{ kind: 'filelist', sense, name: 'standard input', content: around.readStdin() }];
    } catch (cause) {
      throw new UsageError('CANNOT_OPEN_FILELIST', 'Error opening file standard input', { cause, hint: reason(cause) });
    }
  };
}

function fixed(given: Rule): Read {
  return () => [given];
}

function filter(mode: FilterMode, help: string): RuleOption {
  return rule(`--filter-${mode}`, help, fixed({ kind: 'filter', mode }), { release: '3.0' });
}

function oldName(flag: Flag, now: Flag, read: Read, value?: string): RuleOption {
  const deprecated = `${flag} is an old spelling: write ${now}.`;
  return rule(flag, `Old spelling of ${now}.`, read, {
    release: '0.8',
    deprecated,
    ...(value === undefined ? {} : { value }),
  });
}

/** Every option adds rules; their order is the order of the command line. */
export const SELECTION = {
  include: rule(
    '--include',
    'Back up paths that match this pattern, and what is below them.',
    pattern('glob', 'include'),
    {
      value: 'PATTERN',
    },
  ),
  exclude: rule(
    '--exclude',
    'Leave out paths that match this pattern, and what is below them.',
    pattern('glob', 'exclude'),
    {
      value: 'PATTERN',
    },
  ),
  includeRegexp: rule(
    '--include-regexp',
    'Back up paths in which this regular expression is found.',
    pattern('regexp', 'include'),
    {
      value: 'REGEXP',
    },
  ),
  excludeRegexp: rule(
    '--exclude-regexp',
    'Leave out paths in which this regular expression is found.',
    pattern('regexp', 'exclude'),
    {
      value: 'REGEXP',
    },
  ),
  includeFilelist: rule(
    '--include-filelist',
    'Read patterns to include from FILE, one per line.',
    filelist('include'),
    {
      value: 'FILE',
    },
  ),
  excludeFilelist: rule(
    '--exclude-filelist',
    'Read patterns to exclude from FILE, one per line. "+ " and "- " before a pattern include or exclude it.',
    filelist('exclude'),
    { value: 'FILE' },
  ),
  excludeIfPresent: rule(
    '--exclude-if-present',
    'Leave out directories that hold an entry of this name.',
    (words, context) => [{ kind: 'if-present', name: decodeName(pathBytes(words, context)) }],
    { value: 'NAME' },
  ),
  excludeDeviceFiles: rule('--exclude-device-files', 'Leave out device files.', fixed({ kind: 'device-files' })),
  excludeOtherFilesystems: rule(
    '--exclude-other-filesystems',
    'Leave out what lies on other file systems than the source.',
    fixed({ kind: 'other-filesystems' }),
  ),
  excludeOlderThan: rule(
    '--exclude-older-than',
    'Leave out regular files last changed before TIME.',
    (words, context) => [{ kind: 'older-than', time: time(words, context) }],
    { value: 'TIME' },
  ),
  filterGlobbing: filter('globbing', 'Read later patterns as shell patterns (the default).'),
  filterLiteral: filter('literal', 'Read later patterns as plain names.'),
  filterRegexp: filter('regexp', 'Read later patterns as regular expressions.'),
  filterIgnorecase: filter('ignorecase', 'Match later patterns without regard to case.'),
  filterStrictcase: filter('strictcase', 'Match later patterns with regard to case (the default).'),
  filesFrom: rule(
    '--files-from',
    'Visit only the files listed in FILE, one relative path per line.',
    (words, context) => [{ kind: 'files-from', ...listFile(words, context) }],
    { value: 'FILE', release: '3.0' },
  ),
  includeGlobbingFilelist: oldName('--include-globbing-filelist', '--include-filelist', filelist('include'), 'FILE'),
  excludeGlobbingFilelist: oldName('--exclude-globbing-filelist', '--exclude-filelist', filelist('exclude'), 'FILE'),
  includeFilelistStdin: oldName('--include-filelist-stdin', '--include-filelist', stdinList('include')),
  excludeFilelistStdin: oldName('--exclude-filelist-stdin', '--exclude-filelist', stdinList('exclude')),
} as const;
