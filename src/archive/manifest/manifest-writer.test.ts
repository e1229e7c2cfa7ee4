import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytePath, ROOT } from '../../util/bytepath.ts';
import { type FileChange } from './manifest.ts';
import { readManifest } from './manifest-reader.ts';
import { formatFilelistHead, formatFilelistLine, formatManifestHead, formatVolumeRecord } from './manifest-writer.ts';

test('a manifest has the lines the reference writes', () => {
  const sha1 = (hash: string): Map<string, string> => new Map([['SHA1', hash]]);
  const text =
    formatManifestHead('golden.example.org', bytePath('a dir')) +
    formatVolumeRecord({
      number: 1,
      start: { path: ROOT },
      end: { path: bytePath('b.bin'), block: 15 },
      hashes: sha1('aa'),
    }) +
    formatFilelistHead(3) +
    formatFilelistLine('new', bytePath('a.txt')) +
    formatFilelistLine('changed', bytePath('new\nline')) +
    formatFilelistLine('deleted', ROOT);
  expect(text).toBe(`Hostname golden.example.org
Localdir "a\\x20dir"
Volume 1:
    StartingPath   .  
    EndingPath     b.bin 15
    Hash SHA1 aa
Filelist 3
    new      a.txt
    changed  "new\\x0aline"
    deleted  .
`);
});

test.each([
  'plain/duplicity-full.20231114T221320Z.manifest',
  'plain/duplicity-inc.20231115T221320Z.to.20231116T221320Z.manifest',
  'gz/duplicity-full.20231114T221320Z.manifest',
])('%s of the reference comes out byte for byte', async (name) => {
  const bytes = readFileSync(new URL(`../../../test/golden/data/${name}`, import.meta.url));
  const files: [FileChange, ReturnType<typeof bytePath>][] = [];
  async function* source(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const manifest = await readManifest(source(), { onFile: (change, path) => files.push([change, path]) });
  const text = [
    formatManifestHead(manifest.hostname ?? '', manifest.localDir ?? ROOT),
    ...manifest.volumes.map((volume) => formatVolumeRecord(volume)),
    formatFilelistHead(files.length),
    ...files.map(([change, path]) => formatFilelistLine(change, path)),
  ].join('');
  expect(Buffer.from(text, 'latin1').equals(bytes)).toBe(true);
});
