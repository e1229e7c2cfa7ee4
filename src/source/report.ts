import { errorCode } from '../util/errno.ts';
import type { Emit } from '../events/events.ts';
import { type BytePath, bytePath, toScreen } from '../util/bytepath.ts';

/** Says what a walk leaves out and why. Paths are full: the root as given, joined with the relative path. */
export interface Report {
  /** Selected but not readable: counted as an error. Without a cause: for want of permission. */
  unreadable(path: BytePath, cause?: unknown): void;
  /** Its numbers cannot be had: counted as an error, unless it is gone. */
  unseen(path: BytePath, cause: unknown): void;
  /** Removed while the walk went on. */
  gone(path: BytePath): void;
  unknownType(path: BytePath): void;
  other(path: BytePath, reason: string): void;
}

interface ReporterOptions {
  readonly root: BytePath;
  readonly emit: Emit;
  readonly counters: { errors: number };
  readonly onUnreadable?: (path: BytePath) => void;
}

export function reporter({ root, emit, counters, onUnreadable }: ReporterOptions): Report {
  const notSeen = (path: BytePath): void => onUnreadable?.(relativePath(root, path));
  // No warning: a moment earlier there would have been nothing to say, and it may be excluded. deja-dup shows its user
  // every warning of this kind.
  const gone = (path: BytePath): void => emit({ kind: 'info', text: `${toScreen(path)} has just been removed` });
  return {
    unreadable: (path, cause) => {
      counters.errors += 1;
      notSeen(path);
      const text = `Cannot read ${toScreen(path)}: ${cause === undefined ? 'permission denied' : reasonOf(cause)}`;
      emit({ kind: 'warning', code: 'cannotRead', path, text });
    },
    unseen: (path, cause) => {
      if (errorCode(cause) === 'ENOENT') return gone(path);
      // It may be there and only not show itself.
      counters.errors += 1;
      notSeen(path);
      emit({ kind: 'warning', code: 'cannotStat', path, text: `Cannot look at ${toScreen(path)}: ${reasonOf(cause)}` });
    },
    gone,
    unknownType: (path) => {
      const text = `Skipping ${toScreen(path)}: it is of a type that no archive can hold`;
      emit({ kind: 'warning', code: 'cannotInitialise', path, text });
    },
    other: (path, reason) => emit({ kind: 'warning', text: `Skipping ${toScreen(path)}: it ${reason}` }),
  };
}

/** The path below the root of a full one, which is the root as given joined with it. */
export function relativePath(root: BytePath, path: BytePath): BytePath {
  return bytePath(path.slice(root === '/' ? 1 : root.length + 1));
}

/** A failed call without its name and arguments: `ENOENT: no such file or directory`. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/, \w+( '[^]*')?$/, '') : String(cause);
}
