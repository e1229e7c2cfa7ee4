/** How many looks make one timeout: silence is noticed that much later at most. */
const LOOKS = 4;

export interface Traffic {
  /** Bytes that have come in so far. */
  received(): number;
  /** Bytes that wait for the network to take them. */
  waiting(): number;
}

export interface Watchdog {
  /** Until the next `resume`, silence is nothing special: a person is thinking. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/**
 * Calls `onDead` after `timeoutMs` in which nothing came in and nothing went out, and `ping` half-way there, so that a
 * peer that is alive has something to answer. Pings alone would not do: on a slow line their answer waits behind the
 * megabytes under way.
 */
export function watch(
  traffic: Traffic,
  { timeoutMs, ping, onDead }: { readonly timeoutMs: number; readonly ping: () => void; readonly onDead: () => void },
): Watchdog {
  let isPaused = false;
  let quiet = 0;
  let received = traffic.received();
  let waiting = traffic.waiting();
  const timer = setInterval(() => {
    const now = { received: traffic.received(), waiting: traffic.waiting() };
    const isQuiet = now.received === received && now.waiting >= waiting;
    ({ received, waiting } = now);
    quiet = isQuiet && !isPaused ? quiet + 1 : 0;
    if (quiet === LOOKS / 2) {
      ping();
      waiting = traffic.waiting();
    } else if (quiet >= LOOKS) {
      clearInterval(timer);
      onDead();
    }
  }, timeoutMs / LOOKS);
  return {
    pause: () => void (isPaused = true),
    resume() {
      isPaused = false;
      quiet = 0;
    },
    stop: () => clearInterval(timer),
  };
}
