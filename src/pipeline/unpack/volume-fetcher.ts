import { setMaxListeners } from 'node:events';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { Prefixes } from '../../archive/names/names.ts';
import { LocalError } from '../../errors/errors.ts';
import { comparePaths } from '../../util/bytepath.ts';
import { type FetchedVolume, fetchVolume } from './fetch-volume.ts';
import type { Remote } from '../remote.ts';
import type { SetPlan } from './set-plan.ts';
import type { Spool } from '../spool.ts';

/** Volumes that wait in the spool for their turn, or are on their way there. */
const AHEAD = 4;
/** Their bytes together, and what counts for one whose size is not known: the usual volume. */
const AHEAD_BYTES = 512 * 1024 * 1024;
const USUAL_BYTES = 200 * 1024 * 1024;

export interface VolumeFetcherOptions {
  readonly remote: Remote;
  readonly spool: Spool;
  readonly prefixes: Prefixes;
  /** How often a volume with a wrong hash is fetched. */
  readonly tries: number;
  readonly signal: AbortSignal;
}

export interface VolumeFetcher {
  /** A volume of a plan, fetched and checked; failures come here, however early they happened. */
  take(record: VolumeRecord): Promise<FetchedVolume>;
  /** Stops fetching and removes what was fetched for nobody. */
  close(): Promise<void>;
}

interface Job {
  readonly plan: SetPlan;
  readonly record: VolumeRecord;
  readonly bytes: number;
}

/** Fetches the volumes of several plans before they are asked for, in the order in which a merge will need them. */
export function volumeFetcher(plans: readonly SetPlan[], options: VolumeFetcherOptions): VolumeFetcher {
  const { remote, spool } = options;
  const control = new AbortController();
  const signal = AbortSignal.any([options.signal, control.signal]);
  // Each fetch under way listens.
  setMaxListeners(0, signal);
  const jobs = jobsOf(plans, remote);
  const waiting = new Set(jobs.values());
  const ahead = new Map<Job, Promise<FetchedVolume>>();
  let bytesAhead = 0;
  let active = 0;

  async function run({ plan, record }: Job): Promise<FetchedVolume> {
    active++;
    try {
      return await fetchVolume(plan.set, record, { ...options, signal });
    } finally {
      active--;
      fetchAhead();
    }
  }

  /** A file read in place is there already. */
  function fetchAhead(): void {
    if (remote.isLocal || signal.aborted) return;
    for (const job of waiting) {
      const isFull = ahead.size >= AHEAD || active >= remote.parallel;
      if (isFull || bytesAhead + job.bytes > Math.min(AHEAD_BYTES, spool.freeBytes() / 2)) return;
      waiting.delete(job);
      bytesAhead += job.bytes;
      const volume = run(job);
      volume.catch(ignore);
      ahead.set(job, volume);
    }
  }

  async function takeAhead(job: Job, volume: Promise<FetchedVolume>): Promise<FetchedVolume> {
    try {
      return await volume;
    } catch (error) {
      // The spool was full: now there may be room.
      if (!(error instanceof LocalError)) throw error;
      return await run(job);
    } finally {
      ahead.delete(job);
      bytesAhead -= job.bytes;
      fetchAhead();
    }
  }

  return {
    async take(record) {
      const job = jobs.get(record);
      if (job === undefined) throw new Error(`volume ${record.number} is in no plan`);
      const volume = ahead.get(job);
      if (volume !== undefined) return await takeAhead(job, volume);
      waiting.delete(job);
      const found = run(job);
      fetchAhead();
      return await found;
    },
    async close() {
      control.abort();
      const unused = await Promise.allSettled(ahead.values());
      for (const result of unused) if (result.status === 'fulfilled') result.value.file.release();
      ahead.clear();
    },
  };
}

/**
 * By the time of need: the first volume of each set to begin with, in the order of the sets, every other one when the path
 * is passed with which the volume before ends.
 */
function jobsOf(plans: readonly SetPlan[], remote: Remote): ReadonlyMap<VolumeRecord, Job> {
  const jobs = plans.flatMap((plan, set) =>
    plan.records.map((record, i) => {
      const name = plan.set.volumes.get(record.number)?.[0];
      const bytes = (name === undefined ? undefined : remote.sizeOf(name)) ?? USUAL_BYTES;
      return { set, after: plan.records[i - 1]?.end.path, job: { plan, record, bytes } };
    }),
  );
  jobs.sort((a, b) => {
    if (a.after === undefined || b.after === undefined)
      return Number(a.after !== undefined) - Number(b.after !== undefined);
    return comparePaths(a.after, b.after) || a.set - b.set;
  });
  return new Map(jobs.map(({ job }) => [job.record, job]));
}

function ignore(): void {
  // Told to whoever takes the volume.
}
