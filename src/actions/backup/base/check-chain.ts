import { formatName } from '../../../archive/names/names.ts';
import type { BackupChain } from '../../../collections/chains.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import { BackendError, IntegrityError } from '../../../errors/errors.ts';
import { damageOf } from '../../../pipeline/unpack/set-plan.ts';
import { readSetManifest } from '../../../repository/metadata/read-manifest.ts';
import type { BackupOptions } from '../options.ts';
import { renewCopy } from '../../../repository/metadata/renew-copy.ts';
import type { Repository } from '../../../repository/repository.ts';
import { wholeLines } from './whole-lines.ts';

const EMPTY_SHA1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
// Lines of the list of files begin with blanks: no name in it can look like these.
const VOLUME_LINE = /^volume[ \t]+(\d+)/gim;
const LIST_LINE = /^filelist[ \t]/im;

/**
 * Whether the remote holds the manifest and every volume of each set of the chain, as far as the listing and the manifests
 * in the archive dir tell. An increment on a chain with a hole cannot be restored: where it was asked for it fails,
 * otherwise a full backup takes its place. Volumes that were taken elsewhere on purpose are no hole: `--no-check-remote`
 * says so.
 */
export async function isWhole(
  repository: Repository,
  chain: BackupChain,
  { kind, checksRemote }: Pick<BackupOptions, 'kind' | 'checksRemote'>,
): Promise<boolean> {
  if (!checksRemote) return true;
  for (const set of chain.sets) {
    const hole = await holeIn(repository, set);
    if (hole === undefined) continue;
    if (kind !== 'incremental') {
      repository.emit({
        kind: 'warning',
        text: `${hole.text}\nAn increment could not be restored: making a full backup. (--no-check-remote goes on all the same.)`,
      });
      return false;
    }
    throw new BackendError('BACKEND_NOT_FOUND', hole.text, {
      retryable: false,
      fields: ['list', `'${hole.name}'`],
      hint: 'Bring the file back or make a full backup; --no-check-remote goes on all the same.',
    });
  }
  return true;
}

/** A file that is missing and what is said of it. A copy that is damaged names nothing; whoever reads it says so. */
async function holeIn(
  repository: Repository,
  set: BackupSet,
): Promise<{ readonly name: string; readonly text: string } | undefined> {
  const { archiveDir, prefixes, remote } = repository;
  const { type, start, end, encrypted, volumes, unusable, localManifest } = set;
  const cut = unusable.find(({ kind }) => kind === 'manifest');
  if (cut !== undefined && set.manifest === undefined) {
    const text = `The manifest ${cut.name} cannot be used on the remote, only its copy in the archive dir.`;
    return { name: cut.name, text };
  }
  const shown = Math.max(0, ...volumes.keys(), ...unusable.map((file) => (file.kind === 'volume' ? file.volume : 0)));
  let count = localManifest === undefined ? shown : lastVolume(archiveDir.pathOf(localManifest));
  if (count < shown) {
    const damage = await damageOfManifest(repository, set);
    if (damage !== undefined) return { name: set.manifest ?? '', text: damage.message };
    count = lastVolume(archiveDir.pathOf(localManifest ?? ''));
  }
  for (let volume = 1; volume <= count; volume++) {
    const name = volumes.get(volume)?.[0];
    if (name !== undefined && (remote.sizeOf(name) !== 0 || (await isMeantEmpty(repository, set, volume)))) continue;
    const missing =
      name ?? formatName({ kind: 'volume', type, start, end, volume, encrypted, compressed: !encrypted }, prefixes);
    const where = name === undefined ? 'not on the remote' : 'empty on the remote';
    return { name: missing, text: `Volume ${missing} is in the manifest but ${where}.` };
  }
  return undefined;
}

/** The copy, which names too few volumes, may be what is damaged: then it is fetched again. */
async function damageOfManifest(repository: Repository, set: BackupSet): Promise<IntegrityError | undefined> {
  const { localManifest = '' } = set;
  try {
    const damage = damageOf(set, await readSetManifest(repository, set));
    if (damage === undefined || !(await renewCopy(repository, localManifest, damage))) return damage;
    return damageOf(set, await readSetManifest(repository, set));
  } catch (error) {
    if (error instanceof IntegrityError) return error;
    throw error;
  }
}

/** By its hash: that of no bytes. */
async function isMeantEmpty(repository: Repository, set: BackupSet, volume: number): Promise<boolean> {
  if (set.localManifest === undefined) return true;
  const { volumes } = await readSetManifest(repository, set);
  const hash = volumes.find(({ number }) => number === volume)?.hashes.get('SHA1');
  return hash === undefined || hash.toLowerCase() === EMPTY_SHA1;
}

/**
 * The number of the last volume record, which is their count, also where records repeat. The list of changed files, far
 * longer than the rest in a large backup, follows the records and is not read.
 */
function lastVolume(manifest: string): number {
  let last = 0;
  for (const lines of wholeLines(manifest)) {
    for (const [, number] of lines.matchAll(VOLUME_LINE)) last = Number(number);
    if (last > 0 && LIST_LINE.test(lines)) break;
  }
  return last;
}
