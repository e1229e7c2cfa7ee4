/** What child.ts says to who watches over it. */
export interface Told {
  readonly kind: 'find' | 'end' | 'read';
  readonly text: string;
  /** Of what was read: what went wrong. */
  readonly wrong?: string | undefined;
}

/** The file that tells where a run is: how many inputs were tried and how long the one at hand is, then that. */
export const HEAD = 16;
