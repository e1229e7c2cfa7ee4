import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import type { Backend } from '../../backends/backend.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { BackendError, CryptoError, IntegrityError } from '../../errors/errors.ts';
import type { FetchedFile, Remote } from '../../pipeline/remote.ts';
import type { Repository } from '../../repository/repository.ts';
import { hashRemote } from '../check/prove/read-remote.ts';

/** A place that holds the same backup. */
export interface OtherPlace {
  readonly backend: Backend;
  readonly remote: Remote;
}

/** A file of that name there; undefined where it is not, or cannot be had. */
export async function fetchOther(other: OtherPlace, name: string): Promise<FetchedFile | undefined> {
  try {
    return await other.remote.fetch(name, undefined, 'SHA1');
  } catch (error) {
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

/** A volume there that has the right hash. */
export async function volumeThere(
  other: OtherPlace,
  name: string,
  sha1: string | undefined,
): Promise<FetchedFile | undefined> {
  const file = await fetchOther(other, name);
  if (file === undefined || (sha1 !== undefined && file.hash('SHA1') === sha1)) return file;
  file.release();
  return undefined;
}

/** A manifest there, and how many of the volumes here have the hashes that it tells. */
export interface ManifestThere {
  readonly file: FetchedFile;
  readonly manifest: Manifest;
  readonly fitting: number;
}

/**
 * A manifest there that is that of the volumes here: of most of them or, where it is of none, of all there, which can then
 * take their place.
 */
export async function manifestThere(
  repository: Repository,
  other: OtherPlace,
  { name, set }: { readonly name: string; readonly set: BackupSet },
): Promise<ManifestThere | undefined> {
  const file = await fetchOther(other, name);
  if (file === undefined) return undefined;
  try {
    const codecOf = await repository.keys.reader([name]);
    const options = { name, signal: repository.call.signal };
    const manifest = await readManifest(codecOf(name).open(file.path, options), { name });
    const here = await countFitting(repository, manifest, set);
    const isOfHere = here.fitting > 0 && here.fitting >= here.wrong;
    const there = isOfHere ? undefined : await countFitting({ ...repository, ...other }, manifest, set);
    if (isOfHere || (there?.fitting === manifest.volumes.length && here.fitting === 0)) {
      return { file, manifest, fitting: here.fitting };
    }
  } catch (error) {
    if (!(error instanceof IntegrityError) && !(error instanceof CryptoError)) throw error;
  }
  file.release();
  return undefined;
}

async function countFitting(
  repository: Repository,
  { volumes }: Manifest,
  set: BackupSet,
): Promise<{ readonly fitting: number; readonly wrong: number }> {
  let [fitting, wrong] = [0, 0];
  for (const { number, hashes } of volumes) {
    const [name] = set.volumes.get(number) ?? [];
    if (name === undefined) continue;
    try {
      const { SHA1 } = await hashRemote(repository, name, 'SHA1');
      if (SHA1 === hashes.get('SHA1')?.toLowerCase()) fitting++;
      else wrong++;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
    }
  }
  return { fitting, wrong };
}
