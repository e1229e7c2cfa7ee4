import { createHash } from 'node:crypto';

import { wordBytes } from './raw-argv.ts';
import type { Surroundings } from './surroundings.ts';

/** The archive dir of one remote: root (`--archive-dir` or the user's cache) and name (`--name` or md5 of the URL). */
export function archiveDirOf(
  given: { readonly archiveDir: string | undefined; readonly name: string | undefined },
  url: string,
  around: Pick<Surroundings, 'env' | 'home'>,
): string {
  const root = given.archiveDir ?? `${around.env['XDG_CACHE_HOME'] || `${around.home}/.cache`}/duplicity`;
  const name = given.name ?? createHash('md5').update(wordBytes(url), 'latin1').digest('hex');
  return `${root}/${name}`;
}

/** Directories to try for temporary files, best first; with `--tempdir` that one only. */
export function tempRoots(tempdir: string | undefined, env: Surroundings['env']): readonly string[] {
  if (tempdir !== undefined) return [tempdir];
  const named = [env['TMPDIR'], env['TEMP'], env['TMP']].filter((dir) => dir !== undefined && dir !== '');
  return [...named.map(String), '/tmp', '/var/tmp', '/usr/tmp', '.'];
}
