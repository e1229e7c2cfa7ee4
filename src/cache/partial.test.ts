import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildCollection } from '../collections/collection.ts';
import { type ArchiveDir, openArchiveDir } from './archive-dir.ts';
import { dropStaleParts, partialFiles, readPartialManifest, removePartial } from './partial.ts';

const MANIFEST = 'duplicity-full.20231114T221320Z.manifest.part';
const SIGNATURES = 'duplicity-full-signatures.20231114T221320Z.sigtar.part';
const VOLUME = 'duplicity-full.20231114T221320Z.vol1.difftar.gz';

let root: string;
let archiveDir: ArchiveDir;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'partial-test-'));
  archiveDir = openArchiveDir(root, 'n');
  writeFileSync(archiveDir.pathOf(MANIFEST), 'Hostname h\n');
  writeFileSync(archiveDir.pathOf(SIGNATURES), '');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('an interrupted run can be read and given up', () => {
  const { partial } = buildCollection({ remote: [VOLUME], local: archiveDir.list() });
  const files = partial && partialFiles(partial);
  expect(files).toEqual({ manifest: MANIFEST, signatures: SIGNATURES });
  if (files === undefined) return;
  expect(readPartialManifest(archiveDir, files).toString()).toBe('Hostname h\n');
  removePartial(archiveDir, files);
  expect(archiveDir.list()).toEqual([]);
});

test('a finished set has no unfinished files', () => {
  const [chain] = buildCollection({ remote: [VOLUME, 'duplicity-full.20231114T221320Z.manifest'], local: [] }).chains;
  expect(chain && partialFiles(chain.full)).toBeUndefined();
});

test('a run that died after its manifest was uploaded is finished: the remote manifest wins', () => {
  const remote = [
    VOLUME,
    'duplicity-full.20231114T221320Z.manifest',
    'duplicity-full-signatures.20231114T221320Z.sigtar.gz',
  ];
  const collection = buildCollection({ remote, local: archiveDir.list() });
  expect(collection.partial).toBeUndefined();
  dropStaleParts(archiveDir, collection.staleParts);
  expect(archiveDir.list()).toEqual([]);
  expect(buildCollection({ remote, local: archiveDir.list() }).active).toBeDefined();
});
