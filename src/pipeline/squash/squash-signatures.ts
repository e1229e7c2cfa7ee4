import type { EntryStream } from '../../archive/entry.ts';
import { mergeStreams } from '../../archive/merge.ts';
import type { SignatureSink } from '../pack/producer.ts';

const STRIDE = 1024;

/** The signatures of one increment made of those of several, oldest first: of each path the newest entry, also of a deletion. */
export async function squashSignatures(
  streams: readonly EntryStream[],
  sink: SignatureSink,
  pause: () => Promise<void>,
): Promise<void> {
  const merged = mergeStreams(streams);
  for (let step = 1; ; step++) {
    let found = merged.next();
    if (found instanceof Promise) found = await found;
    if (found === undefined) return;
    if (step % STRIDE === 0) await pause();
    const newest = found.holders.at(-1) ?? 0;
    for (;;) {
      let block = merged.read(newest);
      if (block instanceof Promise) block = await block;
      if (block === undefined) break;
      // It lies in memory that is filled again.
      sink.hold([Buffer.from(block)]);
    }
    sink.add(merged.entryOf(newest), []);
  }
}
