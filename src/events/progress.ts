/** Where a backup stands. */
export interface ProgressState {
  /** Source bytes stored so far. */
  readonly bytes: number;
  readonly elapsedSeconds: number;
  /** 0..100. */
  readonly percent: number;
  /** Seconds left, as estimated. */
  readonly etaSeconds: number;
  readonly bytesPerSecond: number;
  /** Nothing has moved for a while. */
  readonly stalled: boolean;
}
