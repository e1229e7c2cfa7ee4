import { redact } from '../../backends/url/url.ts';
import type { BackupChain } from '../../collections/chains.ts';
import type { Collection } from '../../collections/collection.ts';
import { restorableSets } from '../../collections/restorable.ts';
import { bytesBySet } from '../../collections/set-bytes.ts';
import { type BackupSet, hasVolumes, idOf, type SetId, volumeNames } from '../../collections/sets.ts';
import { type Locks, readLocks } from '../../crypto/openpgp/reading/locks.ts';
import { ChainError } from '../../errors/errors.ts';
import { examine } from '../../repository/examine.ts';
import { readHead } from '../../repository/read-head.ts';
import type { Repository } from '../../repository/repository.ts';
import { SCRIPT } from './script.ts';
import { sheetOf } from './sheet.ts';

/** A key that opens the backup. */
export interface RecoveryKey {
  /** Of the encryption key, as the files name it. */
  readonly id: string;
  /** Of the main key it belongs to, where the key ring knows it. */
  readonly fingerprint: string | undefined;
  readonly user: string | undefined;
}

export interface RecoverySet extends SetId {
  readonly volumes: number;
  readonly bytes: number | undefined;
  readonly manifest: string;
}

/** All that is needed to restore without this program. */
export interface RecoveryKit {
  /** Without the password that it may hold. */
  readonly url: string;
  readonly time: number;
  /** The newest chain: a full backup and its increments. */
  readonly sets: readonly RecoverySet[];
  /** Times of the full backups of the chains before, the newest first. */
  readonly earlier: readonly number[];
  /** Who can open it: in all of the chain together. */
  readonly passphrase: boolean;
  readonly keys: readonly RecoveryKey[];
  readonly hiddenKeys: number;
  /** For paper. */
  readonly sheet: string;
  /** A POSIX shell script. */
  readonly script: string;
}

/** Enough for dozens of recipients. */
const HEAD_BYTES = 16 * 1024;

/** Puts together what restores the newest chain without this program. Needs no key, and holds no secret. */
export function recoveryKit(repository: Repository): Promise<RecoveryKit> {
  return examine(repository, async (collection) => {
    const wholeChains = collection.chains.filter(({ full }) => hasVolumes(full) && !full.isPartial);
    const chain = wholeChains.at(-1);
    if (chain === undefined) {
      throw new ChainError('EXCEPTION', 'No backup chains found: there is nothing that a kit could restore.', {
        hint: 'Make a backup first, and check that the URL and --file-prefix are right.',
      });
    }
    const sets = restorableSets(chain).filter(hasVolumes);
    const who = await lockOf(repository, sets);
    const owners = await repository.keys.owners(who.keys);
    const kit = {
      url: redact(repository.url),
      time: repository.now,
      sets: sets.map(recoverySet(repository, collection)),
      earlier: fulls(wholeChains.slice(0, -1)),
      passphrase: who.passphrases > 0,
      keys: who.keys.map((id) => ({ id, fingerprint: owners.get(id)?.fingerprint, user: owners.get(id)?.user })),
      hiddenKeys: who.hidden,
      script: scriptFor(repository),
    };
    return { ...kit, sheet: sheetOf(kit, repository.prefixes) };
  });
}

function recoverySet({ remote }: Repository, collection: Collection): (set: BackupSet) => RecoverySet {
  const bytesOf = bytesBySet(collection, remote.listedSizeOf);
  return (set) => ({
    ...idOf(set),
    volumes: set.volumes.size,
    bytes: bytesOf(set),
    manifest: set.manifest ?? '',
  });
}

function fulls(chains: readonly BackupChain[]): readonly number[] {
  return chains.map(({ start }) => start).toReversed();
}

/** Who can open them: of each set its manifest, which is made with the key of its volumes. */
async function lockOf(repository: Repository, sets: readonly BackupSet[]): Promise<Locks> {
  const keys = new Set<string>();
  let [passphrases, hidden] = [0, 0];
  for (const set of sets) {
    const name = set.manifest ?? volumeNames(set)[0];
    if (!set.encrypted || name === undefined) continue;
    const lock = readLocks(await readHead(repository, name, HEAD_BYTES));
    for (const id of lock?.keys ?? []) keys.add(id);
    passphrases = Math.max(passphrases, lock?.passphrases ?? 0);
    hidden = Math.max(hidden, lock?.hidden ?? 0);
  }
  return { passphrases, keys: [...keys], hidden };
}

/** The script knows names with the prefixes of this backup. */
function scriptFor({ prefixes: { all, manifest, volume } }: Repository): string {
  const words = `manifests=${quoted(all + manifest)} volumes=${quoted(all + volume)}`;
  return SCRIPT.replace("manifests='' volumes=''", () => words);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
