/**
 * Runs uploads one behind the other or, with `ahead` > 0, beside the producer. The producer waits when more than
 * `ahead` are under way, which bounds the disk space of finished volumes. A failure surfaces at the next call.
 */
export class UploadQueue {
  readonly #ahead: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  async add(upload: () => Promise<void>): Promise<void> {
    this.#check();
    const running = this.#run(upload).finally(() => this.#running.delete(running));
    this.#running.add(running);
    while (this.#running.size > this.#ahead) await Promise.race(this.#running);
    this.#check();
  }

  /** Waits for all uploads; throws the first failure. */
  async drain(): Promise<void> {
    await this.settle();
    this.#check();
  }

  /** Waits for all uploads, failed or not. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
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
