import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import type { CopyCall } from '../backend.ts';
import { sizeIn, unlessOurs, type Store } from './store.ts';

export interface Copying {
  readonly from: string;
  readonly to: string;
  readonly call: CopyCall;
  /** A store that fails is left out as long as another does not; `warn` hears of it. */
  readonly mayLack: boolean;
  readonly warn: (text: string) => void;
}

/**
 * Lets each of these stores copy for itself; gives those that have. When one of them cannot, none of the copies stays: what
 * is uploaded in their place is another file.
 */
export async function copyInEach(stores: readonly Store[], copying: Copying): Promise<ReadonlySet<Store>> {
  const { from, to, call, mayLack, warn } = copying;
  const done = new Set<Store>();
  let failure: unknown;
  for (const store of stores) {
    try {
      await copyIn(store, copying);
      done.add(store);
    } catch (error) {
      call.signal.throwIfAborted();
      if (!mayLack || !(error instanceof BackendError) || error instanceof CannotCopyError) {
        for (const { backend } of done) await backend.delete(to, call).catch(unlessOurs);
        throw error;
      }
      failure ??= error;
      warn(`The store ${store.place} could not copy ${from} to ${to}: ${error.message}`);
    }
  }
  if (done.size === 0 && failure !== undefined) throw failure;
  return done;
}

async function copyIn(store: Store, { from, to, call }: Copying): Promise<void> {
  const { place, backend } = store;
  if (backend.copy === undefined)
    throw new CannotCopyError(`The store ${place} does not copy files.`, { isForGood: true });
  const size = call.size ?? (await sizeIn(store, from, call))?.size;
  await backend.copy(from, to, call);
  const copied = await backend.stat?.(to, call);
  if (copied?.size === undefined || size === undefined || copied.size === size) return;
  await backend.delete(to, call);
  throw new CannotCopyError(
    `The store ${place} was to copy ${from} to ${to}, and the copy has ${copied.size} of ${size} bytes.`,
  );
}
