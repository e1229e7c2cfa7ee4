import { rmSync, writeFileSync } from 'node:fs';
import { allSets, type Collection } from '../../collections/collection.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { readLocks } from '../../crypto/openpgp/reading/locks.ts';
import { CryptoError, DuplicityError } from '../../errors/errors.ts';
import { readHead } from '../read-head.ts';
import type { Repository } from '../repository.ts';

/** What a manifest for a dozen recipients needs; what follows is not read. */
const HEAD_BYTES = 8192;

/** The newest finished set whose manifest is encrypted and can be looked at. */
export function newestEncrypted(collection: Collection): (BackupSet & { readonly manifest: string }) | undefined {
  const sets = allSets(collection).filter(({ manifest, isPartial }) => manifest?.endsWith('pg') === true && !isPartial);
  const newest = sets.toSorted((a, b) => a.end - b.end).at(-1);
  return newest?.manifest === undefined ? undefined : { ...newest, manifest: newest.manifest };
}

/**
 * Whether key and passphrase of this run open a remote file, by its first bytes: `cannot` with the reason where they do
 * not. undefined where somebody would have to be asked.
 */
export async function opens(
  repository: Repository,
  name: string,
): Promise<{ readonly cannot: DuplicityError | undefined } | undefined> {
  const { keys, spool, call } = repository;
  if (!keys.canRead(name) && keys.wouldAsk(name)) return undefined;
  const head = await readHead(repository, name, HEAD_BYTES);
  // Encrypted to keys, of which this run knows none.
  if (keys.isSymmetric && readLocks(head)?.passphrases === 0) return undefined;
  const codecOf = await keys.reader([name]);
  const path = spool.newPath('head');
  writeFileSync(path, head, { mode: 0o600, flag: 'wx' });
  try {
    for await (const block of codecOf(name).open(path, { name, signal: call.signal })) void block;
  } catch (error) {
    if (error instanceof CryptoError) return { cannot: error };
    // It was opened, and found to end too soon.
    if (!(error instanceof DuplicityError)) throw error;
  } finally {
    rmSync(path, { force: true });
  }
  return { cannot: undefined };
}
