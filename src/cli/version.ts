/** What `--version` prints: two words and nothing else, because front ends take the second or the last one. */
export function versionText(version: string): string {
  return `duplicity ${version}\n`;
}
