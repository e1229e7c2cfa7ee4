import { createReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import type { Manifest, VolumeRecord } from '../../archive/manifest/manifest.ts';
import { formatLocalName, parseName } from '../../archive/names/names.ts';
import { appendLedger } from '../../cache/ledger.ts';
import { type Naming, setKey } from '../../collections/listing.ts';
import { type BackupSet, idOf } from '../../collections/sets.ts';
import { fileBlocks } from '../../crypto/read-file.ts';
import { ManifestFile } from '../../pipeline/pack/manifest-file.ts';
import { hashFile } from '../../pipeline/remote.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Memory } from '../check/memory.ts';
import { codecFor, encodeFile } from './encode.ts';

/**
 * What stands before the name of a manifest while the one of that name is replaced: neither release of the reference takes
 * it for one, and whoever is killed meanwhile finds it.
 */
const SPARE = 'repaired.';

export function spareName(name: string): string {
  return `${SPARE}${name}`;
}

export function isSpare(name: string, naming: Naming): boolean {
  return name.startsWith(SPARE) && parseName(name.slice(SPARE.length), naming)?.kind === 'manifest';
}

interface Publishing {
  readonly set: BackupSet;
  /** As it is called on the remote. */
  readonly name: string;
  /** Not encoded. */
  readonly path: string;
  readonly memory: Memory;
}

/**
 * Puts a manifest in the place of another one. At each moment a right one is somewhere: first in the archive dir, then
 * beside the one on the remote, whose replacement may be cut off.
 */
export async function publishManifest(repository: Repository, { set, name, path, memory }: Publishing): Promise<void> {
  const { archiveDir, prefixes, remote, backend, call, now } = repository;
  const codec = await codecFor(repository, set, name);
  const encoded = codec.suffix === '' ? path : await encodeFile(repository, path, codec);
  const made = memory.made(set);
  const local = { kind: 'manifest', ...idOf(set), partial: false, encrypted: false, compressed: false } as const;
  await archiveDir.write(formatLocalName(local, prefixes), fileBlocks(path, { signal: call.signal }));
  await archiveDir.flush();
  if (made !== undefined) {
    appendLedger(archiveDir, [{ ...made, at: now, set: setKey(set), manifest: hashFile(path, 'SHA1') }]);
  }
  const isReplaced = set.manifests.includes(name) && !backend.traits.atomicPut;
  if (isReplaced) await remote.put(spareName(name), encoded);
  await remote.put(name, encoded);
  await remote.confirm();
  if (isReplaced) await backend.delete(spareName(name), call);
  if (encoded !== path) rmSync(encoded, { force: true });
}

/** The same manifest with other hashes of some volumes, as a file in `workDir`. */
export async function withRecords(
  repository: Repository,
  set: BackupSet,
  {
    manifest,
    records,
    workDir,
    source,
  }: {
    readonly manifest: Manifest;
    readonly records: ReadonlyMap<number, VolumeRecord>;
    readonly workDir: string;
    readonly source: 'local' | 'remote';
  },
): Promise<string> {
  const { archiveDir, call } = repository;
  const hasList = (manifest.fileList?.announced ?? 0) > 0;
  const file = new ManifestFile({
    archiveDir: archiveDir.path,
    path: join(workDir, 'rewritten'),
    listPath: hasList ? join(workDir, 'rewritten-list') : undefined,
    hostname: manifest.hostname,
    localDir: manifest.localDir,
  });
  try {
    for (const record of manifest.volumes) file.addVolume(records.get(record.number) ?? record);
    if (hasList) {
      const bytes =
        source === 'local'
          ? createReadStream(archiveDir.pathOf(set.localManifest ?? ''))
          : fetchDecoded(repository, set.manifest ?? '', { signal: call.signal });
      await readManifest(bytes, { onFile: (change, path) => file.addFile(change, path) });
    }
    file.finish();
    return file.path;
  } finally {
    file.close();
  }
}
