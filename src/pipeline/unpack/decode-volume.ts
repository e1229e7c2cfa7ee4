import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { BackupSet } from '../../collections/sets.ts';
import type { DecodeThread } from '../../crypto/ahead/decode-thread.ts';
import type { Codec } from '../../crypto/codec.ts';
import type { FileStamp } from '../../crypto/file-stamp.ts';
import { CryptoError } from '../../errors/errors.ts';
import type { Soon } from '../../util/soon.ts';
import type { Remote } from '../remote.ts';
import type { FetchedVolume } from './fetch-volume.ts';
import type { VolumeFetcher } from './volume-fetcher.ts';

export interface DecodeOptions {
  readonly remote: Remote;
  readonly fetcher: VolumeFetcher;
  /** The codec a file name asks for. */
  readonly codecOf: (name: string) => Codec;
  /** Key that every volume must be signed with. */
  readonly signer: string | undefined;
  /** Decodes these volumes, and nobody else's. */
  readonly thread: DecodeThread | undefined;
  readonly signal: AbortSignal;
}

/** A volume that was asked for. */
export interface Coming {
  readonly found: Promise<FetchedVolume>;
  /** Its bytes, where the thread has begun with them. */
  readonly begun?: Begun;
}

interface Begun {
  readonly name: string;
  readonly bytes: AsyncIterableIterator<Buffer>;
}

/** Where it is read in place, the thread begins with a volume while its hash is computed. */
export function askVolume(set: BackupSet, record: VolumeRecord, options: DecodeOptions): Coming {
  const { fetcher, remote, thread } = options;
  const found = fetcher.take(record);
  // Told to whoever waits for the volume.
  found.catch(() => undefined);
  const [name, another] = set.volumes.get(record.number) ?? [];
  const isAlone = name !== undefined && another === undefined;
  if (thread === undefined || !remote.isLocal || !isAlone || options.codecOf(name).suffix === '') return { found };
  async function* early(of: string): AsyncGenerator<Buffer> {
    const { path } = await remote.fetch(of);
    yield* opened({ name: of, path, proven: found.then(provenOf) }, options);
  }
  return { found, begun: { name, bytes: primed(early(name)) } };
}

export async function letGo({ found, begun }: Coming): Promise<void> {
  await begun?.bytes.return?.();
  await found.then(({ file }) => file.release()).catch(() => undefined);
}

/** Begins before the first block is asked for. */
function primed(bytes: AsyncGenerator<Buffer>): AsyncIterableIterator<Buffer> {
  let first: ReturnType<typeof bytes.next> | undefined = bytes.next();
  first.catch(() => undefined);
  return {
    next() {
      const step = first ?? bytes.next();
      first = undefined;
      return step;
    },
    return: () => bytes.return(undefined),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The bytes of a volume that has come. */
export function volumeBytes(
  volume: FetchedVolume,
  begun: Begun | undefined,
  options: DecodeOptions,
): AsyncIterable<Buffer> {
  const { name, file } = volume;
  const isBegun = begun !== undefined && begun.name === name;
  return isBegun ? begun.bytes : opened({ name, path: file.path, proven: provenOf(volume) }, options);
}

interface Stored {
  readonly name: string;
  readonly path: string;
  readonly proven: Soon<FileStamp | undefined>;
}

function opened({ name, path, proven }: Stored, options: DecodeOptions): AsyncIterable<Buffer> {
  const { signer, signal, thread } = options;
  const codec = options.codecOf(name);
  if (signer !== undefined && codec.suffix !== '.gpg') throw notSigned(name, signer);
  return codec.open(path, {
    name,
    signal,
    reuses: true,
    proven,
    ...(signer !== undefined && { signer }),
    ...(thread !== undefined && { thread }),
  });
}

/** An encrypted volume has a check of its own, which a manifest that anyone can have written is no match for. */
function provenOf({ name, stamp, isAuthentic }: FetchedVolume): FileStamp | undefined {
  return isAuthentic || !name.endsWith('.gpg') ? stamp : undefined;
}

function notSigned(name: string, signer: string): CryptoError {
  return new CryptoError('UNSIGNED_VOLUME', `Volume was signed by key None, not ${signer}: ${name} is not encrypted.`, {
    hint: 'Leave --sign-key away to read a backup that is not signed.',
  });
}
