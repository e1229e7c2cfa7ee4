import type { Spool } from '../spool.ts';

/**
 * Volumes uploaded beside the producer without being asked, and their bytes together, at least one: as many as a restore
 * fetches ahead. More would take disk space for little time.
 */
const UNASKED_AHEAD = 4;
const UNASKED_BYTES = 512 * 1024 * 1024;

export interface UploadQueueOptions {
  /** Uploads beside the producer; with 0 it waits for each. */
  readonly ahead: number;
  /** Uploads the back end can take at once. Default: as many as come. */
  readonly parallel?: number;
  /** Whether there is room for one more volume beside those on their way. */
  readonly hasRoom?: () => boolean;
}

/** Files that are uploaded while others are fetched to be copied, unless `--concurrency` says otherwise. */
export const COPIES_AHEAD = 1;

/** Times the expected size of a file that have to be free before it is begun: it may turn out larger. */
const ROOM = 1.3;

/** Whether one more file of about `size` bytes fits in the spool, beside those on their way. */
export function roomFor(spool: Pick<Spool, 'freeBytes'>, size: () => number): () => boolean {
  return () => spool.freeBytes() >= ROOM * size();
}

/**
 * Runs uploads one behind the other or beside the producer. The producer waits when another volume would find no upload
 * free to take it, or no room, which bounds the disk space of finished volumes. A failure surfaces at the next call.
 */
export class UploadQueue {
  readonly #ahead: number;
  readonly #atOnce: number;
  readonly #hasRoom: () => boolean;
  readonly #running = new Set<Promise<void>>();
  /** Of what takes no room here: copies that the store makes. */
  readonly #copying = new Set<Promise<void>>();
  readonly #parallel: number;
  #failure: { readonly error: unknown } | undefined;

  constructor({ ahead, parallel = ahead, hasRoom = () => true }: UploadQueueOptions) {
    this.#ahead = ahead;
    this.#atOnce = Math.max(1, Math.min(ahead, parallel));
    this.#parallel = ahead === 0 ? 0 : Math.max(1, parallel);
    this.#hasRoom = hasRoom;
  }

  get isBusy(): boolean {
    return this.#inFlight() > 0;
  }

  /** The store works alone: as many at once as it can take, and none waits for room. */
  async addCopy(copy: () => Promise<void>): Promise<void> {
    this.#check();
    while (this.#inFlight() > 0 && this.#inFlight() >= this.#parallel) await this.#any();
    this.#check();
    const running = this.#run(copy).finally(() => this.#copying.delete(running));
    this.#copying.add(running);
    while (this.#parallel === 0 && this.#copying.size > 0) await this.#any();
    this.#check();
  }

  async add(upload: () => Promise<void>): Promise<void> {
    this.#check();
    while (this.#running.size >= this.#atOnce || this.#isCrowded()) await this.#any();
    this.#check();
    const running = this.#run(upload).finally(() => this.#running.delete(running));
    this.#running.add(running);
    while (this.#running.size > 0 && (this.#running.size > this.#ahead || !this.#hasRoom()))
      await Promise.race(this.#running);
    this.#check();
  }

  /** Waits for all uploads; throws the first failure. */
  async drain(): Promise<void> {
    await this.settle();
    this.#check();
  }

  /** Waits for all uploads, failed or not. */
  async settle(): Promise<void> {
    await Promise.all([...this.#running, ...this.#copying]);
  }

  #isCrowded(): boolean {
    return this.#copying.size > 0 && this.#inFlight() >= this.#parallel;
  }

  #inFlight(): number {
    return this.#running.size + this.#copying.size;
  }

  async #any(): Promise<void> {
    await Promise.race([...this.#running, ...this.#copying]);
  }

  async #run(upload: () => Promise<void>): Promise<void> {
    try {
      await upload();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** How many volumes of this size to upload beside the producer when nobody has said. */
export function unaskedAhead(volumeSize: number): number {
  return Math.max(1, Math.min(UNASKED_AHEAD, Math.floor(UNASKED_BYTES / volumeSize)));
}
