import { signatureChainFor } from '../collections/lookup.ts';
import { ChainError } from '../errors/errors.ts';
import { asctime } from '../util/time.ts';
import { openSignatures } from './open-signatures.ts';
import { emitWarnings } from './load-collection.ts';
import { lockArchive } from './lock.ts';
import type { Session } from './session.ts';
import { announceLastFull, synchronise } from './synchronise.ts';

/** Lists the paths of the state of `--time`, from the signatures alone. */
export async function listFiles(session: Session): Promise<number> {
  const { settings, now, emit } = session;
  using lock = await lockArchive(session);
  void lock;
  const time = settings.time ?? now;
  const collection = await synchronise(session, { time, kinds: 'all' });
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  const found = signatureChainFor(collection, time);
  if (found === undefined) {
    throw new ChainError('EXCEPTION', 'No signature chains found', {
      exception: 'CollectionsError',
      hint: 'Check the URL and the --file-prefix options: nothing there is a complete backup.',
    });
  }
  if (found.isBeforeFirst) {
    const first = found.chain.start;
    const text = `No backup is older than ${asctime(time)}: listing the oldest one, of ${asctime(first)}.`;
    emit({ kind: 'warning', code: 'timeBeforeFirst', time, text });
  }
  const state = openSignatures(session, { place: found.chain.place, files: found.files });
  try {
    for (;;) {
      let entry = state.next();
      if (entry instanceof Promise) entry = await entry;
      if (entry === undefined) return 0;
      emit({ kind: 'listed', path: entry.path, type: entry.meta.type, mtime: entry.meta.mtime });
    }
  } finally {
    await state.close();
  }
}
