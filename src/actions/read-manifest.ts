import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../archive/manifest-reader.ts';
import type { FileChange, Manifest } from '../archive/manifest.ts';
import type { BackupSet } from '../collections/sets.ts';
import { ChainError } from '../errors/errors.ts';
import type { BytePath } from '../util/bytepath.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import type { Session } from './session.ts';

interface ReadOptions {
  readonly onFile?: (change: FileChange, path: BytePath) => void;
}

/** The manifest of a set: the copy in the archive dir, else the one on the remote. */
export async function readSetManifest(session: Session, set: BackupSet, options: ReadOptions = {}): Promise<Manifest> {
  const { localManifest, manifest } = set;
  if (localManifest !== undefined) {
    return readManifest(createReadStream(join(session.archiveDir.path, localManifest)), {
      name: localManifest,
      ...options,
    });
  }
  if (manifest === undefined) {
    throw new ChainError('NO_MANIFESTS', 'There is no manifest for a backup set that should have one.');
  }
  return readRemoteManifest(session, manifest, options);
}

export async function readRemoteManifest(session: Session, name: string, options: ReadOptions = {}): Promise<Manifest> {
  return readManifest(fetchDecoded(session, name, { signal: session.call.signal }), { name, ...options });
}
