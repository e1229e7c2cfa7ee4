/** Set by the build. */
declare const __VERSION__: string;

export function programVersion(): string {
  return __VERSION__;
}
