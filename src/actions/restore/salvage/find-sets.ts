import type { Manifest } from '../../../archive/manifest/manifest.ts';
import { buildCollection, type Collection } from '../../../collections/collection.ts';
import { setKey } from '../../../collections/listing.ts';
import { setsFor } from '../../../collections/lookup.ts';
import { type BackupSet, idOf, type SetId } from '../../../collections/sets.ts';
import { BackendError, ChainError, CryptoError } from '../../../errors/errors.ts';
import { announceState, loadCollection, wantedTime } from '../../../repository/load-collection.ts';
import type { Repository } from '../../../repository/repository.ts';
import { asctime, type EpochSeconds } from '../../../util/time.ts';
import { judgeManifests } from '../../check/find/judge-manifests.ts';
import { nameOfLostSet, nameOfMetadata } from '../../check/find/names.ts';
import { type Manifests, readManifests } from '../../check/find/read-manifests.ts';
import { type Memory, recall } from '../../check/memory.ts';
import { signatureNames } from '../../check/find/survey.ts';
import type { Harm } from './report.ts';

/** A set and what is known of what it holds. */
export interface LeftSet {
  readonly set: BackupSet;
  /** undefined: none can be read. */
  readonly manifest: Manifest | undefined;
  readonly signatures: { readonly place: 'local' | 'remote'; readonly name: string } | undefined;
}

export interface LeftSets {
  readonly sets: readonly LeftSet[];
  /** Of the newest. */
  readonly time: EpochSeconds;
  readonly harm: readonly Harm[];
}

/** The sets that a time would be restored from, with what is left of their metadata. */
export async function findLeftSets(repository: Repository, time: EpochSeconds | undefined): Promise<LeftSets> {
  const { keys } = repository;
  const collection = asIfWhole(repository, await loadCollection(repository));
  const sets = setsFor(collection, wantedTime(repository, time));
  const newest = sets.at(-1);
  if (newest === undefined) {
    throw new ChainError('EXCEPTION', 'No backup chains found', {
      exception: 'CollectionsError',
      hint: 'Check the URL and the --file-prefix options: nothing there is what is left of a backup.',
    });
  }
  announceState(repository, collection, newest.end);
  await keys.reader(collection.remote.map(({ name }) => name));
  const memory = recall(repository);
  const signatures = signatureNames(collection);
  const harm: Harm[] = [];
  const left: LeftSet[] = [];
  let refused = 0;
  for (const set of sets) {
    const there = new Set(collection.remote.map(({ name }) => name));
    const isThere = set.manifests.some((name) => there.has(name));
    const asked = isThere ? set : { ...set, manifest: undefined, manifests: [] };
    const read = await readLeft(repository, asked, memory);
    if (read.remote?.kind === 'locked' && read.local === undefined) refused++;
    const judged = judgeManifests(set, read, { made: memory.made(set)?.manifest, proven: undefined });
    for (const { file, reason } of judged.damage) harm.push({ file, set: idOf(set), reason });
    const { there: remote, here } = signatures(set);
    const [name = remote[0]] = here;
    const place = here.length > 0 ? 'local' : 'remote';
    if (!isThere) harm.push(missing(repository, 'manifest', set));
    if (name === undefined) harm.push(missing(repository, 'signatures', set));
    left.push({ set, manifest: judged.manifest, signatures: name === undefined ? undefined : { place, name } });
  }
  if (refused === sets.length) {
    throw new CryptoError('GPG_FAILED', 'The key at hand opens no manifest of the backup.', {
      exception: 'GPGError',
      hint: 'Check the passphrase, and that the secret key is here.',
    });
  }
  return { sets: left, time: newest.end, harm };
}

/** One that is listed and cannot be fetched is missing. */
async function readLeft(repository: Repository, set: BackupSet, memory: Memory): Promise<Manifests> {
  const options = { mayAsk: true, proven: (name: string) => memory.proven(name) };
  try {
    return await readManifests(repository, set, options);
  } catch (error) {
    if (!(error instanceof BackendError) || error.code !== 'BACKEND_NOT_FOUND') throw error;
    return readManifests(repository, { ...set, manifest: undefined, manifests: [] }, options);
  }
}

/**
 * The collection with sets in it that have lost their manifest. One that was never finished has no signatures either: these
 * come behind the last volume. Where a whole set is gone that others build on, one without files stands in for it.
 */
function asIfWhole(repository: Repository, collection: Collection): Collection {
  const { archiveDir, prefixes, timeSeparator, now, remote } = repository;
  const naming = { prefixes, timeSeparator };
  const names = collection.remote.map(({ name }) => name);
  const local = archiveDir.list();
  const unusable = new Set(remote.unusable);
  const build = (): Collection => buildCollection({ remote: names, local, naming, unusable, now });
  const signed = new Set([...collection.remote, ...collection.local].filter(isFinishedSignature).map(setKey));
  const add = (name: string): void => {
    unusable.delete(name);
    if (!names.includes(name)) names.push(name);
  };
  for (const set of collection.incomplete) {
    if (set.isPartial || !signed.has(setKey(set))) continue;
    add(nameOfMetadata('manifest', set, prefixes));
  }
  let found = build();
  for (let orphans = found.orphaned.length; orphans > 0;) {
    const [first] = found.orphaned;
    if (first === undefined) break;
    add(nameOfLostSet(bridgeTo(found, first.start), prefixes));
    found = build();
    if (found.orphaned.length >= orphans) break;
    orphans = found.orphaned.length;
  }
  return found;
}

function isFinishedSignature(file: Collection['remote'][number]): boolean {
  return file.kind === 'signatures' && !file.partial;
}

/** What must have been there for an increment to build on. */
function bridgeTo({ chains }: Collection, end: EpochSeconds): SetId {
  const before = chains.flatMap(({ sets }) => sets).filter((set) => set.end < end);
  const last = before.toSorted((a, b) => a.end - b.end).at(-1);
  return last === undefined ? { type: 'full', start: end, end } : { type: 'inc', start: last.end, end };
}

function missing({ prefixes }: Repository, part: 'manifest' | 'signatures', set: BackupSet): Harm {
  const reason = `The ${part === 'manifest' ? 'manifest' : 'signatures'} of ${asctime(set.end)} cannot be found.`;
  return { file: nameOfMetadata(part, set, prefixes), set: idOf(set), reason };
}
