import type { Rule } from '../../selection/rules.ts';
import type { Surroundings } from '../surroundings.ts';

export type Flag = `--${string}`;

/**
 * Where a spelling comes from: both releases of the reference, only 0.8.22 or only 3.0.1 (`0.8`, `3.0`), or this
 * program alone. Abbreviations that are ambiguous among all are resolved among those of 0.8.22.
 */
export type Release = 'both' | '0.8' | '3.0' | 'ours';

/** Groups of actions an option has a meaning for; elsewhere it is accepted and ignored. */
export type ActionGroup =
  | 'backup'
  | 'restore'
  | 'verify'
  | 'list'
  | 'status'
  | 'cleanup'
  | 'remove'
  | 'prune'
  | 'replicate'
  | 'squash'
  | 'mirror'
  | 'check'
  | 'drill'
  | 'repair'
  | 'recovery'
  | 'roles'
  | 'rekey'
  | 'profile';

/** What the reader of a value may look at. */
export interface ReadContext {
  /** The flag as it is spelled in the table, for messages. */
  readonly flag: Flag;
  readonly around: Surroundings;
  readonly timeSeparator: string;
  /** Said once output is set up, and once however often it is given. */
  readonly warn: (text: string) => void;
}

interface Common {
  readonly flag: Flag;
  /** One letter, without the dash. */
  readonly short?: string;
  readonly release: Release;
  readonly actions: readonly ActionGroup[] | 'all';
  /** What stands for the value in help texts, one word per value; absent for a switch. */
  readonly value?: string;
  /** The first sentence, at most 80 characters, is the line of `--help`. */
  readonly help: string;
  /** Works, but is not shown. */
  readonly hidden?: true;
  /** Said once when the option is given. */
  readonly warning?: string;
  /** Still works; this says what replaces it, and is said once when the option is given. */
  readonly deprecated?: string;
  /** Environment variable that takes part in the default. */
  readonly env?: string;
  /** The value must never be shown. */
  readonly secret?: true;
}

/** Another spelling. With `sets` it takes no value and means that one. */
export interface Alias<T> {
  readonly flag: Flag;
  readonly short?: string;
  readonly release: Release;
  readonly sets?: T;
  readonly help?: string;
}

/** An option that gives the setting of its name a value. */
export interface Option<T> extends Common {
  readonly kind: 'option';
  readonly aliases?: readonly Alias<T>[];
  readonly default: T;
  /** Throws `UsageError` for a bad value. */
  read(words: readonly string[], context: ReadContext): T;
  /** What a repetition means; without it the last one wins. */
  merge?(before: T, next: T): T;
}

/** An option that adds selection rules, in the order of the command line. */
export interface RuleOption extends Common {
  readonly kind: 'rule';
  read(words: readonly string[], context: ReadContext): readonly Rule[];
}

/** An option that means several others with the same value. */
export interface Shorthand extends Common {
  readonly kind: 'shorthand';
  readonly standsFor: readonly Flag[];
}

/** An option of an old release that has lost its meaning: accepted, with a warning. */
export interface RetiredOption extends Common {
  readonly kind: 'retired';
  readonly deprecated: string;
}

/** An option that replaces the action. */
export interface AnswerOption extends Common {
  readonly kind: 'answer';
  readonly answer: 'help' | 'version';
}

export type AnyOption = Option<unknown> | RuleOption | Shorthand | RetiredOption | AnswerOption;

export function option<T>(spec: Omit<Option<T>, 'kind'>): Option<T> {
  return { kind: 'option', ...spec };
}

/** A switch: off by default, on when given. */
export function toggle(spec: Omit<Option<boolean>, 'kind' | 'default' | 'read' | 'value'>): Option<boolean> {
  return { kind: 'option', default: false, read: () => true, ...spec };
}
