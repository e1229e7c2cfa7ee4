import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { formatLocalName } from '../../archive/names/names.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { CryptoError, IntegrityError } from '../../errors/errors.ts';
import { readRemoteManifest } from '../../repository/metadata/read-manifest.ts';
import type { Repository } from '../../repository/repository.ts';

/**
 * The manifest of a set that is to be copied, if it can be read without asking anybody: it is not encrypted, or the archive
 * dir of the place has a copy, or its passphrase is known.
 */
export async function readableManifest(
  from: Repository,
  { type, start, end, manifest }: BackupSet,
  archivePath: string | undefined,
): Promise<Manifest | undefined> {
  if (manifest === undefined) return undefined;
  if (!/\.(?:gpg|g)$/.test(manifest)) return readRemoteManifest(from, manifest);
  const name = { kind: 'manifest', type, start, end, partial: false, encrypted: true, compressed: false } as const;
  const copy = archivePath && join(archivePath, formatLocalName(name, from.prefixes));
  if (copy !== undefined && copy !== '' && existsSync(copy)) {
    try {
      return await readManifest(createReadStream(copy), { name: manifest });
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
    }
  }
  if (from.keys.wouldAsk(manifest)) return undefined;
  try {
    return await readRemoteManifest(from, manifest);
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}
