/** Manifests and signatures, by their long and short names. They are read by every run. */
export function isMetadataName(name: string): boolean {
  return /\.(manifest|sigtar|m|st)(\.(gpg|gz|g|z))?$/.test(name);
}
