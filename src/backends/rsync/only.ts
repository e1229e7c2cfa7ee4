/**
 * In a path the server takes such a name for a pattern, whatever the quotes: what it sends, or is to write, is then another
 * file that fits. A backslash does not help where there is no such file yet.
 */
export function isWild(name: string): boolean {
  return /[*?[]/.test(name);
}

/** Rules by which nothing but `name` takes part in a transfer of the directory. */
export function onlyRules(name: string): readonly string[] {
  return [`--include=/${pattern(name)}`, '--exclude=*'];
}

/** The same for what may be deleted, also where --rsync-options says --delete-excluded, which would take all the others. */
export function onlyItGoes(name: string): readonly string[] {
  return [`--filter=risk /${pattern(name)}`, '--filter=protect *'];
}

/** A backslash protects a wildcard, and stands for itself in a pattern that has none. */
function pattern(name: string): string {
  return isWild(name) ? name.replace(/[\\*?[]/g, '\\$&') : name;
}
