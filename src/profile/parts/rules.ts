import { DuplicityError } from '../../errors/errors.ts';
import { buildSelection, type Selection } from '../../selection/selection.ts';
import type { Rule } from '../../selection/rules.ts';
import { encodeName } from '../../util/text/text.ts';
import { bytePath } from '../../util/bytepath.ts';
import type { RuleOption } from '../../cli/options/option.ts';
import { SELECTION } from '../../cli/options/selection.ts';
import { type Path, pathText, type Table, treeAt, valuePlace } from '../file/tree.ts';
import type { ProfileValues } from '../schema/profile.ts';
import type { PathValue } from '../schema/values.ts';
import { type OptionCheck, optionWords, type GivenOption } from './option-words.ts';
import { literalGlob, components, pathWord } from './paths.ts';
import type { Roots } from './roots.ts';

/** A rule as words of the command line, and where the profile has it. */
interface PlacedRule {
  readonly words: readonly string[];
  readonly at: Path;
}

type Given = Pick<ProfileValues, 'exclude' | 'excludeAdd' | 'excludeIfPresent' | 'select'>;

/**
 * The selection as words of the command line. Sets: everything that excludes first, then what is included, then that
 * nothing else is; so the order in the file does not matter. `select` keeps its order.
 */
export function ruleWords(
  values: Given,
  roots: Roots,
  fromOptions: readonly GivenOption[],
  tree: Table,
  check: OptionCheck,
): readonly string[] {
  const before = countProblems(check);
  const rules =
    values.select === undefined
      ? setRules(values, roots, fromOptions, tree, before.check)
      : orderedRules(values.select, tree, before.check);
  if (before.any()) return [];
  const usable = rules.filter((rule) => isUsable(rule, roots, tree, before.check));
  if (!before.any()) refuseLostIncludes(usable, roots, tree, before.check);
  return usable.flatMap(({ words }) => words);
}

function countProblems(check: OptionCheck) {
  let problems = 0;
  const complain: OptionCheck['complain'] = (problem) => {
    problems += 1;
    check.complain(problem);
  };
  return { any: () => problems > 0, check: { ...check, complain } };
}

function setRules(
  { exclude = [], excludeAdd = [], excludeIfPresent = [] }: Given,
  { includes }: Roots,
  fromOptions: readonly GivenOption[],
  tree: Table,
  check: OptionCheck,
): readonly PlacedRule[] {
  const globs = (values: readonly PathValue[], key: string): PlacedRule[] =>
    values.map((value, i) => ({ words: ['--exclude', globOf(value, check)], at: [key, i] }));
  return [
    ...excludeIfPresent.map((value, i) => ({
      words: ['--exclude-if-present', pathWord(value, check.around)],
      at: ['exclude-if-present', i],
    })),
    ...globs(exclude, 'exclude'),
    ...globs(excludeAdd, 'exclude-add'),
    ...fromOptions.flatMap((given) => excluding(given, tree, check)),
    ...includes.map(({ path, at }) => ({ words: ['--include', literalGlob(path)], at })),
    ...(includes.length > 0 ? [{ words: ['--exclude', '**'], at: ['include'] }] : []),
  ];
}

function globOf(value: PathValue, { around }: OptionCheck): string {
  const word = pathWord(value, around);
  return typeof value === 'string' ? word : literalGlob(word);
}

/** Rules in `options`: those that exclude have their place among all that exclude. */
function excluding({ option, words }: GivenOption, tree: Table, check: OptionCheck): readonly PlacedRule[] {
  const key = option.flag.slice(2);
  const at: Path = ['options', key];
  if (option.flag.startsWith('--exclude-')) return [{ words, at }];
  check.complain({
    at: valuePlace(tree, at),
    text: `${pathText(at)} is a rule whose place among the others matters.`,
    hint:
      key === 'exclude' || key === 'include' ? `Write the list ${key}.` : `Write it in select, as { ${key} = ... }.`,
  });
  return [];
}

function orderedRules(select: NonNullable<Given['select']>, tree: Table, check: OptionCheck): readonly PlacedRule[] {
  return select.flatMap((item, i): PlacedRule[] => {
    const at: Path = ['select', i];
    if (typeof item === 'string') {
      const [, sign, pattern = ''] = /^([+-])[ \t]+(.*)$/.exec(item) ?? [];
      if (pattern !== '') {
        return [{ words: [sign === '+' ? '--include' : '--exclude', pathWord(pattern, check.around)], at }];
      }
      const hint = 'Write "+ PATTERN" to include, "- PATTERN" to exclude.';
      check.complain({ at: valuePlace(tree, at), text: `${pathText(at)} is no rule.`, hint });
      return [];
    }
    const table = treeAt(tree, at);
    if (table?.kind !== 'table') return [];
    const given = optionWords(table, pathText(at), check);
    return given.flatMap(({ option, words }) => {
      if (option.kind === 'rule') return [{ words, at }];
      check.complain({
        at: valuePlace(tree, at),
        text: `${option.flag} is no rule of selection.`,
        hint: 'Write it in options.',
      });
      return [];
    });
  });
}

/** The options of the table that make rules, read again: their words are those of a command line. */
function readRules(words: readonly string[], { around }: Pick<OptionCheck, 'around'>): readonly Rule[] {
  const table: readonly RuleOption[] = Object.values(SELECTION);
  const rules: Rule[] = [];
  for (let i = 0; i < words.length;) {
    const option = table.find(({ flag }) => flag === words[i]);
    if (option === undefined) throw new Error(`no rule: ${words[i] ?? ''}`);
    const count = option.value === undefined ? 0 : 1;
    const context = { flag: option.flag, around, timeSeparator: ':', warn: () => undefined };
    rules.push(...option.read(words.slice(i + 1, i + 1 + count), context));
    i += 1 + count;
  }
  return rules;
}

function selectionOf(words: readonly string[], { source }: Roots, check: OptionCheck): Selection {
  return buildSelection(readRules(words, check), {
    root: bytePath(`/${components(encodeName(source)).join('/')}`),
    rootIsDirectory: true,
    rootDevice: 0,
    isThere: () => true,
    nullSeparator: false,
    emit: () => undefined,
  });
}

/** What the selection itself refuses: patterns that are none, or match nothing below the root. */
function isUsable({ words, at }: PlacedRule, roots: Roots, tree: Table, check: OptionCheck): boolean {
  try {
    // Alone what includes is refused, and modes are of no use.
    const isMode = words[0]?.startsWith('--filter-') === true;
    if (!isMode) selectionOf([...words, '--exclude', '**'], roots, check);
    return true;
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    const item = treeAt(tree, at);
    const pattern = item?.kind === 'leaf' && typeof item.value === 'string' ? item.value.replace(/^[+-]\s+/, '') : '';
    const isBare = error.code === 'FILE_PREFIX_ERROR' && pattern !== '' && !/^[/~$]/.test(pattern);
    const hint = isBare ? `To match it everywhere write "**/${pattern}".` : error.hint;
    check.complain({ at: valuePlace(tree, at), text: `${pathText(at)}: ${error.message}`, hint });
    return false;
  }
}

/** An include that is left out by a rule, or all of which lies in something that is. */
function refuseLostIncludes(rules: readonly PlacedRule[], roots: Roots, tree: Table, check: OptionCheck): void {
  let selection: Selection;
  try {
    selection = selectionOf(
      rules.flatMap(({ words }) => words),
      roots,
      check,
    );
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    check.complain({ at: valuePlace(tree, ['select']), text: error.message, hint: error.hint });
    return;
  }
  const depth = components(roots.source).length;
  for (const { path, at } of roots.includes) {
    const parts = components(path);
    for (let length = depth + 1; length <= parts.length; length++) {
      const here = encodeName(`/${parts.slice(0, length).join('/')}`);
      // A directory without a device or an age of its own: rules about these leave it alone.
      const { decision, by } = selection.explain(here, {
        type: 'dir',
        mtime: Number.MAX_SAFE_INTEGER,
        device: 0,
        holds: () => false,
      });
      if (decision !== 'exclude') continue;
      const text = `${pathText(at)} "${path}" would be left out by ${by ?? 'a rule'}.`;
      check.complain({ at: valuePlace(tree, at), text, hint: 'exclude wins over include: take one of them away.' });
      break;
    }
  }
}
