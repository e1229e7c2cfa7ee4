import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readManifest } from '../../../archive/manifest/manifest-reader.ts';
import type { Manifest } from '../../../archive/manifest/manifest.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import { CryptoError, IntegrityError } from '../../../errors/errors.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { ProvenRecord } from '../memory.ts';

/** A manifest as one place holds it. */
export type ReadManifest =
  | {
      readonly kind: 'read';
      readonly name: string;
      readonly manifest: Manifest;
      /** Of what it holds, decoded. */
      readonly sha1: string;
      /** Of the file on the remote. */
      readonly stored: string | undefined;
    }
  | { readonly kind: 'damaged'; readonly name: string; readonly error: IntegrityError }
  | {
      readonly kind: 'locked';
      readonly name: string;
      /** Of the file, where it was found right before. */
      readonly stored: string | undefined;
      /** A key was tried. */
      readonly isRefused: boolean;
    };

/** The manifests of a set; undefined where there is none. */
export interface Manifests {
  readonly remote: ReadManifest | undefined;
  readonly local: ReadManifest | undefined;
}

interface ReadOptions {
  /** Passphrases may be asked for. */
  readonly mayAsk: boolean;
  readonly proven: (file: string) => ProvenRecord | undefined;
}

/** A damaged transfer must not be taken for a damaged file. */
const TRIES = 2;

/** Reads what the store and the archive dir have of a set's manifest. */
export async function readManifests(repository: Repository, set: BackupSet, options: ReadOptions): Promise<Manifests> {
  const { archiveDir, remote } = repository;
  const { manifest, localManifest } = set;
  const tries = remote.isLocal ? 1 : TRIES;
  return {
    local:
      localManifest === undefined
        ? undefined
        : await attempt(localManifest, 1, async () => ({
            bytes: createReadStream(archiveDir.pathOf(localManifest)),
          })),
    remote: manifest === undefined ? undefined : await readStored(repository, manifest, { ...options, tries }),
  };
}

interface Opened {
  readonly bytes: AsyncIterable<Buffer>;
  readonly stored?: string;
  readonly release?: () => void;
}

async function readStored(
  { keys, remote, call }: Repository,
  name: string,
  { mayAsk, proven, tries }: ReadOptions & { readonly tries: number },
): Promise<ReadManifest> {
  const { signal } = call;
  if (keys.wouldAsk(name) && !mayAsk) {
    if (proven(name) === undefined) return { kind: 'locked', name, stored: undefined, isRefused: false };
    const file = await remote.fetch(name, signal, 'SHA1');
    const stored = file.hash('SHA1');
    file.release();
    return { kind: 'locked', name, stored, isRefused: false };
  }
  return attempt(name, tries, async () => {
    const codecOf = await keys.reader([name]);
    const file = await remote.fetch(name, signal, 'SHA1');
    const bytes = codecOf(name).open(file.path, { name, signal });
    return { bytes, stored: file.hash('SHA1'), release: file.release };
  });
}

async function attempt(name: string, tries: number, open: () => Promise<Opened>): Promise<ReadManifest> {
  for (let attempt = 1; ; attempt++) {
    const { bytes, stored, release } = await open();
    try {
      const hash = createHash('sha1');
      const manifest = await readManifest(hashed(bytes, hash), { name });
      return { kind: 'read', name, manifest, sha1: hash.digest('hex'), stored };
    } catch (error) {
      if (error instanceof CryptoError) return { kind: 'locked', name, stored, isRefused: true };
      if (!(error instanceof IntegrityError)) throw error;
      if (attempt >= tries) return { kind: 'damaged', name, error };
    } finally {
      release?.();
    }
  }
}

export async function* hashed(
  bytes: AsyncIterable<Buffer>,
  hash: { update(block: Buffer): unknown },
): AsyncGenerator<Buffer> {
  for await (const block of bytes) {
    hash.update(block);
    yield block;
  }
}
