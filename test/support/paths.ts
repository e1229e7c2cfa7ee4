import { fileURLToPath } from 'node:url';

/** The clone, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** A file or directory below test/golden/data; see the README there. */
export function golden(path: string): string {
  return `${root}/test/golden/data/${path}`;
}
