import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { ChainError, IntegrityError } from '../../errors/errors.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import { renewCopy } from './renew-copy.ts';
import type { Session } from '../session.ts';

/** The manifest of a set: the copy in the archive dir, fetched again when it is damaged, else the one on the remote. */
export async function readSetManifest(session: Session, set: BackupSet): Promise<Manifest> {
  const { localManifest, manifest } = set;
  if (localManifest !== undefined) {
    try {
      return await readCopy(session, localManifest);
    } catch (error) {
      if (!(error instanceof IntegrityError) || !(await renewCopy(session, localManifest, error))) throw error;
      return await readCopy(session, localManifest);
    }
  }
  if (manifest === undefined) {
    throw new ChainError('NO_MANIFESTS', 'There is no manifest for a backup set that should have one.');
  }
  return readRemoteManifest(session, manifest);
}

function readCopy({ archiveDir }: Session, name: string): Promise<Manifest> {
  return readManifest(createReadStream(join(archiveDir.path, name)), { name });
}

export async function readRemoteManifest(session: Session, name: string): Promise<Manifest> {
  return readManifest(fetchDecoded(session, name, { signal: session.call.signal }), { name });
}
