import { rmSync } from 'node:fs';
import { formatLocalName } from '../../archive/names/names.ts';
import { type NewHash, rehashed } from '../../archive/manifest/rehashed.ts';
import { appendLedger, readLedger } from '../../cache/ledger.ts';
import { setKey } from '../../collections/listing.ts';
import { createOpenPgpFile } from '../../crypto/openpgp/encrypt.ts';
import { COMPRESSION } from '../../crypto/openpgp/packets/packet.ts';
import { fileBlocks } from '../../crypto/read-file.ts';
import { hashFile } from '../../pipeline/remote.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import type { Rekeying } from './rekey-set.ts';
import type { SetFiles } from './set-files.ts';
import { replaceFile } from './staged.ts';

type Hashes = ReadonlyMap<number, NewHash>;

interface Sealed {
  readonly path: string;
  readonly size: number;
}

/** Deflating costs little, and a list of files is long. */
const LEVEL = 6;

/**
 * Writes the manifest of a set anew: under its own session key, which stays, as that of the volumes does. Its clear text passes
 * through the archive dir, which holds such a copy anyway.
 */
export class ManifestRewriter {
  readonly #rekeying: Rekeying;
  readonly #files: SetFiles;
  /** The name of what is there of it. */
  #source: string;
  readonly #local: string;

  private constructor(rekeying: Rekeying, files: SetFiles, source: string) {
    const { type, start, end } = files.set;
    const name = { kind: 'manifest', type, start, end, partial: false, encrypted: false, compressed: false } as const;
    this.#rekeying = rekeying;
    this.#files = files;
    this.#source = source;
    this.#local = formatLocalName(name, rekeying.repository.prefixes);
  }

  /** The archive dir gets a copy, so that each new one is made of what is at hand. */
  static async open(rekeying: Rekeying, files: SetFiles, source: string): Promise<ManifestRewriter> {
    const rewriter = new ManifestRewriter(rekeying, files, source);
    const { archiveDir, call } = rekeying.repository;
    await archiveDir.write(rewriter.#local, fetchDecoded(rekeying.repository, source, { signal: call.signal }));
    return rewriter;
  }

  /** Says of volumes that are about to be replaced both hashes. Who can open the manifest does not change. */
  async announce(hashes: Hashes): Promise<void> {
    const { repository } = this.#rekeying;
    const sealed = await this.#write(hashes, false);
    try {
      await replaceFile(repository, this.#files.manifest, sealed.path);
      this.#source = this.#files.manifest;
    } finally {
      rmSync(sealed.path, { force: true });
    }
  }

  /** The last one, with one hash of each volume, for whom the set is now. Whoever gets it sends and removes it. */
  finish(hashes: Hashes): Promise<Sealed> {
    return this.#write(hashes, true);
  }

  /** First here: the copy is right for what is there before and after. */
  async #write(hashes: Hashes, isLast: boolean): Promise<Sealed> {
    const { repository, relocker, pass } = this.#rekeying;
    const { archiveDir, remote, spool, call } = repository;
    const copy = archiveDir.pathOf(this.#local);
    await archiveDir.write(
      this.#local,
      rehashed(fileBlocks(copy, { signal: call.signal }), (number) => hashes.get(number)),
    );
    this.#note();
    const stored = await remote.fetch(this.#source, call.signal);
    try {
      const relocked = await relocker.relock(stored.path, {
        name: this.#source,
        pass,
        signal: call.signal,
        wantsSession: true,
      });
      const keyPackets = isLast ? relocked.keyPackets : relocked.oldPackets;
      if (relocked.session === undefined) throw new Error('the manifest was not opened');
      const lock = { session: relocked.session, keyPackets };
      const path = spool.newPath('manifest');
      const encryption = { lock, compression: COMPRESSION.zip, level: LEVEL, signing: undefined };
      const file = createOpenPgpFile(encryption, { path, signal: call.signal, wantsDigest: false });
      try {
        for await (const block of fileBlocks(copy, { signal: call.signal })) await file.write(block);
        return { path, size: await file.finish() };
      } catch (error) {
        await file.abort();
        throw error;
      }
    } finally {
      stored.release();
    }
  }

  /** A manifest that is not what the ledger says is damage to a check. */
  #note(): void {
    const { archiveDir } = this.#rekeying.repository;
    const set = setKey(this.#files.set);
    const records = readLedger(archiveDir);
    const made = records.findLast((record) => record.what === 'made' && record.set === set);
    if (made?.what !== 'made') return;
    const manifest = hashFile(archiveDir.pathOf(this.#local), 'SHA1');
    appendLedger(archiveDir, [{ ...made, manifest }]);
  }
}
