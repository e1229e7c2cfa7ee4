import { statSync } from 'node:fs';
import type { Remote } from './remote.ts';

/** Smaller files tell how long an answer takes, not how fast bytes come. */
const LEAST = 256 * 1024;

/** So many bytes took so long. */
export interface Work {
  readonly bytes: number;
  readonly seconds: number;
}

/** Counts bytes, and the time in which at least one piece of work was under way. */
export interface Stopwatch {
  /** Begins a piece; what it gives ends that, with its bytes. */
  begin(): (bytes: number) => void;
  /** Takes what somebody else has measured. */
  add(work: Work): void;
  /** All since the last time. */
  take(): Work;
}

/** What a run sends to the store, fetches from it and reads of backups. */
export interface Traffic {
  readonly upload: Stopwatch;
  readonly download: Stopwatch;
  /** Whole states, with all that is done with them. */
  readonly read: Stopwatch;
}

export function openTraffic(): Traffic {
  return { upload: stopwatch(), download: stopwatch(), read: stopwatch() };
}

export function stopwatch(now: () => number = () => performance.now() / 1000): Stopwatch {
  let active = 0;
  let since = 0;
  let bytes = 0;
  let seconds = 0;
  return {
    begin() {
      if (active++ === 0) since = now();
      return (size) => {
        bytes += size;
        if (--active === 0) seconds += now() - since;
      };
    },
    add(work) {
      bytes += work.bytes;
      seconds += work.seconds;
    },
    take() {
      const work = { bytes, seconds };
      [bytes, seconds] = [0, 0];
      return work;
    },
  };
}

/** The remote, watched. What lies on a disk here is read in place and says nothing of a line. */
export function withTraffic(remote: Remote, { upload, download }: Traffic): Remote {
  if (remote.isLocal) return remote;
  return {
    ...remote,
    async put(name, file, options) {
      // Its file may be gone afterwards.
      const { size } = statSync(file);
      if (size < LEAST) return await remote.put(name, file, options);
      await timed(upload, async () => {
        await remote.put(name, file, options);
        return size;
      });
    },
    async fetch(name, ...how) {
      if ((remote.listedSizeOf(name) ?? 0) < LEAST) return await remote.fetch(name, ...how);
      let fetched: Awaited<ReturnType<Remote['fetch']>> | undefined;
      await timed(download, async () => {
        fetched = await remote.fetch(name, ...how);
        return statSync(fetched.path).size;
      });
      if (fetched === undefined) throw new Error('nothing was fetched');
      return fetched;
    },
  };
}

async function timed(watch: Stopwatch, work: () => Promise<number>): Promise<void> {
  const end = watch.begin();
  let bytes = 0;
  try {
    bytes = await work();
  } finally {
    end(bytes);
  }
}
