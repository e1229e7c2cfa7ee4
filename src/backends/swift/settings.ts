/** Options of the command line that concern Swift; sizes are bytes. */
export interface SwiftSettings {
  readonly swiftStoragePolicy: string | undefined;
  readonly mpSegmentSize: number;
  /** Seconds without a byte after which a connection counts as lost; 0 is never. */
  readonly timeout: number;
}
