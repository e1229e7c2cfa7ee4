import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { memoryBackend } from '../../testing/memory-backend.ts';
import { ROOT } from '../../util/bytepath.ts';
import { openRemote } from '../remote.ts';
import { openSpool } from '../spool.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type FetchedVolume, fetchVolume } from './fetch-volume.ts';

const { signal } = new AbortController();
const NAME = 'duplicity-full.20231114T221320Z.vol1.difftar.gpg';
const BYTES = Buffer.from('encrypted');

/** The volume of a set with these manifests, whose record has the right hash or none. */
async function fetched(manifests: readonly string[], hashes: ReadonlyMap<string, string>): Promise<FetchedVolume> {
  const backend = memoryBackend();
  backend.files.set(NAME, BYTES);
  const remote = openRemote({ backend, spool: openSpool([tempDir()]), call: { signal }, tries: 1 });
  const set: Partial<BackupSet> = { volumes: new Map([[1, [NAME]]]), manifests };
  const record = { number: 1, start: { path: ROOT }, end: { path: ROOT }, hashes };
  return await fetchVolume(set as BackupSet, record, { remote, prefixes: NO_PREFIXES, tries: 1, signal });
}

const RIGHT = new Map([['SHA1', createHash('sha1').update(BYTES).digest('hex')]]);

test('a volume whose hash is that of an encrypted manifest is proven', async () => {
  expect(await fetched(['m.manifest.gpg'], RIGHT)).toMatchObject({
    isChecked: true,
    isAuthentic: true,
    stamp: { size: BYTES.length },
  });
});

test.each([
  ['of a manifest that anyone can have written', ['m.manifest'], RIGHT],
  ['of several, of which anyone can have written one', ['m.manifest.gpg', 'm.manifest'], RIGHT],
  ['of a copy in the archive dir alone', [], RIGHT],
  ['of none', ['m.manifest.gpg'], new Map<string, string>()],
])('a volume whose hash is that %s is not proven by that', async (_, manifests, hashes) => {
  expect(await fetched(manifests, hashes)).toMatchObject({ isAuthentic: false });
});
