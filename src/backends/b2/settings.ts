/** Options of the command line that concern B2. */
export interface B2Settings {
  /** A deleted file is only hidden: its versions stay until the bucket's lifecycle rules remove them. */
  readonly b2HideFiles: boolean;
}
