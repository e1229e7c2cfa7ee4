import { isUrl } from '../../backends/url/url.ts';
import { DuplicityError, UsageError } from '../../errors/errors.ts';
import { type Action, findAction, noAction } from './actions.ts';

interface About {
  readonly about?: Action;
}

/** What `--help` behind these words is about: their action, if they begin with one. */
export function actionOfHelp([first = '']: readonly string[]): About {
  try {
    const about = findAction(first);
    return about === undefined ? {} : { about };
  } catch (error) {
    // A beginning of several actions: the help of all of them tells more than a complaint.
    if (error instanceof DuplicityError) return {};
    throw error;
  }
}

/**
 * What `help` and `help ACTION` ask for, undefined for other words. `help URL` backs up a directory of that name, as in
 * the reference. `UsageError` for a word that is no action.
 */
export function actionAskedAbout([word, ...rest]: readonly string[]): About | undefined {
  if (word !== 'help' || rest.some((other) => isUrl(other))) return undefined;
  const [name = word] = rest;
  if (rest.length > 1) throw new UsageError('COMMAND_LINE', 'help takes one action, or nothing.');
  if (name === 'help') return {};
  const about = findAction(name);
  if (about === undefined) throw noAction(name);
  return { about };
}
