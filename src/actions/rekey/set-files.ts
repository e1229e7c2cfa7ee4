import type { BackupSet } from '../../collections/sets.ts';
import { CryptoError, IntegrityError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import type { StoredSet } from '../mirror/place.ts';
import { isStaged, stagedName } from './staged.ts';

const ENCRYPTED = /\.(?:gpg|g)$/;

/** The encrypted files of a set, without what an earlier run has left beside them. */
export interface SetFiles {
  readonly set: BackupSet;
  readonly manifest: string;
  /** Signatures and statistics: of these the manifest says nothing. */
  readonly others: readonly string[];
  readonly volumes: ReadonlyMap<number, string>;
  readonly staged: readonly string[];
}

/** undefined for a set that has no manifest, or one that is not encrypted. */
export function filesOfSet({ set, files, manifests }: StoredSet): SetFiles | undefined {
  const manifest = manifests.map(({ name }) => name).find((name) => ENCRYPTED.test(name) && !isStaged(name));
  if (set === undefined || manifest === undefined) return undefined;
  const volumes = new Map<number, string>();
  const others: string[] = [];
  const staged = manifests.map(({ name }) => name).filter(isStaged);
  for (const file of files) {
    if (isStaged(file.name)) staged.push(file.name);
    else if (!ENCRYPTED.test(file.name)) continue;
    else if (file.kind === 'volume') volumes.set(file.volume, file.name);
    else others.push(file.name);
  }
  return { set, manifest, others, volumes, staged };
}

/** Which of a file and what lies beside it is whole: it is read to its end. */
export async function wholeOf(repository: Repository, name: string, staged: readonly string[]): Promise<string> {
  const beside = staged.find((other) => other === stagedName(name));
  if (beside === undefined) return name;
  const { keys, remote, call } = repository;
  const codecOf = await keys.reader([beside]);
  const file = await remote.fetch(beside, call.signal);
  try {
    for await (const block of codecOf(beside).open(file.path, { name: beside, signal: call.signal })) void block;
    return beside;
  } catch (error) {
    // Perhaps it is cut off in front of what the key at hand opens.
    if (error instanceof IntegrityError || error instanceof CryptoError) return name;
    throw error;
  } finally {
    file.release();
  }
}
