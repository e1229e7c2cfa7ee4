import { createHash } from 'node:crypto';
import { mirror, type MirrorOptions, type MirrorResult } from '../../src/actions/mirror/mirror.ts';
import { squash } from '../../src/actions/squash/squash.ts';
import type { Prefixes } from '../../src/archive/names/names.ts';
import { NO_PREFIXES } from '../../src/archive/names/names.ts';
import type { Backend } from '../../src/backends/backend.ts';
import type { Event } from '../../src/events/events.ts';
import { openRemote } from '../../src/pipeline/remote.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { readListing } from '../../src/collections/listing.ts';
import { act, backUp, machine } from '../support/in-process.ts';
import { noise, put } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const KIB = 1024;

/** A full, an increment that changes its file in all volumes, a second full or increment; each of several volumes. */
export async function threeSets(last: 'full' | 'incremental' = 'full'): Promise<MemoryBackend> {
  const on = machine();
  const place = memoryBackend();
  const large = [noise(25 * KIB), noise(19 * KIB, 7), noise(27 * KIB, 3)];
  for (const k of [0, 1, 2]) {
    put(on.source, { large: large[k] ?? '', [`file-${k}`]: String(k) }, timeOfSet(k - 1));
    await backUp(on, place, k, { volsize: 8 * KIB, ...(k === 2 && last === 'full' && { fullIfOlderThan: 2 ** 33 }) });
  }
  return place;
}

/** The same files at a place of their own. */
export function copyOf(place: MemoryBackend): MemoryBackend {
  const copy = memoryBackend();
  for (const [name, content] of place.files) copy.files.set(name, content);
  return copy;
}

/** What lies at a place, by name. */
export function contents({ files }: MemoryBackend): Readonly<Record<string, string>> {
  return Object.fromEntries([...files].map(([name, bytes]) => [name, digest(bytes)]));
}

/** Buffers themselves take long to compare. */
export function digest(bytes: Buffer | undefined): string {
  return bytes === undefined ? 'nothing' : `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`;
}

/** The names of set `k`. */
export function namesOf(place: MemoryBackend, k: number): readonly string[] {
  return readListing(place.files.keys())
    .filter(({ end }) => end === timeOfSet(k))
    .map(({ name }) => name);
}

/** Makes one increment of two. */
export async function squashed(place: MemoryBackend): Promise<void> {
  const times = { from: timeOfSet(0), to: timeOfSet(2) };
  await act(machine(), place, 9, {}, async (session) => {
    const rules = { volumeSize: 8 * KIB, concurrency: undefined, listsFiles: true, signer: undefined };
    await squash(session, { ...times, ...rules, force: true });
    return 0;
  });
}

export interface Mirrored extends MirrorResult {
  readonly said: readonly Event[];
}

interface Asked extends Partial<Pick<MirrorOptions, 'deletes' | 'force' | 'before' | 'concurrency' | 'archivePath'>> {
  readonly dryRun?: boolean;
  readonly prefixes?: Partial<Prefixes>;
  readonly url?: string;
}

/** Mirrors one back end to another as the action does. */
export async function mirrored(from: Backend, to: Backend, asked: Asked = {}): Promise<Mirrored> {
  const { dryRun = false, prefixes = {}, url = 'memory://there', ...options } = asked;
  const results: MirrorResult[] = [];
  const said = await act(machine(), to, 9, { dryRun }, async (session) => {
    const { spool, call, tries } = session;
    const origin = {
      backend: from,
      remote: openRemote({ backend: from, spool, call, tries: 1 }),
      url: 'memory://here',
    };
    const repository = {
      ...session,
      tries: Math.min(tries, 2),
      url,
      makesPlace: !dryRun,
      prefixes: { ...NO_PREFIXES, ...prefixes },
    };
    results.push(await mirror(repository, { origin, deletes: false, force: false, ...options }));
    return 0;
  });
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return { ...result, said };
}
