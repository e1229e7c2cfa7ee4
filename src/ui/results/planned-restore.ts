/** What a dry run of restore says at its end. */
export function plannedRestoreText({ volumes }: { readonly volumes: readonly string[] }): string {
  return ['Required volumes to restore:', ...volumes.map((name) => `\t${name}`)].join('\n');
}
