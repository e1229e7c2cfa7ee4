import type { ProgressState } from '../../../events/progress.ts';

/** Samples the speed is taken from: with the default interval the last 15 seconds. */
const WINDOW = 5;
/** Seconds without a byte, or intervals if those are longer, after which a backup counts as stalled. The reference's. */
const STALLED_SECONDS = 5;
const STALLED_INTERVALS = 2;
/** More is shown only when all is done. */
const NEARLY = 99;

interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

/** Speed and remaining time from a look at the bytes now and then. */
export class ProgressEstimate {
  readonly #total: number;
  readonly #startMs: number;
  readonly #patienceMs: number;
  #samples: Sample[];
  #moved: Sample;

  constructor({ total, startMs, interval }: { total: number; startMs: number; interval: number }) {
    this.#total = total;
    this.#startMs = startMs;
    this.#patienceMs = Math.max(STALLED_SECONDS, STALLED_INTERVALS * interval) * 1000;
    this.#moved = { ms: startMs, bytes: 0 };
    this.#samples = [this.#moved];
  }

  /** To be asked once per interval. */
  at(ms: number, bytes: number): ProgressState {
    const sample = { ms, bytes };
    if (bytes > this.#moved.bytes) this.#moved = sample;
    this.#samples = [...this.#samples, sample].slice(-1 - WINDOW);
    const elapsedSeconds = (ms - this.#startMs) / 1000;
    return {
      bytes,
      elapsedSeconds,
      percent: this.#total === 0 ? NEARLY : Math.min(NEARLY, Math.floor((100 * bytes) / this.#total)),
      // From the average of the whole run: it jumps less than the speed, which volumes on their way hold up.
      etaSeconds: bytes === 0 ? 0 : (elapsedSeconds * Math.max(0, this.#total - bytes)) / bytes,
      bytesPerSecond: this.#speed(),
      stalled: ms - this.#moved.ms >= this.#patienceMs,
    };
  }

  /** When all is done. */
  last(ms: number, bytes: number): ProgressState {
    return { ...this.at(ms, bytes), percent: 100, etaSeconds: 0, stalled: false };
  }

  #speed(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.ms <= first.ms) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.ms - first.ms);
  }
}
