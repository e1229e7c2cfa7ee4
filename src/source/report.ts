import type { Emit } from '../events/events.ts';
import { type BytePath, toScreen } from '../util/bytepath.ts';

/** Says what a walk leaves out and why. Paths are full: the root as given, joined with the relative path. */
export interface Report {
  /** Selected but not readable: counted as an error. Without a cause: for want of permission. */
  unreadable(path: BytePath, cause?: unknown): void;
  /** Its numbers cannot be had. */
  unseen(path: BytePath, cause: unknown): void;
  unknownType(path: BytePath): void;
  other(path: BytePath, reason: string): void;
}

export function reporter(emit: Emit, counters: { errors: number }): Report {
  return {
    unreadable: (path, cause) => {
      counters.errors += 1;
      const text = `Cannot read ${toScreen(path)}: ${cause === undefined ? 'permission denied' : reasonOf(cause)}`;
      emit({ kind: 'warning', code: 'cannotRead', path, text });
    },
    unseen: (path, cause) => {
      emit({ kind: 'warning', code: 'cannotStat', path, text: `Cannot look at ${toScreen(path)}: ${reasonOf(cause)}` });
    },
    unknownType: (path) => {
      const text = `Skipping ${toScreen(path)}: it is of a type that no archive can hold`;
      emit({ kind: 'warning', code: 'cannotInitialise', path, text });
    },
    other: (path, reason) => emit({ kind: 'warning', text: `Skipping ${toScreen(path)}: it ${reason}` }),
  };
}

/** The system's name of a failed call (`ENOENT`), if it was one. */
export function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** A failed call without its name and arguments: `ENOENT: no such file or directory`. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/, \w+( '[^]*')?$/, '') : String(cause);
}
