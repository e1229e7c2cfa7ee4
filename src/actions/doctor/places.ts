import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { lookAtLock } from '../../cache/lock/look.ts';
import { checkTempSpace, type Packing, tempSpaceFor } from '../../repository/preflight/resources.ts';
import type { Repository } from '../../repository/repository.ts';
import { errorCode } from '../../util/errno.ts';
import { failed, type Finding, megabytes, ok, trouble, warning } from './finding.ts';

/** The directory for metadata, or the one it would be made in. */
export function archiveDir({ archiveDir: { path } }: Repository): Finding {
  const about = 'archive dir';
  const info = statSync(path, { throwIfNoEntry: false });
  const place = info === undefined ? firstThere(path) : path;
  const hint = 'Name another one with --archive-dir, or make this one accessible.';
  if (info?.isDirectory() === false) return trouble(about, `${path} is no directory`, hint);
  try {
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return trouble(about, `${place} cannot be written (${errorCode(error)})`, hint);
  }
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const text = `${path}, ${megabytes(free)} free`;
  if (free < SCARCE) return warning(about, text, 'Make room: signatures and manifests are kept there.');
  if (info === undefined) return ok(about, `${text}; the first run makes it`);
  if ((info.mode & 0o077) === 0) return ok(about, text);
  return warning(about, `${text}, open to others`, `Names of files are kept there in the clear: chmod 700 ${path}`);
}

const SCARCE = 16 * 1024 * 1024;

function firstThere(path: string): string {
  const above = dirname(path);
  return above === path || statSync(above, { throwIfNoEntry: false }) !== undefined ? above : firstThere(above);
}

/** Where volumes are made. */
export function tempDir(repository: Repository, packing: Packing): Finding {
  const about = 'temporary files';
  try {
    const needed = tempSpaceFor(packing);
    checkTempSpace({ ...repository, emit: () => undefined }, needed, 'backup');
    const { spool } = repository;
    const free = megabytes(spool.freeBytes());
    return ok(about, `${dirname(spool.directory)}, ${free} free, a backup takes ${megabytes(needed)}`);
  } catch (error) {
    return failed(about, error);
  }
}

/** Another run on the same archive dir. */
export function lock({ archiveDir: { path } }: Repository): Finding {
  const found = lookAtLock(path);
  if (found === undefined || found.life === 'ended') return ok('lock', 'no other run works on the archive dir');
  if (found.life === 'runs') return trouble('lock', `${found.who} works on it`, 'Wait for it to end.');
  return warning('lock', `there is a lock of ${found.who}`, `If that does not run any more, nothing has to be done.`);
}
