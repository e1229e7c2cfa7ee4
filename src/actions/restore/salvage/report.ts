import type { SetId } from '../../../collections/sets.ts';
import type { Verdict } from '../../../events/verdict.ts';
import type { BytePath } from '../../../util/bytepath.ts';

/** A file of the store that is damaged or missing. */
export interface Harm {
  readonly file: string;
  readonly set: SetId;
  readonly reason: string;
}

/** A file that is lost, and of which nothing tells what it held: paths between two, or any. */
export interface Unknown {
  readonly file: string;
  readonly set: SetId;
  readonly from: BytePath | undefined;
  readonly to: BytePath | undefined;
}

/** What a salvage has brought back, and what not. */
export interface SalvageReport {
  /** Paths that are as they were. */
  readonly whole: number;
  /** All others that are known. */
  readonly notWhole: readonly Verdict[];
  /** More may be missing here. */
  readonly unknown: readonly Unknown[];
  readonly harm: readonly Harm[];
}
