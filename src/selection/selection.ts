import { UsageError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { type BytePath, toScreen } from '../util/bytepath.ts';
import { type Condition, plainCondition, type Subject } from './condition.ts';
import { type FilesFrom, parseFilesFrom } from './lists/files-from.ts';
import { checkFilters, patternReader } from './patterns.ts';
import type { Rule } from './rules.ts';
import { decodeName, encodeName } from '../util/text/text.ts';

/** The source, as the rules are about to see it. */
export interface SelectionOptions {
  /** The source path as given, in canonical form; `.` for the current directory. */
  readonly root: BytePath;
  readonly rootIsDirectory: boolean;
  readonly rootDevice: number;
  /** Whether something has this path below the root. */
  readonly isThere: (path: BytePath) => boolean;
  /** Lists are separated by NUL. */
  readonly nullSeparator: boolean;
  readonly emit: Emit;
}

/** `scan`: a directory to look into, kept only if something below it is included. */
export type Decision = 'include' | 'exclude' | 'scan';

export interface Selection {
  /** `path` is the source path joined with the relative one. Not to be asked about the root, which is always kept. */
  decide(path: BytePath, subject: Subject): Decision;
  /** The same with the option that settled it; undefined when none did. */
  explain(path: BytePath, subject: Subject): { readonly decision: Decision; readonly by: string | undefined };
  /** The only paths to visit, if there is a list of them. */
  readonly filesFrom: FilesFrom | undefined;
  /** Names of the lists of things to include that have included nothing so far. */
  idleLists(): readonly string[];
}

/** Everything: the selection without rules. */
export const SELECT_ALL: Selection = {
  decide: () => 'include',
  explain: () => ({ decision: 'include', by: undefined }),
  filesFrom: undefined,
  idleLists: () => [],
};

/**
 * Builds the selection of a source from the rules of the command line. Throws `UsageError`: `FILE_PREFIX_ERROR` for a
 * pattern that cannot match below the source, `GLOBBING_ERROR`, `REDUNDANT_INCLUSION` when the last condition includes,
 * `BAD_FILTER`, `REDUNDANT_FILTER`, `FILES_FROM_ABSOLUTE`, `FILES_FROM_EMPTY`, `COMMAND_LINE` for what makes the
 * reference crash. Source: docs/selection.md.
 */
export function buildSelection(rules: readonly Rule[], options: SelectionOptions): Selection {
  checkFilters(rules);
  const { conditions, filesFrom } = readRules(rules, options);
  const last = conditions.at(-1);
  if (last?.sense === 'include') {
    throw new UsageError(
      'REDUNDANT_INCLUSION',
      `The last selection condition (${toScreen(encodeName(last.label))}) only includes files, which would be included anyway.`,
      { hint: 'Add an exclude option after it, such as --exclude "**".' },
    );
  }
  if (conditions.length === 0) return { ...SELECT_ALL, filesFrom };
  return {
    decide: (path, subject) => judge(conditions, decodeName(path), subject),
    explain: (path, subject) => {
      const text = decodeName(path);
      const decision = judge(conditions, text, subject);
      return { decision, by: conditions.find((condition) => settles(condition, text, subject, decision))?.label };
    },
    filesFrom,
    idleLists: () => {
      const lists = new Set(conditions.flatMap(({ list }) => list ?? []));
      return [...lists].flatMap(({ name, hasIncluded }) => (hasIncluded ? [] : [name]));
    },
  };
}

function readRules(rules: readonly Rule[], options: SelectionOptions) {
  const read = patternReader(options);
  const inFront: Condition[] = [];
  const conditions: Condition[] = [];
  let filesFrom: FilesFrom | undefined;
  for (const rule of rules) {
    switch (rule.kind) {
      // These two go before all others, wherever they stand (selection.jsonl, ifp-after-include, devfiles-first).
      case 'if-present':
      case 'device-files':
        inFront.push(plainCondition(rule, options.rootDevice));
        break;
      case 'other-filesystems':
      case 'older-than':
        conditions.push(plainCondition(rule, options.rootDevice));
        break;
      case 'files-from':
        filesFrom = parseFilesFrom(rule.content, rule.name, options);
        break;
      case 'glob':
      case 'literal':
      case 'regexp':
      case 'filelist':
      case 'filter':
        // Not as arguments of one call, of which a list may have too many.
        for (const condition of read(rule)) conditions.push(condition);
    }
  }
  return { conditions: [...inFront, ...conditions], filesFrom };
}

/** The first include or exclude decides; a scan before an exclude, or before nothing, remains. */
function judge(conditions: readonly Condition[], path: string, subject: Subject): Decision {
  let mayLead = false;
  let verdict: Decision = 'include';
  for (const condition of conditions) {
    const answer = condition.answer(path, subject);
    if (answer === undefined) continue;
    if (answer === 'include') {
      if (condition.list !== undefined) condition.list.hasIncluded = true;
      return 'include';
    }
    if (answer === 'exclude') {
      verdict = 'exclude';
      break;
    }
    mayLead = true;
  }
  if (!mayLead) return verdict;
  return subject.type === 'dir' ? 'scan' : 'exclude';
}

/** The first condition that gives the decision; what is excluded for being no directory was settled by a scan. */
function settles(condition: Condition, path: string, subject: Subject, decision: Decision): boolean {
  const answer = condition.answer(path, subject);
  return answer === decision || (decision === 'exclude' && answer === 'scan');
}
