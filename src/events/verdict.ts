import type { BytePath } from '../util/bytepath.ts';
import type { EpochSeconds } from '../util/time.ts';

/** Bytes of a content: the first, and the one behind the last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** What became of a path that a salvage did not bring back whole. */
export interface Verdict {
  readonly path: BytePath;
  /**
   * `older`: it is there as an earlier backup has it. `partial`: some of its bytes are there, under its name with `.partial`
   * behind it. `lost`: nothing is.
   */
  readonly fate: 'older' | 'partial' | 'lost';
  /** When what is there was backed up; undefined where nothing is. */
  readonly time: EpochSeconds | undefined;
  /** Of a partial file: the bytes that are right. All others are zero. */
  readonly ranges: readonly ByteRange[];
  /** Of a partial file: its bytes. It may have had more. */
  readonly size: number | undefined;
}
