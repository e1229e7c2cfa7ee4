import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import type { Backend } from '../../backends/backend.ts';
import { openArchiveDir, type ArchiveDir } from '../../cache/archive-dir.ts';
import { buildCollection } from '../../collections/collection.ts';
import { openRemote, type Remote } from '../../pipeline/remote.ts';
import { openSpool } from '../../pipeline/spool.ts';
import { type MemoryBackend, memoryBackend } from '../../testing/memory-backend.ts';
import { claimNames } from './claim-names.ts';

const SET = { type: 'full', start: 1_700_000_000, end: 1_700_000_000 } as const;
const VOLUME = 'duplicity-full.20231114T221320Z.vol1.difftar.gz';
const SECOND = 'duplicity-full.20231114T221320Z.vol2.difftar.gz';
const PARTS = [
  'duplicity-full.20231114T221320Z.manifest.part',
  'duplicity-full-signatures.20231114T221320Z.sigtar.part',
];

let memory: MemoryBackend;
let archiveDir: ArchiveDir;
let file: string;

beforeEach(() => {
  const dir = mkdtempSync(`${tmpdir()}/claim-`);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  archiveDir = openArchiveDir(dir, 'a');
  for (const name of PARTS) writeFileSync(archiveDir.pathOf(name), '');
  file = `${dir}/file`;
  writeFileSync(file, 'mine');
  memory = memoryBackend();
});

/** The remote of a run that has listed these names. */
function claimed(listed: readonly string[], backend: Backend = memory): Remote {
  const spool = openSpool([tmpdir()]);
  onTestFinished(() => spool[Symbol.dispose]());
  const call = { signal: new AbortController().signal };
  const remote = openRemote({ backend, spool, call, tries: 1 });
  const session = { remote, backend, call, archiveDir, prefixes: NO_PREFIXES };
  return claimNames(session, buildCollection({ remote: listed, local: [] }), SET);
}

test.each(['asked for', 'listed'])('a first file that has appeared, %s, is the one of another run', async (how) => {
  memory.files.set(VOLUME, Buffer.from('theirs'));
  const lister: Backend = { ...memory };
  delete lister.stat;
  const remote = claimed([], how === 'listed' ? lister : memory);
  const both = await Promise.allSettled([remote.put(VOLUME, file), remote.put(SECOND, file)]);
  for (const outcome of both) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'USER_ERROR' } });
  }
  expect([...memory.files.entries()]).toEqual([[VOLUME, Buffer.from('theirs')]]);
  // Else the next run here would take the set for its own, and delete it.
  expect(archiveDir.list()).toEqual([]);
});

test('a first file that is copied is claimed like one that is sent', async () => {
  memory.files.set(VOLUME, Buffer.from('theirs')).set('older', Buffer.from('mine'));
  const refusal = { code: 'USER_ERROR' };
  await expect(claimed(['older']).copy('older', VOLUME, { size: 4 })).rejects.toMatchObject(refusal);
  expect(memory.files.get(VOLUME)?.toString()).toBe('theirs');
  await claimed(['older']).copy('older', SECOND, { size: 4 });
  expect(memory.files.get(SECOND)?.toString()).toBe('mine');
});

test('one that was there before is replaced, as are all others later', async () => {
  memory.files.set(VOLUME, Buffer.from('left'));
  const remote = claimed([VOLUME]);
  await remote.put(VOLUME, file);
  memory.files.set(SECOND, Buffer.from('left'));
  await remote.put(SECOND, file);
  expect([...memory.files.values()].map(String)).toEqual(['mine', 'mine']);
  expect(archiveDir.list()).toHaveLength(2);
});
