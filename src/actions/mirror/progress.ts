import type { Repository } from '../../repository/repository.ts';
import { ProgressEstimate } from '../backup/progress/estimate.ts';

/** A word now and then about bytes that have arrived, as of a backup. */
export interface MirrorProgress extends Disposable {
  begin(name: string, size: number): void;
  end(name: string): void;
  /** Says that all is done. */
  finish(): void;
}

interface ProgressOptions {
  /** Bytes to send. */
  readonly total: number;
  /** Without it nothing is said. */
  readonly progressInterval?: number | undefined;
}

export function startProgress(
  { emit, dryRun, uploads }: Pick<Repository, 'emit' | 'dryRun' | 'uploads'>,
  { total, progressInterval: interval }: ProgressOptions,
): MirrorProgress {
  if (interval === undefined || dryRun) {
    const nothing = (): void => undefined;
    return { begin: nothing, end: nothing, finish: nothing, [Symbol.dispose]: nothing };
  }
  const running = new Map<string, number>();
  let arrived = 0;
  const sent = (): number => {
    let bytes = arrived;
    for (const [name, size] of running) bytes += size * (uploads?.share(name) ?? 0);
    return Math.floor(bytes);
  };
  const estimate = new ProgressEstimate({ total, startMs: Date.now(), interval });
  const tick = (): void => emit({ kind: 'backupProgress', state: estimate.at(Date.now(), sent()) });
  const timer = setInterval(tick, interval * 1000);
  return {
    begin: (name, size) => void running.set(name, size),
    end: (name) => {
      arrived += running.get(name) ?? 0;
      running.delete(name);
    },
    finish: () => {
      clearInterval(timer);
      emit({ kind: 'backupProgress', state: estimate.last(Date.now(), sent()) });
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
