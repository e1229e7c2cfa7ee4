import { errorCode } from '../util/errno.ts';
import type { Emit } from '../events/events.ts';
import { type BytePath, bytePath, joinPath, toScreen } from '../util/bytepath.ts';

/** Says what a walk leaves out and why. Paths are full: the root as given, joined with the relative path. */
export interface Report {
  /** Selected but not readable: counted as an error. Without a cause: for want of permission. */
  unreadable(path: BytePath, cause?: unknown): void;
  /** Its numbers cannot be had: counted as an error, unless it is gone. */
  unseen(path: BytePath, cause: unknown): void;
  /** Removed while the walk went on. */
  gone(path: BytePath): void;
  unknownType(path: BytePath): void;
  /** Stored as itself where it should be followed: counted as an error, for what it should lead to is missing. */
  brokenLink(path: BytePath): void;
  /** Stored as itself, and nothing is missing. */
  keptLink(path: BytePath, reason: string): void;
  /** Named by a list of files and not there: counted as an error. `path` is relative to the root. */
  missing(path: BytePath, place: string): void;
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
    brokenLink: (path) => {
      counters.errors += 1;
      const text = `${toScreen(path)} is a link that leads nowhere: the link itself is stored.`;
      emit({ kind: 'warning', code: 'cannotStat', path, text });
    },
    keptLink: (path, reason) =>
      emit({ kind: 'warning', text: `${toScreen(path)} ${reason}: the link itself is stored.` }),
    missing: (path, place) => {
      counters.errors += 1;
      const text = `${place}: ${toScreen(path)} is not in the source.`;
      emit({ kind: 'warning', code: 'cannotStat', path: joinPath(root, path), text });
    },
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
