import { UsageError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { type BytePath, toScreen } from '../util/bytepath.ts';
import { type Condition, type IncludeList, patternCondition, regexpCondition } from './condition.ts';
import { parseFilelist } from './lists/filelist.ts';
import { compileGlob, type PatternTests } from './globs/glob.ts';
import { compileLiteral } from './literal.ts';
import { boundedSearch } from './python/bounded-search.ts';
import { compilePythonRegexp } from './python/regexp.ts';
import type { FilterMode, Rule, Sense } from './rules.ts';
import { decodeName, encodeName } from '../util/text/text.ts';

interface Surroundings {
  readonly root: BytePath;
  readonly rootIsDirectory: boolean;
  readonly nullSeparator: boolean;
  readonly emit: Emit;
}

interface Filter {
  readonly syntax: 'glob' | 'literal' | 'regexp';
  readonly ignoreCase: boolean;
}

const MODES: Readonly<Record<FilterMode, Partial<Filter>>> = {
  globbing: { syntax: 'glob' },
  literal: { syntax: 'literal' },
  regexp: { syntax: 'regexp' },
  ignorecase: { ignoreCase: true },
  strictcase: { ignoreCase: false },
};

interface Pattern {
  readonly syntax: Filter['syntax'];
  readonly sense: Sense;
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly label: string;
}

type PatternRule = Extract<Rule, { kind: 'glob' | 'literal' | 'regexp' | 'filelist' | 'filter' }>;

/** A reader of pattern rules in their order; it remembers the filter options (3.0.1) met so far. */
export function patternReader(around: Surroundings): (rule: PatternRule) => Condition[] {
  let filter: Filter = { syntax: 'glob', ignoreCase: false };
  return (rule) => {
    if (rule.kind === 'filter') {
      filter = { ...filter, ...MODES[rule.mode] };
      return [];
    }
    if (rule.kind === 'filelist') {
      around.emit({ kind: 'notice', text: `Reading globbing filelist ${toScreen(encodeName(rule.name))}` });
      const list: IncludeList | undefined =
        rule.sense === 'include' ? { name: rule.name, hasIncluded: false } : undefined;
      return parseFilelist(rule, around.nullSeparator).map(({ sense, pattern, number }) => {
        const place = `${rule.name}, line ${number}`;
        return located(place, () => {
          const condition = readPattern({ ...filter, sense, text: pattern, label: `${place}: ${pattern}` }, around);
          return sense === 'include' && list !== undefined ? { ...condition, list } : condition;
        });
      });
    }
    const { sense, pattern } = rule;
    const ignoreCase = rule.ignoreCase ?? filter.ignoreCase;
    const syntax = rule.kind === 'glob' ? filter.syntax : rule.kind;
    const label = `--${sense}${rule.kind === 'regexp' ? '-regexp' : ''} ${pattern}`;
    return [readPattern({ syntax, sense, text: pattern, ignoreCase, label }, around)];
  };
}

/** Filters that cannot have an effect are errors: one after the last rule, or none but the default ones. */
export function checkFilters(rules: readonly Rule[]): void {
  if (rules.at(-1)?.kind === 'filter') {
    throw new UsageError('BAD_FILTER', 'A --filter option has no effect after the last selection option.', {
      hint: 'Put it in front of the options it is meant for.',
    });
  }
  const modes = rules.flatMap((rule) => (rule.kind === 'filter' ? [rule.mode] : []));
  if (modes.length > 0 && modes.every((mode) => mode === 'globbing' || mode === 'strictcase')) {
    throw new UsageError('REDUNDANT_FILTER', 'The --filter options only name the modes that hold without them.', {
      hint: 'Leave --filter-globbing and --filter-strictcase out.',
    });
  }
}

/** Says in which line of which list the pattern stands that is wrong. */
function located<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { code, message, hint } = error;
    throw new UsageError(code, `${toScreen(encodeName(place))}: ${message}`, {
      cause: error,
      ...(hint !== undefined && { hint }),
    });
  }
}

function readPattern(pattern: Pattern, around: Surroundings): Condition {
  const { syntax, sense, label, ignoreCase } = pattern;
  if (syntax === 'regexp') {
    const expression = compilePythonRegexp(pattern.text, ignoreCase);
    return regexpCondition(label, sense, boundedSearch(expression, toScreen(encodeName(pattern.text))));
  }
  const compile = syntax === 'glob' ? readGlob : compileLiteral;
  let tests = compile(pattern.text, ignoreCase);
  // A source `./a` is known as `a`.
  const short = pattern.text.replace(/^(?:\.\/+)+/, '');
  if (short !== pattern.text && short !== '' && !reaches(tests, around)) tests = compile(short, ignoreCase);
  checkBase(tests, pattern, around);
  return patternCondition(label, sense, sense === 'include' ? tests.asInclude : tests.asExclude);
}

function readGlob(text: string, ignoreCase: boolean): PatternTests {
  const prefix = /^ignorecase:/i.exec(text)?.[0] ?? '';
  const glob = text.slice(prefix.length);
  if (glob === '') throw new UsageError('COMMAND_LINE', 'A selection pattern must not be empty.');
  return compileGlob(glob, ignoreCase || prefix !== '');
}

/**
 * A pattern has to reach the source: as an include it must cover the root or lead from it. With `ignorecase:` the root
 * is compared without case, as 3.0.1 does; 0.8.22 compares it with case (selection.jsonl, icase-upper-base).
 */
function checkBase(tests: PatternTests, pattern: Pattern, around: Surroundings): void {
  if (reaches(tests, around)) return;
  throw new UsageError(
    'FILE_PREFIX_ERROR',
    `The pattern ${toScreen(encodeName(pattern.text))} (${pattern.sense}) cannot match anything below the source ${toScreen(around.root)}.`,
    { hint: 'Start it with the source path as given on the command line, or with "**".' },
  );
}

function reaches(tests: PatternTests, { root, rootIsDirectory }: Surroundings): boolean {
  return tests.asInclude(decodeName(root), rootIsDirectory) !== undefined;
}
