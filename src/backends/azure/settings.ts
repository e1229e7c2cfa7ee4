/** Options of the command line that concern Azure; sizes are bytes. */
export interface AzureSettings {
  readonly azureBlobTier: 'Hot' | 'Cool' | 'Archive' | undefined;
  /** The largest file that is sent in one request. */
  readonly azureMaxSinglePutSize: number | undefined;
  /** Of a file in blocks. */
  readonly azureMaxBlockSize: number | undefined;
  /** Blocks of one file that are sent at the same time. */
  readonly azureMaxConnections: number | undefined;
}
