import { createHash } from 'node:crypto';

import { UsageError } from '../errors/errors.ts';
import { wordBytes } from './words/raw-argv.ts';
import type { Surroundings } from './surroundings.ts';

/** The archive dir of one remote: root (`--archive-dir` or the user's cache) and name (`--name` or md5 of the URL). */
export function archiveDirOf(
  given: { readonly archiveDir: string | undefined; readonly name: string | undefined },
  url: string,
  around: Pick<Surroundings, 'env' | 'home'>,
): string {
  const root = given.archiveDir ?? `${around.env['XDG_CACHE_HOME'] || homeCache(around)}/duplicity`;
  const name = given.name ?? createHash('md5').update(wordBytes(url), 'latin1').digest('hex');
  return `${root}/${name}`;
}

function homeCache({ home }: Pick<Surroundings, 'home'>): string {
  if (home !== undefined) return `${home}/.cache`;
  throw new UsageError('BAD_ARCHIVE_DIR', 'There is no home directory for the archive directory: HOME is not set.', {
    hint: 'Set HOME or XDG_CACHE_HOME, or name a directory with --archive-dir.',
  });
}

/** Directories to try for temporary files, best first; with `--tempdir` that one only. */
export function tempRoots(tempdir: string | undefined, env: Surroundings['env']): readonly string[] {
  if (tempdir !== undefined) return [tempdir];
  const named = [env['TMPDIR'], env['TEMP'], env['TMP']].filter((dir) => dir !== undefined && dir !== '');
  return [...named.map(String), '/tmp', '/var/tmp', '/usr/tmp', '.'];
}
