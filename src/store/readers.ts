import type { Lock } from '../cache/lock/lock.ts';

interface Hold {
  readonly taken: Promise<Lock>;
  users: number;
}

/** Lets those that only read share one lock: it is taken by the first and released by the last of them. */
export function sharedLock(): (take: () => Promise<Lock>) => Promise<Lock> {
  let hold: Hold | undefined;
  return async (take) => {
    const mine = (hold ??= { taken: take(), users: 0 });
    mine.users++;
    const giveUp = (): void => {
      if (hold === mine) hold = undefined;
    };
    const lock = await mine.taken.catch((error: unknown) => {
      giveUp();
      throw error;
    });
    let isMine = true;
    const release = (): void => {
      if (!isMine) return;
      isMine = false;
      if (--mine.users > 0) return;
      giveUp();
      lock.release();
    };
    return { warning: lock.warning, release, [Symbol.dispose]: release };
  };
}
