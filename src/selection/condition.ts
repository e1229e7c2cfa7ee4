import type { FileType } from '../archive/entry.ts';
import type { BytePath } from '../util/bytepath.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { PathTest } from './globs/glob.ts';
import type { Rule, Sense } from './rules.ts';
import { encodeName } from '../util/text/text.ts';

/** What conditions look at besides the path. */
export interface Subject {
  readonly type: FileType;
  readonly mtime: EpochSeconds;
  readonly device: number;
  /** Whether this directory directly holds an entry of that name, of any type. */
  holds(name: BytePath): boolean;
}

/** `scan`: not decided, but something below may be included. */
export type Answer = Sense | 'scan' | undefined;

/** A list of things to include, of which something should be there. */
export interface IncludeList {
  readonly name: string;
  hasIncluded: boolean;
}

export interface Condition {
  /** What to call it in messages: the option it comes from. */
  readonly label: string;
  readonly sense: Sense;
  /** The list it stands in, if it is one of what to include. */
  readonly list?: IncludeList;
  /** `path` is decoded text: the source as given, joined with the relative path. */
  answer(path: string, subject: Subject): Answer;
}

/** A glob or a literal. */
export function patternCondition(label: string, sense: Sense, test: PathTest): Condition {
  return {
    label,
    sense,
    answer: (path, subject) => {
      const match = test(path, subject.type === 'dir');
      if (match === undefined) return undefined;
      return match === 'covers' ? sense : 'scan';
    },
  };
}

export function regexpCondition(label: string, sense: Sense, isFound: (path: string) => boolean): Condition {
  return { label, sense, answer: (path) => (isFound(path) ? sense : undefined) };
}

type PlainRule = Extract<Rule, { kind: 'if-present' | 'device-files' | 'other-filesystems' | 'older-than' }>;

/** Conditions without a pattern; all of them exclude. */
export function plainCondition(rule: PlainRule, rootDevice: number): Condition {
  if (rule.kind === 'if-present') {
    const name = encodeName(rule.name);
    const label = `--exclude-if-present ${rule.name}`;
    return exclusion(label, (subject) => subject.type === 'dir' && subject.holds(name));
  }
  if (rule.kind === 'device-files') {
    return exclusion('--exclude-device-files', ({ type }) => type === 'chr' || type === 'blk');
  }
  if (rule.kind === 'other-filesystems') {
    return exclusion('--exclude-other-filesystems', ({ device }) => device !== rootDevice);
  }
  const { time } = rule;
  return exclusion('--exclude-older-than', ({ type, mtime }) => type === 'reg' && mtime < time);
}

function exclusion(label: string, applies: (subject: Subject) => boolean): Condition {
  return { label, sense: 'exclude', answer: (_path, subject) => (applies(subject) ? 'exclude' : undefined) };
}
