import { createReadStream } from 'node:fs';
import type { EntryStream } from '../../archive/entry.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import type { Collection } from '../../collections/collection.ts';
import { signaturesBySet } from '../../collections/lookup.ts';
import type { BackupSet, SetId } from '../../collections/sets.ts';
import { ChainError, IntegrityError } from '../../errors/errors.ts';
import { emptyStatistics } from '../../events/statistics.ts';
import { SetWriter } from '../../pipeline/pack/set-writer.ts';
import { ListCursor, listedChanges } from '../../pipeline/squash/list-cursor.ts';
import { squashEntries } from '../../pipeline/squash/squash-entries.ts';
import { squashSignatures } from '../../pipeline/squash/squash-signatures.ts';
import { decoderLimit } from '../../pipeline/unpack/decoder-limit.ts';
import { planSet, type SetPlan, volumeNames } from '../../pipeline/unpack/set-plan.ts';
import { openSets } from '../../pipeline/unpack/set-reader.ts';
import type { Writers } from '../../repository/keys.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import { openSetSignatures } from '../../repository/metadata/open-signatures.ts';
import { readSetManifest } from '../../repository/metadata/read-manifest.ts';
import type { Repository } from '../../repository/repository.ts';
import { ROOT, toScreen } from '../../util/bytepath.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { asctime } from '../../util/time.ts';
import type { SquashRules } from './squash.ts';

interface Writing {
  readonly collection: Collection;
  /** Oldest first. */
  readonly sets: readonly BackupSet[];
  readonly merged: SetId;
  readonly rules: SquashRules;
}

/** Writes the increment that does what the sets do one after the other. It becomes visible when it is complete. */
export async function writeMerged(repository: Repository, { collection, sets, merged, rules }: Writing): Promise<void> {
  const { emit, prefixes, call, spool, archiveDir, backend, remote, keys } = repository;
  const manifests: Manifest[] = [];
  for (const set of sets) manifests.push(await readSetManifest(repository, set));
  const plans = sets.map((set, i) =>
    planSet(set, manifests[i] ?? { volumes: [], records: 0 }, ROOT, { prefixes, ignoreErrors: false }),
  );
  const signatures = openAllSignatures(repository, collection, sets);
  const codecOf = await keys.reader(plans.flatMap(volumeNames));
  const codecs = await keys.writers();
  warnOfClearSet(repository, sets, codecs);
  const newest = manifests.at(-1);
  const { volumeSize, concurrency } = rules;
  const statistics = emptyStatistics(Date.now() / 1000);
  using workDir = archiveDir.makeTempDir();
  const writer = new SetWriter({
    ...merged,
    prefixes,
    codec: codecs.volume,
    manifestCodec: codecs.manifest,
    localCodec: codecs.local,
    remote,
    spool,
    archiveDir: archiveDir.path,
    workDir: workDir.path,
    // Those of the source, which need not be here.
    hostname: newest?.hostname?.includes('\n') === true ? undefined : newest?.hostname,
    localDir: newest?.localDir,
    volumeSize,
    listFiles: rules.listsFiles && manifests.some(({ fileList }) => fileList !== undefined && fileList.found > 0),
    kept: [],
    // A backup would take what this run leaves for the beginning of one of its own.
    journal: undefined,
    failOnVolume: undefined,
    concurrency,
    parallel: backend.traits.parallel,
    statistics,
    emit,
    signal: call.signal,
  });
  const pause = (): Promise<void> => othersTurn(call.signal);
  const opened = openVolumes(repository, plans, { codecOf, signer: rules.signer });
  const lists = sets.map((set) => new ListCursor(listOf(repository, set)));
  try {
    await squashSignatures(signatures, writer.signatures, pause);
    await squashEntries(
      opened.streams.map((entries, i) => ({ entries, list: lists[i] ?? new ListCursor(nothing()) })),
      {
        volumes: writer.volumes,
        statistics,
        pause,
        spool,
        onFile: (change, path) => writer.manifest.addFile(change, path),
      },
    );
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await Promise.allSettled([...signatures, ...opened.streams, ...lists].map((each) => each.close()));
    await opened.close();
  }
}

function openVolumes(
  { emit, remote, spool, prefixes, tries, call }: Repository,
  plans: readonly SetPlan[],
  reading: Pick<Parameters<typeof openSets>[1], 'codecOf' | 'signer'>,
): ReturnType<typeof openSets> {
  const total = plans.reduce((sum, { records }) => sum + records.length, 0);
  let read = 0;
  return openSets(plans, {
    ...reading,
    remote,
    spool,
    prefixes,
    tries,
    ignoreErrors: false,
    emit,
    signal: call.signal,
    // Whoever reads it leaves it out: it would be gone for good.
    onWarning: (warning) => {
      if (warning.kind === 'unreadable') throw warning.error;
      const text = `${warning.file}: ${toScreen(warning.path)} does not stand in order.`;
      throw new IntegrityError('DAMAGED', text, { hint: 'Nothing was changed. Leave this set as it is.' });
    },
    onSkipped: () => undefined,
    onVolume: () => emit({ kind: 'progress', current: ++read, total }),
  });
}

function openAllSignatures(
  repository: Repository,
  collection: Collection,
  sets: readonly BackupSet[],
): readonly EntryStream[] {
  const bounded = decoderLimit(repository.spool);
  const signaturesOf = signaturesBySet(collection);
  const found = sets.map((set) => {
    const signatures = signaturesOf(set);
    if (signatures !== undefined) return signatures;
    throw new ChainError('INC_WITHOUT_SIGS', `The signatures of the backup of ${asctime(set.end)} are not there.`, {
      hint: 'Without them no later backup could build on the new set. Choose times that leave it out.',
    });
  });
  return found.map((signatures) => openSetSignatures(repository, signatures, { bounded, isStrict: true }));
}

/** Its list of changed files. */
async function* listOf(repository: Repository, set: BackupSet): ReturnType<typeof listedChanges> {
  const { localManifest, manifest } = set;
  const name = localManifest ?? manifest ?? '';
  const bytes =
    localManifest === undefined
      ? fetchDecoded(repository, name, { signal: repository.call.signal })
      : createReadStream(repository.archiveDir.pathOf(localManifest));
  yield* listedChanges(bytes, name);
}

async function* nothing(): ReturnType<typeof listedChanges> {
  // No lines.
}

function warnOfClearSet({ emit }: Repository, sets: readonly BackupSet[], { volume }: Writers): void {
  const secret = sets.find(({ encrypted }) => encrypted);
  if (secret === undefined || volume.suffix === '.gpg') return;
  const text = `The new set is not encrypted, though the one of ${asctime(secret.end)}, which it holds, is.`;
  emit({ kind: 'warning', text });
}
