import type { UploadMeter } from '../../../backends/wrap/meter.ts';
import type { ActiveChain } from '../../../collections/collection.ts';
import type { Emit } from '../../../events/events.ts';
import { Comparison } from '../../../pipeline/compare/compare.ts';
import { archivedOwner } from '../../../repository/source/archived-owner.ts';
import { openSignatures } from '../../../repository/metadata/open-signatures.ts';
import type { BackupOptions } from '../options.ts';
import { ProgressEstimate } from './estimate.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { Source } from '../../../repository/source/source-tree.ts';
import { othersTurn } from '../../../util/others-turn.ts';

/** Entries after which signals get their turn, as in a backup. */
const STRIDE = 1024;

interface Comparands {
  readonly source: Source;
  /** What an increment is based on. */
  readonly base: ActiveChain | undefined;
}

/** A word now and then, from the first byte to `finish`. */
export interface BackupProgress extends Disposable {
  /** The source's, counting what is read. */
  readonly open: Source['open'];
  /** The repository's, hearing of uploads. */
  readonly emit: Emit;
  /** Says that all is done. */
  finish(): void;
}

/**
 * Finds out how much there is to do, by a comparison of metadata, and starts to tell how far the backup is. A byte counts
 * half when it is read and half when its volume has arrived, so that neither a slow source nor a slow remote shows as
 * standing still.
 */
export async function startProgress(
  repository: Repository,
  { progressInterval: interval, numericOwner }: Pick<BackupOptions, 'progressInterval' | 'numericOwner'>,
  { source, base, known }: Comparands & { readonly known?: number | undefined },
): Promise<BackupProgress | undefined> {
  if (interval === undefined) return undefined;
  const { emit, uploads } = repository;
  const total = known ?? (await bytesToStore(repository, { source, base, numericOwner }));
  const estimate = new ProgressEstimate({ total, startMs: Date.now(), interval });
  const volumes = new VolumesSent(uploads);
  let read = 0;
  const tick = (): void => {
    const state = estimate.at(Date.now(), Math.floor((read + volumes.arrived()) / 2));
    // The time left is anybody's guess until something has moved.
    if (state.bytes > 0 || state.stalled) emit({ kind: 'backupProgress', state });
  };
  const timer = setInterval(tick, interval * 1000);
  return {
    open: (entry) => {
      const file = source.open(entry);
      return {
        ...file,
        read: (into) => {
          const length = file.read(into);
          read += length;
          return length;
        },
      };
    },
    emit: (event) => {
      if (event.kind === 'uploading') volumes.begin(event.name, read);
      if (event.kind === 'uploaded') volumes.end(event.name);
      emit(event);
    },
    finish: () => {
      clearInterval(timer);
      emit({ kind: 'backupProgress', state: estimate.last(Date.now(), read) });
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Size of all regular files that are new, have changed or must be read to know. */
async function bytesToStore(
  repository: Repository,
  { source, base, numericOwner }: Comparands & { readonly numericOwner: boolean },
): Promise<number> {
  const state = base && openSignatures(repository, base.signatures);
  const comparison = new Comparison(source.preview(), state, {
    ownerOf: (meta) => archivedOwner({ accounts: repository.accounts, numericOwner }, meta),
    isUnreadable: () => false,
  });
  let total = 0;
  try {
    for (let step = 1; ; step++) {
      let change = comparison.next();
      if (change instanceof Promise) change = await change;
      if (change === undefined) return total;
      if (change.kind === 'snapshot' || change.kind === 'diff' || change.kind === 'doubtful') {
        const { meta } = change.source;
        if (meta.type === 'reg') total += meta.size;
      }
      if (step % STRIDE === 0) await othersTurn(repository.call.signal);
    }
  } finally {
    await state?.close();
  }
}

/** Source bytes in volumes that have arrived, those on their way by the share that has been sent. */
class VolumesSent {
  readonly #uploads: UploadMeter | undefined;
  readonly #waiting = new Map<string, number>();
  #begun = 0;
  #arrived = 0;

  constructor(uploads: UploadMeter | undefined) {
    this.#uploads = uploads;
  }

  /** The upload of a volume begins when `read` bytes have been read; few of them can belong to the next one. */
  begin(name: string, read: number): void {
    this.#waiting.set(name, read - this.#begun);
    this.#begun = read;
  }

  end(name: string): void {
    this.#arrived += this.#waiting.get(name) ?? 0;
    this.#waiting.delete(name);
  }

  arrived(): number {
    let bytes = this.#arrived;
    for (const [name, size] of this.#waiting) bytes += size * (this.#uploads?.share(name) ?? 0);
    return bytes;
  }
}
