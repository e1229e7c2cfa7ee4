import { signaturesFor } from '../../collections/lookup.ts';
import { neededByList } from '../../collections/needs.ts';
import { ChainError } from '../../errors/errors.ts';
import { asctime } from '../../util/time.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import { announceState, emitWarnings, wantedTime } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Session } from '../session.ts';
import { announceLastFull, synchronise } from '../../repository/synchronise.ts';

/** Lists the paths of the state of `--time`, from the signatures alone. */
export async function listFiles(session: Session): Promise<number> {
  const { emit } = session;
  using lock = await lockArchive(session);
  void lock;
  const time = wantedTime(session, session.settings.time);
  const collection = await synchronise(session, { needs: neededByList(time), time });
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  const found = signaturesFor(collection, time);
  if (found === undefined) {
    throw new ChainError('EXCEPTION', 'No signature chains found', {
      exception: 'CollectionsError',
      hint: 'Check the URL and the --file-prefix options: nothing there is a complete backup.',
    });
  }
  const { end, wanted } = found;
  if (end > time) {
    const text = `No backup is older than ${asctime(time)}: listing the oldest one, of ${asctime(end)}.`;
    emit({ kind: 'warning', code: 'timeBeforeFirst', time, text });
  }
  if (end !== wanted) {
    const text = `The signatures of the backup of ${asctime(wanted)} are not there: listing that of ${asctime(end)}.`;
    emit({ kind: 'warning', text });
  }
  announceState(session, collection, end);
  const state = openSignatures(session, found);
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
