import { closeSync, openSync, readSync } from 'node:fs';
import { formatName } from '../archive/names.ts';
import type { BackupChain } from '../collections/chains.ts';
import type { BackupSet } from '../collections/sets.ts';
import { BackendError } from '../errors/errors.ts';
import type { Session } from './session.ts';

const BLOCK = 64 * 1024;
// Lines of the list of files begin with blanks: no name in it can look like these.
const VOLUME_LINE = /^volume[ \t]+(\d+)/gim;
const LIST_LINE = /^filelist[ \t]/im;

/**
 * Whether the remote lists every volume of the chain, as far as the manifests in the archive dir tell. An increment on a
 * chain with a hole cannot be restored: where it was asked for it fails, otherwise a full backup takes its place. Volumes
 * that were taken elsewhere on purpose are no hole: `--no-check-remote` says so.
 */
export function isWhole(session: Session, chain: BackupChain, isExplicit: boolean): boolean {
  if (session.settings.noCheckRemote) return true;
  for (const set of chain.sets) {
    const missing = missingVolume(session, set);
    if (missing === undefined) continue;
    const text = `Volume ${missing} is in the manifest but not on the remote.`;
    if (!isExplicit) {
      session.emit({
        kind: 'warning',
        text: `${text}\nAn increment could not be restored: making a full backup. (--no-check-remote goes on all the same.)`,
      });
      return false;
    }
    throw new BackendError('BACKEND_NOT_FOUND', text, {
      retryable: false,
      fields: ['list', `'${missing}'`],
      hint: 'Bring the file back or make a full backup; --no-check-remote goes on all the same.',
    });
  }
  return true;
}

/** Its name. A copy that is damaged or not there names nothing; whoever reads it says so. */
function missingVolume({ archiveDir, prefixes }: Session, set: BackupSet): string | undefined {
  const there = [...set.volumes.keys()].at(-1) ?? 0;
  const count = set.localManifest === undefined ? there : lastVolume(archiveDir.pathOf(set.localManifest));
  for (let volume = 1; volume <= count; volume++) {
    if (set.volumes.has(volume)) continue;
    const { type, start, end, encrypted } = set;
    return formatName({ kind: 'volume', type, start, end, volume, encrypted, compressed: !encrypted }, prefixes);
  }
  return undefined;
}

/**
 * The number of the last volume record, which is their count, also where records repeat. The list of changed files, far
 * longer than the rest in a large backup, follows the records and is not read.
 */
function lastVolume(manifest: string): number {
  const block = Buffer.allocUnsafe(BLOCK);
  let last = 0;
  let rest = '';
  const fd = openSync(manifest, 'r');
  try {
    for (;;) {
      const length = readSync(fd, block);
      const text = rest + block.toString('latin1', 0, length);
      const cut = length === 0 ? text.length : text.lastIndexOf('\n') + 1;
      const lines = text.slice(0, cut);
      for (const [, number] of lines.matchAll(VOLUME_LINE)) last = Number(number);
      if (length === 0 || (last > 0 && LIST_LINE.test(lines))) return last;
      rest = text.slice(cut);
    }
  } finally {
    closeSync(fd);
  }
}
