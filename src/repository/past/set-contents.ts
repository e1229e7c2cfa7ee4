import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import { fileBlocks } from '../../crypto/read-file.ts';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { BackupSet } from '../../collections/sets.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { fetchDecoded } from '../metadata/fetch-decoded.ts';
import { readSetManifest } from '../metadata/read-manifest.ts';
import type { Repository } from '../repository.ts';

export type TakeChange = (change: FileChange, path: BytePath) => void;

/** The list of changed files of one set, which may be larger than memory: read as often as it is asked for. */
export interface SetContents {
  each(take: TakeChange): Promise<void>;
  release(): void;
}

/** From the manifest in the archive dir, fetched again when it is damaged, else from the remote one, fetched once. */
export async function openSetContents(repository: Repository, set: BackupSet): Promise<SetContents> {
  const { archiveDir, spool, call } = repository;
  const { localManifest, manifest } = set;
  if (localManifest !== undefined || manifest === undefined) {
    await readSetManifest(repository, set);
    return contentsOf(join(archiveDir.path, localManifest ?? ''), localManifest ?? '', call.signal, () => undefined);
  }
  const path = spool.newPath('manifest');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const block of fetchDecoded(repository, manifest, { signal: call.signal, reuses: true }))
      await file.writeFile(block);
  } finally {
    await file.close();
  }
  return contentsOf(path, manifest, call.signal, () => rmSync(path, { force: true }));
}

function contentsOf(path: string, name: string, signal: AbortSignal, release: () => void): SetContents {
  return {
    each: async (take) => void (await readManifest(fileBlocks(path, { signal, reuses: true }), { name, onFile: take })),
    release,
  };
}
