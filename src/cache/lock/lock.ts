import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../util/errno.ts';
import { guard } from '../guard.ts';
import { busy, formatHolder } from './lock-holder.ts';
import { loadNativeLock, type TryLock } from './native-lock.ts';
import { takePidFile } from './pid-file.ts';
import { thisProcess } from './this-process.ts';

/** The right to work on an archive dir. The system takes it back from a process that dies. */
export interface Lock extends Disposable {
  /** Set when only other runs of this program are kept out. */
  readonly warning: string | undefined;
  /** A second call does nothing. */
  release(): void;
}

const NAME = 'lockfile';

/** What systems answer where files cannot be locked. */
const UNSUPPORTED = ['ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'ENOLCK', 'EINVAL'] as const;

/**
 * Locks the archive dir at `directory` against this program and the reference, whose lock is an exclusive, non-blocking
 * `fcntl` lock on `lockfile` (docs/format/archive-dir.md). USER_ERROR if somebody else has it. `load` finds the system's
 * locking; without it a file that names the process has to do.
 */
export async function takeLock(directory: string, load: () => Promise<TryLock> = loadNativeLock): Promise<Lock> {
  let tryLock: TryLock;
  try {
    tryLock = await load();
  } catch {
    return weakLock(directory);
  }
  const path = join(directory, NAME);
  for (;;) {
    const fd = guard(directory, 'locked', () => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600));
    let isMine = false;
    try {
      if (!tryLock(fd)) throw busy(path);
      // The last holder may have removed the file between our opening and locking it: then this lock excludes nobody.
      isMine = isStillThere(path, fd);
    } catch (error) {
      closeSync(fd);
      if (isUnsupported(error)) return weakLock(directory);
      return guard(directory, 'locked', () => {
        throw error;
      });
    }
    if (isMine) return held(path, fd);
    closeSync(fd);
  }
}

function held(path: string, fd: number): Lock {
  try {
    ftruncateSync(fd);
    writeSync(fd, formatHolder(thisProcess()), 0);
  } catch {
    // The line only helps the message of those who find the lock taken.
  }
  let isHeld = true;
  const release = (): void => {
    if (!isHeld) return;
    isHeld = false;
    try {
      // Removed while still locked: who opened it before will find it gone and start over.
      if (isStillThere(path, fd)) unlinkSync(path);
    } catch {
      // A file left behind locks nothing.
    }
    closeSync(fd);
  };
  return { warning: undefined, release, [Symbol.dispose]: release };
}

/** Some numbers have no name in libuv, which then gives the number: "Unknown system error -37". */
function isUnsupported(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  const number = Number(/^Unknown system error -(\d+)/.exec(code)?.[1]);
  return UNSUPPORTED.some((name) => name === code || system.errno[name] === number);
}

function weakLock(directory: string): Lock {
  const release = takePidFile(join(directory, `${NAME}.pid`));
  return {
    warning:
      'Files cannot be locked here. Make sure that no other duplicity uses this archive directory at the same time.',
    release,
    [Symbol.dispose]: release,
  };
}

function isStillThere(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false, bigint: true });
  const opened = fstatSync(fd, { bigint: true });
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev;
}
