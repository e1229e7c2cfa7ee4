import { lstatSync, statSync } from 'node:fs';
import type { Manifest, VolumeRecord } from '../../../archive/manifest/manifest.ts';
import { type Journal, readJournal } from '../../../cache/journal.ts';
import type { ActiveChain, Collection } from '../../../collections/collection.ts';
import { type BackupSet, unusableNames, volumeNames } from '../../../collections/sets.ts';
import { fetchVolume } from '../../../pipeline/unpack/fetch-volume.ts';
import type { ResumePoint, SplitFile } from '../../../pipeline/pack/resume-point.ts';
import { IntegrityError } from '../../../errors/errors.ts';
import type { KeptVolume } from '../../../pipeline/pack/set-writer.ts';
import { identityOf, isSameFile } from '../../../source/file-identity.ts';
import { errorCode } from '../../../util/errno.ts';
import { type BytePath, joinPath, toFs } from '../../../util/bytepath.ts';
import { programVersion } from '../../../util/program-version.ts';
import {
  areEntriesIntact,
  findEntries,
  readUnfinished,
  unfinishedSignatures,
} from '../../../repository/metadata/read-partial.ts';
import type { Repository } from '../../../repository/repository.ts';

/** How an unfinished set goes on. */
export interface Resumption {
  readonly set: BackupSet;
  /** What an increment is based on. */
  readonly base: ActiveChain | undefined;
  readonly kept: readonly [KeptVolume, ...KeptVolume[]];
  readonly point: ResumePoint;
  /** Local file with the entries of the kept volumes. */
  readonly signatures: string;
  /** Volumes the interrupted run has begun; the last of them may not have arrived. */
  readonly begun: number;
  /** Remote volumes behind the kept ones. */
  readonly surplus: readonly string[];
}

interface Given {
  readonly collection: Collection;
  readonly set: BackupSet;
  readonly manifest: Manifest;
  readonly base: ActiveChain | undefined;
  readonly root: BytePath;
  readonly copyLinks: boolean;
  /** false: go on behind a whole file only. */
  readonly mayGoOnInFile: boolean;
}

/** What deltas are made against, for the journal. */
export function baseOf(active: ActiveChain | undefined): readonly string[] {
  return active?.signatures.files.map(({ start, end }) => `${start} ${end}`) ?? [];
}

/**
 * Finds the last place up to which everything is certain: the volumes are there, the signatures of all they hold are
 * there, and if they end in the middle of a file, that has not changed since. undefined: there is no such place.
 */
export async function planResume(repository: Repository, given: Given): Promise<Resumption | undefined> {
  const { collection, set, manifest, base } = given;
  const signatures = unfinishedSignatures(collection, set);
  if (signatures === undefined || set.partialManifest === undefined) return undefined;
  const journal = readJournal(repository.archiveDir, set.partialManifest);
  const volumes = await keptVolumes(repository, given, journal);
  const ends = volumes.flatMap(({ record: { end } }) => (end.block === undefined ? [end.path] : []));
  const found = await findEntries(repository, signatures, ends);
  for (let count = volumes.length; count > 0; count--) {
    const [first, ...others] = volumes.slice(0, count);
    const last = volumes[count - 1];
    if (first === undefined || last === undefined) break;
    const point = pointAfter(last);
    if (point === undefined) continue;
    const { path, split } = point;
    if (split === undefined ? !found.has(path) : !canGoOnIn(given, { split, journal })) continue;
    if (last.line !== undefined && !(await areEntriesIntact(repository, signatures, last.line))) continue;
    const behind = [...set.volumes].flatMap(([number, names]) => (number > count ? names : []));
    const surplus = [...behind, ...unusableNames(set)];
    return { set, base, kept: [first, ...others], point, signatures, begun: manifest.volumes.length, surplus };
  }
  return undefined;
}

/** The first volumes of the set that are whole on the remote. */
async function keptVolumes(
  repository: Repository,
  { set, manifest }: Given,
  journal: Journal | undefined,
): Promise<readonly KeptVolume[]> {
  const there: KeptVolume[] = [];
  for (const record of manifest.volumes) {
    const names = set.volumes.get(record.number) ?? [];
    const [name] = names;
    // Numbers that do not go up by one: a resumed run of the reference, whose signatures are not those of its volumes.
    if (record.number !== there.length + 1 || name === undefined || names.length > 1) break;
    const line = lineOf(journal, record);
    if (journal !== undefined && !(await isWhole(repository, name, line?.size))) break;
    there.push({ record, line });
  }
  if (journal !== undefined) return there;
  // The reference uploads one volume after the other: only the last one can be cut.
  const last = there.at(-1);
  const isCertain =
    there.length < volumeNames(set).length || (last !== undefined && (await isIntact(repository, set, last)));
  return isCertain ? there : there.slice(0, -1);
}

/** Looks at the volume itself. That is worth its transfer where it ends with a whole file, at which one can go on. */
async function isIntact(repository: Repository, set: BackupSet, { record }: KeptVolume): Promise<boolean> {
  if (record.end.block !== undefined) return false;
  const { remote, prefixes, call } = repository;
  try {
    const { file, isChecked } = await fetchVolume(set, record, { remote, prefixes, tries: 1, signal: call.signal });
    file.release();
    return isChecked;
  } catch (error) {
    if (error instanceof IntegrityError) return false;
    throw error;
  }
}

function lineOf(journal: Journal | undefined, { number, hashes }: VolumeRecord): KeptVolume['line'] {
  const line = journal?.volumes.get(number);
  return line !== undefined && line.sha1 === hashes.get('SHA1') ? line : undefined;
}

/** The size counts as after every upload; where the remote tells none, names must show whole files only. */
async function isWhole(
  { backend, remote, call }: Repository,
  name: string,
  size: number | undefined,
): Promise<boolean> {
  if (size === undefined) return false;
  const arrived = remote.sizeOf(name) ?? (await backend.stat?.(name, call))?.size;
  return arrived === undefined ? backend.traits.atomicPut : arrived === size;
}

function pointAfter({ record: { end }, line }: KeptVolume): ResumePoint | undefined {
  if (end.block === undefined) return { path: end.path, split: undefined };
  const file = line?.file;
  if (file?.path !== end.path) return undefined;
  return { path: end.path, split: { path: end.path, how: file.how, pieces: end.block, file } };
}

/** The pieces that are there are those that would be made of the file now. */
function canGoOnIn(
  { base, root, copyLinks, mayGoOnInFile }: Given,
  { split, journal }: { readonly split: SplitFile; readonly journal: Journal | undefined },
): boolean {
  if (journal === undefined || !mayGoOnInFile) return false;
  if (journal.head.program !== programVersion() || journal.head.base.join() !== baseOf(base).join()) return false;
  const path = toFs(split.path === '' ? root : joinPath(root, split.path));
  try {
    const stats = (copyLinks ? statSync : lstatSync)(path);
    return stats.isFile() && isSameFile(identityOf(stats), split.file);
  } catch (error) {
    // Gone, out of reach, or behind something that is no directory any more.
    if (errorCode(error) === undefined) throw error;
    return false;
  }
}

/** The unfinished manifest, if what it says of the volumes can be relied on. */
export async function readReliable(repository: Repository, set: BackupSet): Promise<Manifest | undefined> {
  const manifest = await readUnfinished(repository, set);
  // A resumed run of the reference repeats numbers. It makes signatures anew of what it skips, so that they are not
  // those of its volumes.
  return manifest?.records === manifest?.volumes.length ? manifest : undefined;
}
