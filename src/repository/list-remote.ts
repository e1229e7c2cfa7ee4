import type { Backend, Call, RemoteFile } from '../backends/backend.ts';
import { readListing } from '../collections/listing.ts';
import { tooShort } from '../collections/too-short.ts';
import { BackendError } from '../errors/errors.ts';
import { isSharedLedger } from './ledger/share.ts';
import type { Repository } from './repository.ts';

/**
 * All names on the remote. Files that are too short to be what their names say are marked as unusable, when the remote
 * says the same of each by itself: listings of some servers show new files, or files made of parts, with 0 bytes.
 */
export async function listRemote({
  backend,
  remote,
  call,
  ledger,
  prefixes,
  timeSeparator,
}: Repository): Promise<readonly string[]> {
  const sizes = new Map<string, number | undefined>();
  for await (const file of backend.list(call)) {
    sizes.set(file.name, file.size);
    remote.learn(file);
  }
  const names = [...sizes.keys()];
  if (ledger !== undefined) ledger.others = names.filter((name) => isSharedLedger(name, ledger));
  const files = readListing(names, { prefixes, timeSeparator });
  const sizeOf = (name: string): number | undefined => sizes.get(name);
  for (const { name } of tooShort(files, sizeOf)) {
    const file = await ask(backend, name, call);
    if (file === undefined || (file.size ?? Infinity) <= (sizes.get(name) ?? 0)) continue;
    sizes.set(name, file.size);
    remote.learn(file);
  }
  for (const { name } of tooShort(files, sizeOf)) remote.unusable.add(name);
  return names;
}

/** Who may list need not be allowed more: the listing counts then. */
async function ask(backend: Backend, name: string, call: Call): Promise<RemoteFile | undefined> {
  try {
    return await backend.stat?.(name, call);
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}
