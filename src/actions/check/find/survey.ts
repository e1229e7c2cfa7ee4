import type { Manifest } from '../../../archive/manifest/manifest.ts';
import { allSets, type Collection } from '../../../collections/collection.ts';
import { appendLedger } from '../../../cache/ledger.ts';
import { setKey } from '../../../collections/listing.ts';
import { setsFor } from '../../../collections/lookup.ts';
import { type BackupSet, idOf, type SetId } from '../../../collections/sets.ts';
import { emitWarnings, loadCollection } from '../../../repository/load-collection.ts';
import { lockArchive } from '../../../repository/lock.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { EpochSeconds } from '../../../util/time.ts';
import { type Memory, type ProvenRecord, recall } from '../memory.ts';
import { damageWith } from '../remedies.ts';
import type { Damage, Unproven } from '../report.ts';
import { type Judged, judgeManifests } from './judge-manifests.ts';
import { lackingFiles, nameOfMetadata } from './names.ts';
import { type ReadManifest, readManifests } from './read-manifests.ts';
import { vanishedSets } from './vanished.ts';

/** A finished set and what is known of it. */
export interface FoundSet {
  readonly set: BackupSet;
  readonly manifest: Manifest | undefined;
  /** Where that was read from. */
  readonly source: Judged['source'];
  /** Whether the key opens the encrypted manifest on the remote; undefined: it was not tried. */
  readonly lock: 'opened' | 'refused' | undefined;
  /** Of the place that was not believed, where the two differ. */
  readonly other: Manifest | undefined;
  /** Remote names; the first counts. */
  readonly signatures: readonly string[];
  /** The copy in the archive dir. */
  readonly localSignatures: string | undefined;
}

export interface Survey {
  readonly collection: Collection;
  readonly sets: readonly FoundSet[];
  readonly damage: readonly Damage[];
  readonly unproven: readonly Unproven[];
  readonly unfinished: readonly SetId[];
  readonly memory: Memory;
  /** Manifests on the remote that are right. */
  readonly proven: readonly ProvenRecord[];
}

interface SurveyOptions {
  /** Only the sets that the state of this time is restored from. */
  readonly time?: EpochSeconds | undefined;
  /** Passphrases may be asked for. */
  readonly mayAsk: boolean;
  /** Sets that have vanished are taken for removed, and not asked for any more. */
  readonly forgetsMissing: boolean;
}

/**
 * What names, sizes and manifests tell of a place. The lock is held only here: a backup is not kept waiting while volumes
 * are read.
 */
export async function survey(repository: Repository, { time, mayAsk, forgetsMissing }: SurveyOptions): Promise<Survey> {
  const { archiveDir, keys, prefixes, remote, now } = repository;
  using lock = await lockArchive(repository);
  void lock;
  const collection = await loadCollection(repository);
  emitWarnings(repository, collection);
  const memory = recall(repository);
  const sets = time === undefined ? allSets(collection) : setsFor(collection, time);
  if (mayAsk) await keys.reader(sets.flatMap(({ manifests }) => manifests));
  const signatures = signatureNames(collection);
  const found: FoundSet[] = [];
  const damage: Damage[] = [];
  const unproven: Unproven[] = [];
  const unfinished: SetId[] = [];
  const proven: ProvenRecord[] = [];
  const bases = new Set(sets.filter(({ type }) => type === 'inc').map(({ start }) => start));
  for (const set of sets) {
    const wasFinished = set.localManifest !== undefined || memory.history.isAlive(set) || bases.has(set.end);
    if (set.isPartial || (!set.isComplete && !wasFinished)) {
      unfinished.push(idOf(set));
      continue;
    }
    const read = await readManifests(repository, set, { mayAsk, proven: (name) => memory.proven(name) });
    const file = set.manifest ?? '';
    const judged = judgeManifests(set, read, { made: memory.made(set)?.manifest, proven: memory.proven(file) });
    const { manifest, source, other, sound } = judged;
    if (sound !== undefined) proven.push({ what: 'proven', at: now, sha1: sound, file });
    const hasCopy = read.local?.kind === 'read';
    damage.push(...judged.damage);
    for (const one of judged.unproven) unproven.push(one);
    if (set.manifest === undefined && !set.unusable.some(({ kind }) => kind === 'manifest')) {
      damage.push(missing(set, 'manifest', hasCopy));
    }
    for (const one of lackingFiles(set, { manifest, prefixes, sizeOf: remote.listedSizeOf })) damage.push(one);
    const { there, here } = signatures(set);
    const [localSignatures] = here;
    if (there.length === 0 && !set.unusable.some(({ kind }) => kind === 'signatures')) {
      damage.push(missing(set, 'signatures', localSignatures !== undefined));
    }
    found.push({ set, manifest, source, lock: lockOf(read.remote), other, signatures: there, localSignatures });
  }
  for (const one of baseless(collection, sets)) damage.push(one);
  const vanished = time === undefined ? vanishedSets(repository, collection, memory) : [];
  if (!forgetsMissing) for (const one of vanished) damage.push(one);
  else if (!repository.dryRun) {
    appendLedger(
      archiveDir,
      vanished.map(({ set }) => ({ what: 'forgotten', at: now, set: setKey(set) })),
    );
  }
  return { collection, sets: found, damage, unproven, unfinished, memory, proven };

  function missing(set: BackupSet, part: 'manifest' | 'signatures', hasCopy: boolean): Damage {
    const file = nameOfMetadata(part, set, prefixes);
    const reason = 'It is not there.';
    return damageWith(
      { kind: 'missing', part, place: 'remote', file, set: idOf(set), reason, lost: undefined },
      hasCopy,
    );
  }
}

function lockOf(read: ReadManifest | undefined): FoundSet['lock'] {
  if (read?.kind === 'locked') return read.isRefused ? 'refused' : undefined;
  return read?.kind === 'read' && /\.(?:gpg|g)$/.test(read.name) ? 'opened' : undefined;
}

/** Increments of which nothing is there that they could build on. */
function baseless({ orphaned }: Collection, sets: readonly BackupSet[]): readonly Damage[] {
  const ends = new Set(sets.map(({ end }) => end));
  return orphaned
    .filter((set) => sets.includes(set) && !set.isPartial && !ends.has(set.start))
    .map((set) =>
      damageWith({
        kind: 'missing',
        part: 'set',
        place: 'remote',
        file: set.manifest ?? '',
        set: idOf(set),
        reason: 'The set that it builds on is not there.',
        lost: undefined,
      }),
    );
}

/** Finds the signatures of a set by names: on the remote, in the archive dir. */
export function signatureNames({
  remote,
  local,
  unusable,
}: Collection): (set: SetId) => { readonly there: readonly string[]; readonly here: readonly string[] } {
  const bad = new Set(unusable.map(({ name }) => name));
  const group = (files: Collection['remote']): ReadonlyMap<string, readonly string[]> => {
    const bySet = new Map<string, string[]>();
    for (const file of files) {
      if (file.kind !== 'signatures' || file.partial || bad.has(file.name)) continue;
      const known = bySet.get(setKey(file));
      if (known === undefined) bySet.set(setKey(file), [file.name]);
      else known.push(file.name);
    }
    return bySet;
  };
  const [there, here] = [group(remote), group(local)];
  return (set) => ({ there: there.get(setKey(set)) ?? [], here: here.get(setKey(set)) ?? [] });
}
