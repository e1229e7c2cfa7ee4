/** Who works with a place. */
export const ROLES = ['backup', 'keeper', 'pruner', 'restorer'] as const;
export type Role = (typeof ROLES)[number];

/** What an account may be able to do with the files of a place. */
export const RIGHTS = ['list', 'read', 'store', 'overwrite', 'delete'] as const;
export type Right = (typeof RIGHTS)[number];

/** `may`: whether it can makes no difference, or the store cannot refuse it apart from what is needed. */
export type Need = 'must' | 'may' | 'must not';
export type Needs = Readonly<Record<Right, Need>>;

/** A text for a configuration, or commands that make one. */
export interface Policy {
  /** Where it belongs. */
  readonly where: string;
  readonly text: string;
}
