import { rmSync } from 'node:fs';
import type { EntryStream } from '../../archive/entry.ts';
import type { Manifest, VolumeRecord } from '../../archive/manifest/manifest.ts';
import { parseName } from '../../archive/names/names.ts';
import { appendLedger } from '../../cache/ledger.ts';
import { wayTo } from '../../collections/chains.ts';
import type { Collection } from '../../collections/collection.ts';
import { setKey } from '../../collections/listing.ts';
import { type BackupSet, idOf } from '../../collections/sets.ts';
import { hashFile } from '../../pipeline/remote.ts';
import { openSetSignatures } from '../../repository/metadata/open-signatures.ts';
import type { Repository } from '../../repository/repository.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { FoundSet, Survey } from '../check/find/survey.ts';
import type { Damage } from '../check/report.ts';
import { CannotMend, codecFor, encodeBlocks, encodeFile } from './encode.ts';
import { fetchOther, manifestThere, type OtherPlace, volumeThere } from './other-place.ts';
import { publishManifest, spareName, withRecords } from './publish.ts';
import { type KnownSet, remakeMetadata, type RemadeMetadata } from './remake-metadata.ts';
import { remakeVolume } from './remake-volume.ts';
import type { Means, Mended, Unmended } from './report.ts';

export interface MendOptions {
  readonly source: BytePath | undefined;
  readonly other: OtherPlace | undefined;
}

/** What came of the damage of one set. */
export interface Outcome {
  readonly mended: readonly Mended[];
  readonly unmended: readonly Unmended[];
}

/** Makes again what is damaged or missing of a set, and puts it into the store: volumes and signatures, then the manifest. */
export async function mendSet(
  repository: Repository,
  { survey, found, damage }: { readonly survey: Survey; readonly found: FoundSet; readonly damage: readonly Damage[] },
  { source, other }: MendOptions,
): Promise<Outcome> {
  const { archiveDir, remote, dryRun } = repository;
  const { set } = found;
  const mended: Mended[] = [];
  const unmended: Unmended[] = [];
  const of = (part: Damage['part'], place: Damage['place']): readonly Damage[] =>
    damage.filter((one) => one.part === part && one.place === place);
  const [manifests, volumes] = [of('manifest', 'remote'), of('volume', 'remote')];
  // What is wrong with signatures path by path can come of a wrong manifest or volume: the next look tells.
  const isByItself = (one: Damage): boolean => one.lost === undefined || manifests.length + volumes.length === 0;
  const signatures = of('signatures', 'remote').filter(isByItself);
  using workDir = archiveDir.makeTempDir();
  let rebuilt: RemadeMetadata | undefined;

  const done = ({ file, part, place }: Pick<Damage, 'file' | 'part' | 'place'>, by: Means): void =>
    void mended.push({ file, set: idOf(set), part, place, by });
  const failed = ({ file, part, place }: Damage, error: unknown): void => {
    if (!(error instanceof CannotMend)) throw error;
    unmended.push({ file, set: idOf(set), part, place, reason: error.message });
  };
  const put = async (name: string, path: string): Promise<void> => {
    if (dryRun) return;
    await remote.put(name, path);
    await remote.confirm();
    // Other bytes than those that were proven before.
    const proof = { what: 'proven', at: repository.now, sha1: hashFile(path, 'SHA1'), file: name } as const;
    appendLedger(archiveDir, [proof]);
  };
  const putEncoded = async (name: string, path: string): Promise<void> => {
    const codec = await codecFor(repository, set, name);
    if (codec.suffix === '') return put(name, path);
    const encoded = await encodeFile(repository, path, codec);
    await put(name, encoded);
    rmSync(encoded, { force: true });
  };
  const rebuild = async (manifest: Manifest | undefined): Promise<RemadeMetadata> =>
    (rebuilt ??= await remakeMetadata(repository, {
      way: [...wayBefore(survey, set), { set, manifest }],
      workDir: workDir.path,
      signatures: signatures.length > 0 ? undefined : signaturesOf(repository, found),
      like: found.manifest ?? survey.sets.findLast((one) => one.manifest?.hostname !== undefined)?.manifest,
    }));

  for (const one of damage.filter(({ part }) => part === 'set')) {
    failed(one, new CannotMend('nothing here tells what it held; bring it back with --from URL or "mirror"'));
  }
  const [local] = of('manifest', 'local');
  const differing = manifests.find(({ kind }) => kind === 'differs');
  if (differing !== undefined) {
    failed(differing, new CannotMend('which of the two is right cannot be told: put the copy by, and delete it'));
  }
  let { manifest } = found;
  const isMissing = manifests.some(({ kind }) => kind !== 'differs');
  const name = manifests[0]?.file ?? set.manifest ?? '';
  if (isMissing) {
    manifest = local === undefined ? copyHere() : undefined;
    await mendManifest();
    // What else is wrong shows by the right one.
    if (unmended.length === 0 && !dryRun) return { mended, unmended };
  } else if (
    volumes.some(({ kind }) => kind === 'changed') &&
    found.source === 'remote' &&
    set.localManifest === undefined
  ) {
    // Of a manifest that belongs to another set all volumes look wrong.
    if ((await isOtherRight()) || (await areVolumesRight())) return { mended, unmended };
  }
  const records = new Map<number, VolumeRecord>();
  for (const one of volumes) await mendVolume(one).catch((error: unknown) => failed(one, error));
  for (const one of signatures) await mendSignatures(one).catch((error: unknown) => failed(one, error));
  if (records.size > 0 && manifest !== undefined) {
    const given = { manifest, records, workDir: workDir.path, source: found.source ?? 'remote' };
    await publish(await withRecords(repository, set, given));
  }
  for (const one of [...of('manifest', 'local'), ...of('signatures', 'local')]) {
    if (!dryRun) archiveDir.remove(one.file);
    done(one, 'dropped');
  }
  return { mended, unmended };

  async function publish(path: string): Promise<void> {
    if (!dryRun) await publishManifest(repository, { set, name, path, memory: survey.memory });
  }

  /** The one in the archive dir. */
  function copyHere(): Manifest | undefined {
    if (set.localManifest === undefined) return undefined;
    return found.source === 'local' ? found.manifest : found.other;
  }

  async function mendManifest(): Promise<void> {
    const [one] = manifests;
    if (one === undefined) return;
    try {
      if (manifest !== undefined && set.localManifest !== undefined) {
        await putEncoded(name, archiveDir.pathOf(set.localManifest));
        return done(one, 'archiveDir');
      }
      for (const place of [other, { backend: repository.backend, remote }]) {
        const isHere = place !== other;
        const from = isHere ? spareName(name) : name;
        const there = place && (await manifestThere(repository, place, { name: from, set }));
        if (there === undefined) continue;
        await put(name, there.file.path);
        there.file.release();
        if (!dryRun && set.localManifest !== undefined) archiveDir.remove(set.localManifest);
        if (!dryRun && isHere) await repository.backend.delete(from, repository.call);
        ({ manifest } = there);
        return done(one, 'copy');
      }
      if (signatures.length > 0)
        throw new CannotMend('its signatures are not there either: nothing tells whether volumes are missing');
      await publish((await rebuild(undefined)).manifest);
      done(one, 'volumes');
    } catch (error) {
      failed(one, error);
    }
  }

  /** The next look tells which volumes are wrong by a manifest that knows more of them. */
  async function isOtherRight(): Promise<boolean> {
    const there = other && (await manifestThere(repository, other, { name, set }));
    if (there === undefined) return false;
    const hashes = (one: Manifest | undefined): string =>
      one?.volumes.map((record) => record.hashes.get('SHA1')).join() ?? '';
    const isBetter = there.fitting >= set.volumes.size - volumes.length && hashes(there.manifest) !== hashes(manifest);
    if (isBetter) {
      await put(name, there.file.path);
      done({ file: name, part: 'manifest', place: 'remote' }, 'copy');
    }
    there.file.release();
    return isBetter;
  }

  async function areVolumesRight(): Promise<boolean> {
    if (signatures.length > 0) return false;
    try {
      await publish((await rebuild(undefined)).manifest);
    } catch (error) {
      if (!(error instanceof CannotMend)) throw error;
      return false;
    }
    done({ file: name, part: 'manifest', place: 'remote' }, 'volumes');
    return true;
  }

  async function mendVolume(one: Damage): Promise<void> {
    if (manifest === undefined) throw new CannotMend('its manifest is not there, which tells what it held');
    const { prefixes, timeSeparator } = repository;
    const parsed = parseName(one.file, { prefixes, timeSeparator });
    const record = manifest.volumes.find(({ number }) => parsed?.kind === 'volume' && number === parsed.volume);
    if (record === undefined) throw new CannotMend('its manifest does not tell what it held');
    const sha1 = record.hashes.get('SHA1')?.toLowerCase();
    const there = other && (await volumeThere(other, one.file, sha1));
    if (there !== undefined) {
      await put(one.file, there.path);
      there.release();
      return done(one, 'copy');
    }
    if (source === undefined) throw new CannotMend('name the source, or another place with --from URL');
    const made = await remakeVolume(repository, found, {
      manifest,
      record,
      name: one.file,
      source,
      areSignaturesSound: signatures.length === 0,
    });
    await put(one.file, made.path);
    rmSync(made.path, { force: true });
    records.set(record.number, made.record);
    done(one, 'source');
  }

  async function mendSignatures(one: Damage): Promise<void> {
    const dropCopy = (): void => {
      if (!dryRun && found.localSignatures !== undefined) archiveDir.remove(found.localSignatures);
    };
    if (one.kind === 'differs') {
      dropCopy();
      return done(one, 'dropped');
    }
    const isCopyWrong = of('signatures', 'local').length > 0;
    const copyOfSignatures = isCopyWrong ? undefined : found.localSignatures;
    if (manifest !== undefined && volumes.length === 0) {
      try {
        const { signatures: path } = await rebuild(manifest);
        await putEncoded(one.file, path);
        dropCopy();
        return done(one, 'volumes');
      } catch (error) {
        if (!(error instanceof CannotMend) || (other === undefined && copyOfSignatures === undefined)) throw error;
      }
    }
    if (copyOfSignatures !== undefined) {
      const codec = await codecFor(repository, set, one.file);
      const path = archiveDir.pathOf(copyOfSignatures);
      const blocks = repository.keys.local(copyOfSignatures).open(path, { name: copyOfSignatures, ...repository.call });
      const encoded = await encodeBlocks(repository, blocks, codec);
      await put(one.file, encoded);
      rmSync(encoded, { force: true });
      return done(one, 'archiveDir');
    }
    const there = other && (await fetchOther(other, one.file));
    if (there === undefined) throw new CannotMend('volumes that tell it are not there');
    await put(one.file, there.path);
    there.release();
    dropCopy();
    done(one, 'copy');
  }
}

function signaturesOf(repository: Repository, { set, signatures, localSignatures }: FoundSet): EntryStream | undefined {
  const name = signatures[0] ?? localSignatures;
  if (name === undefined) return undefined;
  const { type, start, end } = set;
  const file = { type, start, end, name, names: [name], encrypted: false, isPartial: false };
  const place = signatures.length > 0 ? 'remote' : 'local';
  return openSetSignatures(repository, { place, file }, { isStrict: true });
}

/** The sets that a set builds on. */
function wayBefore({ collection, sets }: Survey, set: BackupSet): readonly KnownSet[] {
  if (set.type === 'full') return [];
  const known = new Map(sets.map((found) => [setKey(found.set), found]));
  const base = baseOf(collection, set);
  if (base === undefined) throw new CannotMend('the set that it builds on is not there');
  return base.map((one) => known.get(setKey(one)) ?? { set: one, manifest: undefined });
}

function baseOf({ chains, ahead }: Collection, { start }: BackupSet): readonly BackupSet[] | undefined {
  for (const chain of [...chains, ...ahead]) {
    const last = [...chain.sets, ...chain.beside].find(({ end }) => end === start);
    if (last !== undefined) return wayTo(chain, last);
  }
  return undefined;
}
