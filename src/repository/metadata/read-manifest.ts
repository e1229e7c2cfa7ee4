import { join } from 'node:path';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { fileBlocks } from '../../crypto/read-file.ts';
import { ChainError, IntegrityError } from '../../errors/errors.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import { renewCopy } from './renew-copy.ts';
import type { Repository } from '../repository.ts';

/** The manifest of a set: the copy in the archive dir, fetched again when it is damaged, else the one on the remote. */
export async function readSetManifest(repository: Repository, set: BackupSet): Promise<Manifest> {
  const { localManifest, manifest } = set;
  if (localManifest !== undefined) {
    try {
      return await readCopy(repository, localManifest);
    } catch (error) {
      if (!(error instanceof IntegrityError) || !(await renewCopy(repository, localManifest, error))) throw error;
      return await readCopy(repository, localManifest);
    }
  }
  if (manifest === undefined) {
    throw new ChainError('NO_MANIFESTS', 'There is no manifest for a backup set that should have one.');
  }
  return readRemoteManifest(repository, manifest);
}

function readCopy({ archiveDir, call }: Repository, name: string): Promise<Manifest> {
  return readManifest(fileBlocks(join(archiveDir.path, name), { signal: call.signal, reuses: true }), { name });
}

export async function readRemoteManifest(repository: Repository, name: string): Promise<Manifest> {
  return readManifest(fetchDecoded(repository, name, { signal: repository.call.signal, reuses: true }), { name });
}
