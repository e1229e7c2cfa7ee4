import { type DifftarOptions, DifftarStream, type OpenVolume } from '../../archive/difftar.ts';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { OnArchiveWarning } from '../../archive/warning.ts';
import type { Codec } from '../../crypto/codec.ts';
import { BackendError, CryptoError, IntegrityError, type DuplicityError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { type Bounded, decoderLimit } from './decoder-limit.ts';
import type { FetchedVolume } from './fetch-volume.ts';
import type { SetPlan } from './set-plan.ts';
import { isUnreadable, storedBytes } from '../stored-bytes.ts';
import { type VolumeFetcher, volumeFetcher, type VolumeFetcherOptions } from './volume-fetcher.ts';

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
  const bounded = plans.length > FEW_SETS ? decoderLimit(options.spool) : undefined;
  const { onWarning, onMember } = options;
  return {
    streams: plans.map((plan) => {
      const volumes = openVolumes(plan, { ...options, fetcher, bounded });
      return new DifftarStream(volumes, {
        onWarning,
        wanted: plan.wanted,
        ...(onMember !== undefined && { onMember }),
      });
    }),
    close: () => fetcher.close(),
  };
}

interface VolumeOptions extends SetReaderOptions {
  readonly fetcher: VolumeFetcher;
  readonly bounded: Bounded | undefined;
}

async function* openVolumes({ records }: SetPlan, options: VolumeOptions): AsyncGenerator<OpenVolume> {
  for (const record of records) {
    let found: FetchedVolume;
    try {
      found = await options.fetcher.take(record);
    } catch (error) {
      const isAboutVolume = error instanceof IntegrityError || error instanceof BackendError || isUnreadable(error);
      if (!options.ignoreErrors || !isAboutVolume) throw error;
      options.onSkipped(error, record);
      continue;
    }
    const { name, file, isChecked } = found;
    try {
      if (!isChecked) {
        options.emit({ kind: 'warning', text: `The manifest holds no hash for ${name}: it is taken as it is.` });
      }
      yield { name, bytes: decoded(found, options) };
    } finally {
      file.release();
    }
    options.onVolume(found);
  }
}

/** The fetched copy is gone as soon as the decoder is through. */
function decoded({ name, file, proven }: FetchedVolume, options: VolumeOptions): AsyncIterable<Buffer> {
  const { signer, signal, bounded } = options;
  const codec = options.codecOf(name);
  if (signer !== undefined && codec.suffix !== '.gpg') throw notSigned(name, signer);
  const opened = codec.open(file.path, {
    name,
    signal,
    reuses: true,
    ...(signer !== undefined && { signer }),
    ...(proven !== undefined && { proven }),
  });
  const bytes = storedBytes(opened);
  return bounded === undefined ? bytes : bounded(releasing(bytes, file.release));
}

async function* releasing(bytes: AsyncIterable<Buffer>, release: () => void): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } finally {
    release();
  }
}

function notSigned(name: string, signer: string): CryptoError {
  return new CryptoError('UNSIGNED_VOLUME', `Volume was signed by key None, not ${signer}: ${name} is not encrypted.`, {
    hint: 'Leave --sign-key away to read a backup that is not signed.',
  });
}
