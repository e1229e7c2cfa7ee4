/** @asType integer @minimum 0 */
export type Count = number;

/** Seconds since 1970-01-01T00:00:00Z; some times have fractions. */
export type Epoch = number;

/** The same time in RFC 3339, UTC. Absent where the year has more than four digits. @format date-time */
export type Timestamp = string;

/** Which version of the format a line has. */
export interface Versioned {
  v: 1;
}

/** A path of a tree; its root is `.`. */
export interface PathFields {
  /** As text; what is not UTF-8 stands in it as U+FFFD. */
  path: string;
  /** The bytes of the path in base64, when it is not UTF-8. @contentEncoding base64 */
  pathBytes?: string;
}

/** Which set of an archive. */
export interface SetFields {
  /** `inc`: an increment, which builds on the set of the time `base`. */
  kind: 'full' | 'inc';
  time?: Timestamp;
  timeEpoch: Epoch;
  base?: Timestamp;
  baseEpoch?: Epoch;
}

/** Of the set whose state was taken. */
export interface StateFields {
  time?: Timestamp;
  timeEpoch: Epoch;
}

export interface AmountFields {
  files: Count;
  bytes: Count;
}

export interface TimeFields {
  time?: Timestamp;
  timeEpoch: Epoch;
}
