import type { EpochSeconds } from '../util/time.ts';

export type Sense = 'include' | 'exclude';

/** How the options after a `--filter-*` option read their patterns. */
export type FilterMode = 'globbing' | 'literal' | 'regexp' | 'ignorecase' | 'strictcase';

/**
 * One selection option, in the order of the command line. Patterns are decoded text in which a byte that is not UTF-8
 * is a lone surrogate U+DC80..U+DCFF (its value + 0xDC00).
 *
 * `glob` is `--include` and `--exclude`, `regexp` is `--include-regexp` and `--exclude-regexp`; a `filter` rule changes
 * how later `glob` and `filelist` rules are read, and the case of later `regexp` rules. `content` is what the file
 * held when the option was read.
 */
export type Rule =
  | {
      readonly kind: 'glob' | 'literal' | 'regexp';
      readonly sense: Sense;
      readonly pattern: string;
      readonly ignoreCase?: boolean;
    }
  | { readonly kind: 'filelist'; readonly sense: Sense; readonly name: string; readonly content: Buffer }
  | { readonly kind: 'if-present'; readonly name: string }
  | { readonly kind: 'device-files' }
  | { readonly kind: 'other-filesystems' }
  | { readonly kind: 'older-than'; readonly time: EpochSeconds }
  | { readonly kind: 'filter'; readonly mode: FilterMode }
  | { readonly kind: 'files-from'; readonly name: string; readonly content: Buffer };
