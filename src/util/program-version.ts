/** Set by the build; a test from the sources has none. */
declare const __VERSION__: string | undefined;

export function programVersion(): string {
  return typeof __VERSION__ === 'undefined' ? 'sources' : __VERSION__;
}
