import type { EpochSeconds } from '../../util/time.ts';

/** Something that can be proven. */
export interface Choosable {
  /** Bytes that have to be read for it. */
  readonly size: number;
  /** When its bytes were last made or found right. */
  readonly soundAt: EpochSeconds;
  /** It was found right once. */
  readonly wasProven: boolean;
  /** Its size is not the one it had when it was proven. */
  readonly isSuspect: boolean;
}

/** How much is to be proven; all of it by default. */
export interface HowMuch {
  /** Of all bytes, 0 to 100: at least so many, so that a hundred times one percent is all. */
  readonly percent?: number | undefined;
  /** Bytes: at most so many, but one file at least, so that all get their turn. */
  readonly budget?: number | undefined;
  /** Only what was not proven since then. */
  readonly notSince?: EpochSeconds | undefined;
}

/** What has gone unproven for longest, as much as is asked for; what looks wrong comes first. */
export function chooseProofs<T extends Choosable>(all: readonly T[], howMuch: HowMuch): readonly T[] {
  const { percent = 100, budget = Infinity, notSince = Infinity } = howMuch;
  const wanted = (all.reduce((sum, { size }) => sum + size, 0) * percent) / 100;
  const due = all.filter(({ isSuspect, wasProven, soundAt }) => isSuspect || !wasProven || soundAt < notSince);
  const chosen: T[] = [];
  let bytes = 0;
  for (const one of due.toSorted((a, b) => rank(a) - rank(b) || a.soundAt - b.soundAt)) {
    if (!one.isSuspect) {
      if (percent < 100 && bytes >= wanted) break;
      if (bytes + one.size > budget && (chosen.length > 0 || budget === 0)) break;
    }
    chosen.push(one);
    bytes += one.size;
  }
  return chosen;
}

function rank({ isSuspect }: Choosable): number {
  return isSuspect ? 0 : 1;
}
