import { constants } from 'node:os';

import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Verdict } from '../transfer/hidden-name.ts';

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  /** The reference's name for this failure, shown in `Attempt of …` and `Giving up …`. */
  readonly exception: string;
  readonly hint?: string;
}

const DENIED: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  exception: 'PermissionError',
  hint: 'Check owner and mode of the target directory.',
};
/** Whoever owns it: an attribute of ext4 and the like, or a file system that is told so. */
const FORBIDDEN: Kind = { ...DENIED, hint: 'Check the attributes of the target directory (lsattr), and its owner.' };
const ABSENT: Kind = {
  code: 'BACKEND_NOT_FOUND',
  retryable: false,
  exception: 'FileNotFoundError',
  hint: 'Check that the target directory is there, for example that its disk is mounted.',
};
const FULL: Kind = {
  code: 'BACKEND_NO_SPACE',
  retryable: false,
  exception: 'OSError',
  hint: 'Free some space on the target, for example with remove-older-than.',
};
const READ_ONLY: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  exception: 'OSError',
  hint: 'Mount the target so that it can be written to.',
};
const NO_DIRECTORY: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  exception: 'OSError',
  hint: 'Check the path of the URL: a file stands where a directory should be.',
};
const HOPELESS: Kind = { code: 'BACKEND_ERROR', retryable: false, exception: 'OSError' };
const PASSING: Kind = { code: 'BACKEND_ERROR', retryable: true, exception: 'OSError' };

const KINDS: Readonly<Record<string, Kind>> = {
  EACCES: DENIED,
  EPERM: FORBIDDEN,
  ENOENT: ABSENT,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READ_ONLY,
  ENOTDIR: NO_DIRECTORY,
  EISDIR: HOPELESS,
  EEXIST: NO_DIRECTORY,
  ELOOP: HOPELESS,
  ENAMETOOLONG: HOPELESS,
  EINVAL: HOPELESS,
};

/** Numbers that node reports only as "Unknown system error". */
const UNKNOWN_TO_NODE: ReadonlyMap<number, readonly [name: string, text: string]> = new Map([
  [constants.errno.EDQUOT, ['EDQUOT', 'disk quota exceeded']],
  [constants.errno.ESTALE, ['ESTALE', 'stale file handle']],
]);

/** Name and text (`EACCES`, `permission denied`) of a failed system call; undefined for any other error. */
function systemError(error: unknown): readonly [name: string, text: string] | undefined {
  if (!(error instanceof Error) || !('errno' in error) || !('code' in error)) return undefined;
  const { errno, code, message } = error;
  if (typeof errno !== 'number' || typeof code !== 'string') return undefined;
  // As in "ENOSPC: no space left on device, write".
  return UNKNOWN_TO_NODE.get(-errno) ?? [code, /^\w+: (.+?), \w/.exec(message)?.[1] ?? message];
}

/** `task` (such as `store vol1 in /mnt`) failed with a system error: which code, and is another try worth it? */
function systemFailure(task: string, error: unknown): unknown {
  const [name, text] = systemError(error) ?? [];
  if (name === undefined || text === undefined) return error;
  const { code, hint, ...rest } = KINDS[name] ?? PASSING;
  const reason = text.charAt(0).toUpperCase() + text.slice(1);
  return new BackendError(code, `Cannot ${task}: ${reason} (${name})`, {
    ...rest,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** By which file systems say that they do not do this: append-only or immutable ones, FUSE, network shares. */
const REFUSALS: ReadonlySet<string> = new Set(
  'EACCES EPERM ENOENT ENOSYS ENOTSUP EOPNOTSUPP EINVAL EXDEV ENAMETOOLONG'.split(' '),
);

/** Whether the file system has refused a name, a rename or a deletion. */
export function verdict(error: unknown): Verdict {
  const [name] = error instanceof BackendError ? (systemError(error.cause) ?? []) : [];
  if (name === undefined) return undefined;
  return REFUSALS.has(name) ? 'certain' : undefined;
}

/** Runs file calls and nothing else: what fails in here is the storage's fault. */
export async function storing<T>(task: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw systemFailure(task, error);
  }
}
