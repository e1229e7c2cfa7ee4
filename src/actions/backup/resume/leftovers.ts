import type { Collection } from '../../../collections/collection.ts';
import { BackendError, LocalError } from '../../../errors/errors.ts';
import type { Remote } from '../../../pipeline/remote.ts';
import { isRefused } from '../../../repository/discard-partial.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { Resumption } from './plan-resume.ts';

/**
 * What an interrupted run has left can neither be deleted nor replaced, as in places that only let files be added: the set
 * cannot go on under its names. Another one begins.
 */
export class LeftoversStay extends LocalError {
  constructor(name: string, cause: BackendError) {
    super('GENERIC', `The interrupted backup cannot go on: ${name} can neither be deleted nor replaced.`, { cause });
  }
}

/** Removes what a volume of the resumed run could be taken for, should that die in turn. */
export async function dropSurplus({ backend, call }: Repository, { surplus }: Resumption): Promise<void> {
  for (const name of surplus) await unlessRefused(name, () => backend.delete(name, call));
}

/** The remote for a set that goes on: names that were there before are to be replaced. */
export function overLeftovers(remote: Remote, listed: Collection): Remote {
  const there = new Set(listed.remote.map(({ name }) => name));
  return {
    ...remote,
    put: (name, file, options) =>
      there.has(name) ? unlessRefused(name, () => remote.put(name, file, options)) : remote.put(name, file, options),
  };
}

async function unlessRefused(name: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw isRefused(error) ? new LeftoversStay(name, error) : error;
  }
}
