import type { Problem } from './file/at.ts';
import type { ProfilePlace } from './places.ts';
import type { ShownStore, ShownValue } from './show.ts';

/** What `profile` has found out. */
export type ProfileReport =
  | {
      readonly kind: 'checked';
      readonly profiles: readonly ProfilePlace[];
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
    }
  | {
      readonly kind: 'shown';
      readonly name: string;
      readonly file: string;
      readonly defaults: string | undefined;
      readonly source: string;
      readonly values: readonly ShownValue[];
      readonly stores: readonly ShownStore[];
    }
  | {
      readonly kind: 'written' | 'imported';
      readonly file: string | undefined;
      readonly text: string;
      readonly notes: readonly string[];
    };
