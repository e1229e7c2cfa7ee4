import { formatLocalName, type MetadataName } from '../../archive/names/names.ts';
import type { Collection } from '../../collections/collection.ts';
import { ChainError } from '../../errors/errors.ts';
import type { Remote } from '../../pipeline/remote.ts';
import type { Repository } from '../../repository/repository.ts';

type Claimant = Pick<Repository, 'remote' | 'backend' | 'call' | 'archiveDir' | 'prefixes'>;
type SetName = Pick<MetadataName, 'type' | 'start' | 'end'>;

/**
 * The remote for writing a set. Names have a resolution of one second, and the lock covers one archive dir only: if the
 * first file of the set has appeared since the listing, another run writes a set of the same second, and this one ends
 * before it mixes with that. One question per backup; what narrows is the time between listing and first volume.
 */
export function claimNames(repository: Claimant, listed: Collection, set: SetName): Remote {
  const { remote, backend, call } = repository;
  const known = new Set(listed.remote.map(({ name }) => name));
  let claim: Promise<void> | undefined;

  async function isTaken(name: string): Promise<boolean> {
    if (known.has(name)) return false;
    if (backend.stat !== undefined) return (await backend.stat(name, call)) !== undefined;
    for await (const file of backend.list(call)) if (file.name === name) return true;
    return false;
  }

  async function claimWith(name: string): Promise<void> {
    if (!(await isTaken(name))) return;
    forget(repository, set);
    throw new ChainError(
      'USER_ERROR',
      `${name} has appeared on the remote since this run began: another one writes a set of the same second.`,
      { hint: 'Run it again; two machines or sources need two URLs, or two prefixes.' },
    );
  }

  return {
    ...remote,
    async put(name, file, options) {
      claim ??= claimWith(name);
      await claim;
      await remote.put(name, file, options);
    },
    async copy(from, to, options) {
      claim ??= claimWith(to);
      await claim;
      await remote.copy(from, to, options);
    },
  };
}

/** The notes on the unfinished set: the next run would take the files of the other one for its own, and delete them. */
function forget({ archiveDir, prefixes }: Claimant, set: SetName): void {
  for (const kind of ['manifest', 'signatures'] as const) {
    const name = { kind, ...set, partial: true, encrypted: false, compressed: false };
    archiveDir.remove(formatLocalName(name, prefixes));
  }
}
