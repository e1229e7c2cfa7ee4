import { closeSync, openSync } from 'node:fs';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import {
  formatFilelistHead,
  formatFilelistLine,
  formatManifestHead,
  formatVolumeRecord,
} from '../../archive/manifest/manifest-writer.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { onTempFile, writeAll } from '../../pipeline/local-file.ts';

const BUFFER = 64 * 1024;

interface ReplicatedManifestOptions {
  /** The original, as it was read. */
  readonly manifest: Manifest;
  /** SHA-1 of the new volumes by number. */
  readonly hashes: ReadonlyMap<number, string>;
  /** The bytes of the original once more, for the list of changed files, which can be larger than memory. */
  readonly reread: () => AsyncIterable<Buffer>;
}

/** Writes the manifest of a copied set to the new file `path`: what the original says, with the hashes of the copies. */
export async function writeReplicatedManifest(
  path: string,
  { manifest, hashes, reread }: ReplicatedManifestOptions,
): Promise<void> {
  const { hostname, localDir, volumes, fileList } = manifest;
  const fd = onTempFile('create', path, () => openSync(path, 'wx', 0o600));
  let text = '';
  const flush = (): void => {
    onTempFile('write', path, () => writeAll(fd, Buffer.from(text, 'latin1')));
    text = '';
  };
  const add = (more: string): void => {
    text += more;
    if (text.length >= BUFFER) flush();
  };
  try {
    // One that holds a line feed would be read as two lines.
    add(formatManifestHead(hostname?.includes('\n') === true ? undefined : hostname, localDir));
    for (const record of volumes) {
      const hash = hashes.get(record.number);
      add(formatVolumeRecord({ ...record, hashes: new Map(hash === undefined ? [] : [['SHA1', hash]]) }));
    }
    if (fileList !== undefined) {
      add(formatFilelistHead(fileList.announced));
      await readManifest(reread(), { onFile: (change, file) => add(formatFilelistLine(change, file)) });
    }
    flush();
  } finally {
    closeSync(fd);
  }
}
