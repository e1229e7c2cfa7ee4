import { findAction, type Action } from '../../cli/words/actions.ts';
import { scan } from '../../cli/words/scan.ts';
import { spellings } from '../../cli/options/table.ts';
import { isUrl } from '../../backends/url/url.ts';
import type { Given } from '../write/option-lines.ts';

/** A command line of duplicity, taken apart. */
export interface CommandParts {
  readonly action: Action;
  readonly given: readonly Given[];
  /** The local path and the URL, as far as there are such. */
  readonly path: string | undefined;
  readonly url: string | undefined;
  /** Of `remove-older-than TIME` and the like. */
  readonly argument: string | undefined;
}

/** Throws `UsageError` as the command line does. */
export function takeApart(words: readonly string[]): CommandParts {
  const given: Given[] = [];
  const positionals: string[] = [];
  for (const item of scan(words, spellings())) {
    if (item.kind === 'positional') positionals.push(item.word);
    else given.push({ spelling: item.spelling, words: item.words });
  }
  const [first = ''] = positionals;
  const named = findAction(first);
  const rest = named === undefined ? positionals : positionals.slice(1);
  const url = rest.find((word) => isUrl(word));
  const path = rest.find((word) => !isUrl(word));
  const implied: Action = isUrl(first) ? 'restore' : 'backup';
  const action = named ?? implied;
  const hasArgument = action.startsWith('remove-');
  return { action, given, path: hasArgument ? undefined : path, url, argument: hasArgument ? path : undefined };
}
