import { isUrl, redact } from '../../backends/url/url.ts';
import { UsageError } from '../../errors/errors.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { type Action, findAction, nearestAction, noAction, usageOf } from './actions.ts';
import { canonicalPath, endsInside } from './canonical-path.ts';
import { expandPath } from './expand.ts';
import { parseInteger } from '../options/values.ts';
import { wordBytes } from './raw-argv.ts';
import type { Surroundings } from '../surroundings.ts';
import { parseTime } from '../time/time-strings.ts';

interface Through {
  /** The local path ends in a slash: a link there stands for what it leads to. */
  readonly throughLink?: true;
}

/** The action and what it works on. */
export type Request =
  | ({ readonly action: 'full' | 'incremental' | 'backup'; readonly source: BytePath; readonly url: string } & Through)
  | ({ readonly action: 'restore' | 'verify'; readonly url: string; readonly target: BytePath } & Through)
  | {
      readonly action:
        | 'list-current-files'
        | 'collection-status'
        | 'check'
        | 'cleanup'
        | 'prune'
        | 'squash'
        | 'recovery-kit'
        | 'roles'
        | 'rekey'
        | 'validate-backend';
      readonly url: string;
    }
  | { readonly action: 'repair'; readonly url: string; readonly original: BytePath | undefined }
  | { readonly action: 'remove-older-than'; readonly time: EpochSeconds; readonly url: string }
  | {
      readonly action: 'remove-all-but-n-full' | 'remove-all-inc-of-but-n-full';
      readonly count: number;
      readonly url: string;
    }
  | ({ readonly action: 'doctor'; readonly url: string; readonly tree: BytePath | undefined } & Through)
  | ({ readonly action: 'drill'; readonly url: string; readonly tree: BytePath | undefined } & Through)
  | { readonly action: 'replicate' | 'mirror'; readonly url: string; readonly targetUrl: string };

interface Context {
  readonly around: Surroundings;
  readonly timeSeparator: string;
  readonly warn: (text: string) => void;
}

/** Reads the words that are no options. `UsageError` when they make no request. */
export function readPositionals(words: readonly string[], context: Context): Request {
  const action = findAction(words[0] ?? '');
  if (action === undefined) return impliedRequest(words, context);
  return namedRequest(action, words.slice(1), context);
}

function impliedRequest(words: readonly string[], { around, warn }: Context): Request {
  const [word] = words;
  if (word !== undefined && words.length !== 2 && !isUrl(word) && !isPath(word)) throw noAction(word);
  const [first, second] = pair(words);
  const meant = isPath(first) ? undefined : nearestAction(first);
  if (meant !== undefined && !isUrl(second)) throw noAction(first);
  checkOneUrl(first, second);
  if (meant !== undefined) warn(`"${first}" is no action but taken for the directory to back up. Is "${meant}" meant?`);
  if (isUrl(first)) return { action: 'restore', url: first, target: localPath(second, around), ...through(second) };
  return { action: 'backup', source: localPath(first, around), url: second, ...through(first) };
}

function namedRequest(action: Action, words: readonly string[], context: Context): Request {
  switch (action) {
    case 'full':
    case 'incremental':
    case 'backup': {
      const [source, url] = pair(words, action);
      checkOneUrl(source, url);
      if (isUrl(source)) throw wrongOrder(action, 'the source path first, then the URL');
      return { action, source: localPath(source, context.around), url, ...through(source) };
    }
    case 'restore':
    case 'verify': {
      const [url, target] = pair(words, action);
      checkOneUrl(url, target);
      if (!isUrl(url)) throw wrongOrder(action, 'the URL first, then the local path');
      return { action, url, target: localPath(target, context.around), ...through(target) };
    }
    case 'list-current-files':
    case 'collection-status':
    case 'check':
    case 'cleanup':
    case 'prune':
    case 'squash':
    case 'recovery-kit':
    case 'roles':
    case 'rekey':
    case 'validate-backend':
      return { action, url: remote(only(words, action)) };
    case 'repair': {
      const [url, source] = words;
      if (url === undefined || words.length > 2) throw wrongCount(1, words.length, action);
      return {
        action,
        url: remote(url),
        original: source === undefined ? undefined : localPath(source, context.around),
      };
    }
    case 'remove-older-than': {
      const [when, url] = pair(words, action);
      const { around, timeSeparator, warn } = context;
      const time = parseTime(when, { now: around.now, timeSeparator, warn });
      return { action, time, url: remote(url) };
    }
    case 'remove-all-but-n-full':
    case 'remove-all-inc-of-but-n-full': {
      const [count, url] = pair(words, action);
      return { action, count: positive(count, action), url: remote(url) };
    }
    case 'doctor':
    case 'drill': {
      const [url, tree] = words.length === 2 ? pair(words, action) : [only(words, action), undefined];
      if (tree === undefined) return { action, url: remote(url), tree };
      checkOneUrl(url, tree);
      return { action, url: remote(url), tree: localPath(tree, context.around), ...through(tree) };
    }
    case 'replicate':
    case 'mirror': {
      const [url, targetUrl] = pair(words, action);
      return { action, url: remote(url), targetUrl: remote(targetUrl) };
    }
    case 'profile':
      // Of a URL it is a directory that is called so, as with duplicity.
      return impliedRequest(['./profile', ...words], context);
    default:
      return action satisfies never;
  }
}

/** Words with these are paths, whatever they look like. */
function isPath(word: string): boolean {
  return word === '' || /[/.~$]/.test(word);
}

function only(words: readonly string[], action: Action): string {
  const [word] = words;
  if (word === undefined || words.length !== 1) throw wrongCount(1, words.length, action);
  return word;
}

function pair(words: readonly string[], action?: Action): readonly [string, string] {
  const [first, second] = words;
  if (first === undefined || second === undefined || words.length !== 2) throw wrongCount(2, words.length, action);
  return [first, second];
}

function wrongCount(expected: number, got: number, action: Action | undefined): UsageError {
  const hint = action === undefined ? 'Without an action: PATH URL to back up, URL PATH to restore.' : usageOf(action);
  return new UsageError('COMMAND_LINE', `Expected ${expected} args, got ${got}`, { hint });
}

function wrongOrder(action: Action, order: string): UsageError {
  return new UsageError('COMMAND_LINE', `${action} takes ${order}.`);
}

function checkOneUrl(first: string, second: string): void {
  if (isUrl(first) && isUrl(second)) {
    throw new UsageError('COMMAND_LINE', 'Two URLs specified. One of the arguments must be a local path.');
  }
  if (!isUrl(first) && !isUrl(second)) {
    throw new UsageError(
      'COMMAND_LINE',
      'One of the arguments must be an URL, such as file:///mnt/backup or sftp://user@host/backup.',
    );
  }
}

function remote(word: string): string {
  if (isUrl(word)) return word;
  throw new UsageError('BAD_URL', `Bad URL '${redact(word)}'.`, {
    hint: 'Name the place of the backup by a URL, such as file:///mnt/backup or sftp://user@host/backup.',
  });
}

function positive(word: string, action: Action): number {
  const count = parseInteger(word);
  if (count !== undefined && count > 0) return count;
  throw new UsageError('COMMAND_LINE', `${action} needs a count above 0, not '${word}'.`);
}

function localPath(word: string, around: Surroundings): BytePath {
  return canonicalPath(wordBytes(expandPath(word, around)));
}

function through(word: string): Through {
  return endsInside(word) ? { throughLink: true } : {};
}
