import { type DifftarOptions, DifftarStream, type OpenVolume } from '../../archive/difftar.ts';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { OnArchiveWarning } from '../../archive/warning.ts';
import { type DecodeThread, decodeThread } from '../../crypto/ahead/decode-thread.ts';
import type { Codec } from '../../crypto/codec.ts';
import { threadsThatPay } from '../../crypto/threads-that-pay.ts';
import { BackendError, IntegrityError, type DuplicityError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { type Bounded, decoderLimit } from './decoder-limit.ts';
import { askVolume, type Coming, type DecodeOptions, letGo, volumeBytes } from './decode-volume.ts';
import type { FetchedVolume } from './fetch-volume.ts';
import type { Remote } from '../remote.ts';
import { type SetPlan, volumeNames } from './set-plan.ts';
import { isUnreadable, storedBytes } from '../stored-bytes.ts';
import { volumeFetcher, type VolumeFetcherOptions } from './volume-fetcher.ts';

export interface SetReaderOptions extends VolumeFetcherOptions {
  /** The codec a file name asks for. */
  readonly codecOf: (name: string) => Codec;
  /** Key that every volume must be signed with. */
  readonly signer: string | undefined;
  /** Leave out volumes that cannot be read instead of stopping. */
  readonly ignoreErrors: boolean;
  readonly onWarning: OnArchiveWarning;
  /** A volume was left out because of this. */
  readonly onSkipped: (error: DuplicityError, record: VolumeRecord) => void;
  /** Hears of every member; see `DifftarOptions`. */
  readonly onMember?: DifftarOptions['onMember'];
  /** A volume has been read. */
  readonly onVolume: (volume: FetchedVolume) => void;
  readonly emit: Emit;
}

export interface OpenSets {
  /**
   * The entries of each set, in the order of the plans. Blocks of bodies are done with at the next call. They are closed by
   * whoever reads them, before this is.
   */
  readonly streams: readonly DifftarStream[];
  readonly close: () => Promise<void>;
}

/** Chains of so many sets are read without looking at how much is open at once. */
const FEW_SETS = 8;

/** Volumes are fetched somewhat ahead of their reading; of a long chain only a few are decoded at the same time. */
export function openSets(plans: readonly SetPlan[], options: SetReaderOptions): OpenSets {
  const fetcher = volumeFetcher(plans, options);
  const thread = openThread(plans, options.remote);
  const longest = thread && longestOf(plans, options.remote).plan;
  const bounded = plans.length > FEW_SETS ? decoderLimit(options.spool) : undefined;
  const { onWarning, onMember } = options;
  return {
    streams: plans.map((plan) => {
      const volumes = openVolumes(plan, {
        ...options,
        fetcher,
        bounded,
        thread: plan === longest ? thread : undefined,
      });
      return new DifftarStream(volumes, {
        onWarning,
        wanted: plan.wanted,
        ...(onMember !== undefined && { onMember }),
      });
    }),
    async close() {
      thread?.close();
      await fetcher.close();
    },
  };
}

type VolumeOptions = SetReaderOptions & DecodeOptions & { readonly bounded: Bounded | undefined };

async function* openVolumes({ set, records }: SetPlan, options: VolumeOptions): AsyncGenerator<OpenVolume> {
  let coming: Coming | undefined;
  try {
    for (const [i, record] of records.entries()) {
      coming ??= askVolume(set, record, options);
      const { found, begun } = coming;
      coming = undefined;
      let volume: FetchedVolume;
      try {
        volume = await found;
      } catch (error) {
        await begun?.bytes.return?.();
        const isAboutVolume = error instanceof IntegrityError || error instanceof BackendError || isUnreadable(error);
        if (!options.ignoreErrors || !isAboutVolume) throw error;
        options.onSkipped(error, record);
        continue;
      }
      const { name, file, isChecked } = volume;
      const following = records[i + 1];
      if (begun !== undefined && following !== undefined) coming = askVolume(set, following, options);
      try {
        if (!isChecked) {
          options.emit({ kind: 'warning', text: `The manifest holds no hash for ${name}: it is taken as it is.` });
        }
        yield { name, bytes: decoded(volume, begun, options) };
      } finally {
        await begun?.bytes.return?.();
        file.release();
      }
      options.onVolume(volume);
    }
  } finally {
    if (coming !== undefined) await letGo(coming);
  }
}

/** The fetched copy is gone as soon as the decoder is through. */
function decoded(volume: FetchedVolume, begun: Coming['begun'], options: VolumeOptions): AsyncIterable<Buffer> {
  const bytes = storedBytes(volumeBytes(volume, begun, options));
  return options.bounded === undefined ? bytes : options.bounded(releasing(bytes, volume.file.release));
}

/** A set of fewer bytes is decoded before a thread has started. */
const THREAD_FROM = 16 * 1024 * 1024;

/**
 * One set is decoded by another thread, the longest: there is one thread, which waits for its reader, and who reads that set
 * may be waiting for another one.
 */
function openThread(plans: readonly SetPlan[], remote: Remote): DecodeThread | undefined {
  return longestOf(plans, remote).bytes < THREAD_FROM || threadsThatPay(1) === 0 ? undefined : decodeThread();
}

function longestOf(plans: readonly SetPlan[], remote: Remote): { plan: SetPlan | undefined; bytes: number } {
  let longest: { plan: SetPlan | undefined; bytes: number } = { plan: undefined, bytes: 0 };
  for (const plan of plans) {
    let bytes = 0;
    for (const name of volumeNames(plan)) bytes += remote.listedSizeOf(name) ?? 0;
    if (bytes > longest.bytes) longest = { plan, bytes };
  }
  return longest;
}

async function* releasing(bytes: AsyncIterable<Buffer>, release: () => void): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } finally {
    release();
  }
}
