import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';

/** Those that end a run. */
export type Ending = 'SIGINT' | 'SIGHUP' | 'SIGTERM';

/** What a signal ends a run with: SIGINT has the reference's status, the others the shell's. */
export const SIGNALS = { SIGINT: 4, SIGHUP: 129, SIGTERM: 143 } as const satisfies Readonly<Record<Ending, number>>;

const ENDINGS: readonly Ending[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Node takes back what the caller ignored: what starts node says it here, as a line `SigIgn` of Linux. */
const VARIABLE = 'DUPLICITY_SIGIGN';

export interface Interrupts {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The signal that came. */
  readonly by: () => Ending | undefined;
}

/**
 * The first signal ends the run in order, temporary files removed; the second at once, with its exit status. What the
 * caller ignores, as `nohup` does, stays ignored.
 */
export function catchSignals(statuses: Readonly<Record<Ending, number>>): Interrupts {
  const interrupt = new AbortController();
  let by: Ending | undefined;
  const onSignal = (signal: Ending): void => {
    if (by !== undefined) process.exit(statuses[signal]);
    by = signal;
    interrupt.abort();
  };
  const isIgnored = ignored(process.env[VARIABLE]);
  delete process.env[VARIABLE];
  for (const name of ENDINGS) process.on(name, isIgnored(name) ? () => undefined : onSignal);
  // Every process, stream and upload under way listens: their number says nothing about a leak.
  setMaxListeners(0, interrupt.signal);
  return { signal: interrupt.signal, by: () => by };
}

function ignored(mask: string | undefined): (name: Ending) => boolean {
  // The lower half has the signals of old.
  const bits = /^[\da-f]{16}$/.test(mask ?? '') ? Number.parseInt(mask?.slice(-8) ?? '', 16) : 0;
  return (name) => ((bits >>> (constants.signals[name] - 1)) & 1) === 1;
}
