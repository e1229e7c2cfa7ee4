import { createContext, Script } from 'node:vm';
import { UsageError } from '../../errors/errors.ts';
import { toScreen } from '../../util/bytepath.ts';
import { encodeName } from '../../util/text/text.ts';
import { searchCost } from './cost.ts';

/** Tries that take no time worth speaking of: some tenths of a second. */
const MANY = 1e8;
/** For one path. */
const LONGEST_MS = 2000;
/** For all paths that take long, so that a run can always be ended. */
const TOGETHER_MS = 10_000;
const LONG_MS = 10;

/**
 * Whether the expression is found in a text, within bounds. Nearly every expression can only try few ways in texts as
 * short as paths are, and is simply asked. One that may try more is asked under a watch, which takes a tenth of a
 * millisecond: when it takes too long, the run ends with a `UsageError` instead of never. `pattern` is what to call it.
 */
export function boundedSearch(expression: RegExp, pattern: string): (text: string) => boolean {
  const { factor, degree } = searchCost(expression.source);
  const safeLength = Math.floor((MANY / factor) ** (1 / degree));
  let guarded: ((text: string) => boolean) | undefined;
  return (text) => {
    if (text.length <= safeLength) return expression.test(text);
    guarded ??= watched(expression, pattern);
    return guarded(text);
  };
}

function watched(expression: RegExp, pattern: string): (text: string) => boolean {
  const context = createContext({ expression, text: '' });
  const script = new Script('expression.test(text)');
  let left = TOGETHER_MS;
  return (text) => {
    context['text'] = text;
    const begin = Date.now();
    let found: boolean;
    try {
      found = script.runInContext(context, { timeout: Math.max(1, Math.min(LONGEST_MS, left)) }) === true;
    } catch (cause) {
      // An Error of the other context, hence none of ours.
      if ((cause as { readonly code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
      throw new UsageError(
        'COMMAND_LINE',
        `The regular expression ${pattern} takes too long to match ${toScreen(encodeName(text))}.`,
        {
          cause,
          hint: 'Repeat nothing that holds a repetition or a choice: (a+)+ is a+, (a|b)* is [ab]*.',
        },
      );
    }
    const took = Date.now() - begin;
    if (took > LONG_MS) left -= took;
    return found;
  };
}
