/** Options of the command line that concern Swift; sizes are bytes. */
export interface SwiftSettings {
  readonly swiftStoragePolicy: string | undefined;
  readonly mpSegmentSize: number;
}
