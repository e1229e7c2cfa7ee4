import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PIECE_SIZE } from '../../archive/difftar.ts';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import { formatLocalName, formatName, type MetadataName, type Prefixes } from '../../archive/names/names.ts';
import { guard } from '../../cache/guard.ts';
import {
  type FileInProgress,
  type JournalHead,
  type JournalLine,
  journalName,
  type Origin,
} from '../../cache/journal.ts';
import type { Codec } from '../../crypto/codec.ts';
import { DuplicityError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import type { BackupStatistics } from '../../events/statistics.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { JournalFile } from './journal-file.ts';
import { ManifestFile } from './manifest-file.ts';
import type { BaseVolume } from '../reuse/base-volume.ts';
import { hashFile, type Remote } from '../remote.ts';
import { SigtarFile } from './sigtar-file.ts';
import type { Spool } from '../spool.ts';
import { roomFor, unaskedAhead, UploadQueue } from './upload-queue.ts';
import { VolumePacker, type OpenVolume, type VolumeRange } from './volume-packer.ts';

/** Zero bytes that end the tar of an encrypted volume; others end with their last member, as the reference's do. */
const TRAILER = 1024;
const BLOCK = 256 * 1024;

/** A volume of an interrupted run that stays. */
export interface KeptVolume {
  readonly record: VolumeRecord;
  /** What the journal of that run says of it. */
  readonly line: JournalLine | undefined;
}

/** A volume of another set that this one holds as well. */
export interface TakenOver {
  /** Its number here. */
  readonly number: number;
  readonly base: BaseVolume;
  /** `sent`: fetched and put, because the store would not copy. */
  readonly how: 'copied' | 'sent';
}

/** Copies volumes on the remote. */
export interface Copies {
  originOf(base: BaseVolume): Origin;
  /** None has been tried yet. */
  readonly isUntried: boolean;
  copy(from: string, to: string, size: number): Promise<TakenOver['how']>;
  /** It is there. */
  noted(volume: TakenOver): void;
}

export interface SetWriterOptions {
  readonly type: 'full' | 'inc';
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
  readonly prefixes: Prefixes;
  /** For volumes and signatures. */
  readonly codec: Codec;
  /** For the manifest, which is encrypted or plain, never compressed alone. */
  readonly manifestCodec: Codec;
  /** For the signatures' copy in the archive dir. */
  readonly localCodec: Codec;
  readonly remote: Remote;
  readonly spool: Spool;
  /** The archive dir and a private directory inside it. */
  readonly archiveDir: string;
  readonly workDir: string;
  /** What is not known is not written. */
  readonly hostname: string | undefined;
  readonly localDir: BytePath | undefined;
  readonly volumeSize: number;
  readonly listFiles: boolean;
  /** What is there of the set already: its first volumes. */
  readonly kept: readonly KeptVolume[];
  /** What a run that resumes this one has to know. Without it nothing tells of an unfinished set: no backup goes on with it. */
  readonly journal: JournalHead | undefined;
  /** For volumes that are taken over from another set. */
  readonly copies?: Copies | undefined;
  /** For tests: the run ends in failure after the upload of this volume. */
  readonly failOnVolume: number | undefined;
  /**
   * Volumes that may be on their way while the next is written; 0 uploads in line. undefined: a few, as long as there is
   * room, and not spoken of as in the background.
   */
  readonly concurrency: number | undefined;
  /** Uploads the back end can take at once. */
  readonly parallel: number;
  readonly statistics: BackupStatistics;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Writes one backup set: volumes as they fill up, then the signatures, and last the manifest, which makes the set
 * visible. Until then the archive dir holds `.part` files that tell what has been uploaded.
 */
export class SetWriter {
  readonly #options: SetWriterOptions;
  readonly #uploads: UploadQueue;
  readonly #journal: JournalFile | undefined;
  readonly manifest: ManifestFile;
  readonly signatures: SigtarFile;
  readonly volumes: VolumePacker;
  /** The file the producer works on, if it is one that can go on in the next volume. */
  inProgress: FileInProgress | undefined;

  constructor(options: SetWriterOptions) {
    this.#options = options;
    const { archiveDir, workDir, hostname, localDir, volumeSize, codec, listFiles, kept, journal } = options;
    const { concurrency, parallel, spool } = options;
    const hasRoom = roomFor(spool, () => volumeSize);
    this.#uploads = new UploadQueue({ ahead: concurrency ?? unaskedAhead(volumeSize), parallel, hasRoom });
    this.manifest = new ManifestFile({
      archiveDir,
      path: join(workDir, 'manifest'),
      listPath: listFiles ? join(workDir, 'filelist') : undefined,
      hostname,
      localDir,
    });
    this.signatures = new SigtarFile(join(workDir, 'sigtar'), archiveDir);
    if (journal !== undefined) {
      this.#journal = new JournalFile({ path: join(workDir, 'journal'), archiveDir, head: journal });
    }
    for (const { record, line } of kept) {
      this.manifest.addVolume(record);
      if (line !== undefined) this.#journal?.add(line);
    }
    this.volumes = new VolumePacker({
      kept: kept.length,
      limit: Math.max(volumeSize, PIECE_SIZE),
      blockBytes: codec.blockBytes,
      trailer: codec.suffix === '.gpg' ? TRAILER : 0,
      open: async (number) => {
        const path = options.spool.newPath(`vol${number}`);
        return { path, file: await codec.create(path, options.signal, { wantsDigest: true }) };
      },
      sealed: (number, volume, range) => this.#sealVolume(number, volume, range),
    });
  }

  /** Whether volumes are on their way, which takes turns of the event loop. */
  get isUploading(): boolean {
    return this.#uploads.isBusy;
  }

  /** The next volume is a copy of one that is there. The one that is being written ends. */
  async takeOver(base: BaseVolume): Promise<void> {
    const number = await this.volumes.passOver();
    const { name: from, start, end, sha1, size } = base;
    const { codec, prefixes, emit, copies, type, start: since, end: time } = this.#options;
    if (copies === undefined) throw new Error('nothing was to be taken over');
    const name = formatName(
      { kind: 'volume', type, start: since, end: time, volume: number, ...suffixOf(codec) },
      prefixes,
    );
    const entries = { signatures: this.signatures.length, entries: this.signatures.digest() };
    this.#journal?.add({ volume: number, sha1, size, ...entries, copied: copies.originOf(base) });
    this.manifest.addVolume({ number, start, end, hashes: new Map([['SHA1', sha1]]) });
    const isFirst = copies.isUntried;
    await this.#uploads.addCopy(async () => {
      await this.#checkpoint();
      const how = await copies.copy(from, name, size);
      emit({
        kind: 'info',
        text: how === 'sent' ? `${name} holds what ${from} holds.` : `${name} is a copy of ${from}.`,
      });
      copies.noted({ number, base, how });
      this.#arrived(number, size);
    });
    // Whether the store copies shows before much is left to it.
    if (isFirst) await this.#uploads.drain();
  }

  /** Completes the set on the remote and in the archive dir. Answers the number of its volumes. */
  async finish(): Promise<number> {
    const volumes = await this.volumes.finish();
    await this.#uploads.drain();
    // Without a volume of its own, a resumed run has not yet taken the place of the one before.
    if (this.#options.kept.length > 0) await this.#checkpoint();
    this.manifest.finish();
    this.signatures.finish();
    this.#journal?.close();
    await this.#publishSignatures();
    await this.#publishManifest();
    return volumes;
  }

  /** Gives up: nothing becomes visible; what has been uploaded stays named in the `.part` files. */
  async abort(): Promise<void> {
    await this.volumes.abort();
    await this.#uploads.settle();
    this.manifest.close();
    this.signatures.close();
    this.#journal?.close();
  }

  async #sealVolume(number: number, { path, file }: OpenVolume, range: VolumeRange): Promise<void> {
    const { type, start, end, codec, prefixes, emit, remote, concurrency = 0 } = this.#options;
    const size = await file.finish();
    const sha1 = file.digest?.() ?? hashFile(path, 'SHA1');
    const { inProgress } = this;
    this.#journal?.add({
      volume: number,
      sha1,
      size,
      signatures: this.signatures.length,
      entries: this.signatures.digest(),
      ...(range.end.block !== undefined && inProgress?.path === range.end.path && { file: inProgress }),
    });
    this.manifest.addVolume({ number, ...range, hashes: new Map([['SHA1', sha1]]) });
    const name = formatName({ kind: 'volume', type, start, end, volume: number, ...suffixOf(codec) }, prefixes);
    const background = concurrency > 0;
    await this.#uploads.add(async () => {
      // On disk before the upload: a run that dies in it knows which volume to look for.
      await this.#checkpoint();
      emit({ kind: 'uploading', name, background });
      await remote.put(name, path, { isSpare: true });
      rmSync(path, { force: true });
      emit({ kind: 'uploaded', name, background });
      this.#arrived(number, size);
    });
  }

  /** A volume is on the remote. */
  #arrived(number: number, size: number): void {
    const { statistics, emit, failOnVolume } = this.#options;
    statistics.totalDestinationSizeChange += size;
    emit({ kind: 'progress', current: statistics.sourceFileSize });
    if (number === failOnVolume) throw forcedFailure(number);
  }

  /** What was written so far is on disk, under the names of an unfinished set. */
  async #checkpoint(): Promise<void> {
    if (this.#journal === undefined) return;
    this.#journal.moveTo(this.#journalPath());
    await Promise.all([
      this.manifest.checkpoint(this.#partPath('manifest')),
      this.signatures.checkpoint(this.#partPath('signatures')),
    ]);
  }

  async #publishSignatures(): Promise<void> {
    const { codec, localCodec, workDir, remote } = this.#options;
    const part = this.signatures.path;
    const copy = join(workDir, 'signatures.gz');
    if (codec.suffix === '.gz') {
      await this.#encode(part, codec, copy);
      await remote.put(this.#remoteName('signatures', codec), copy);
    } else {
      await this.#upload(part, codec, 'signatures');
      await this.#encode(part, localCodec, copy);
    }
    this.#install(copy, 'signatures');
    this.#remove(part);
  }

  async #publishManifest(): Promise<void> {
    await this.#upload(this.manifest.path, this.#options.manifestCodec, 'manifest');
    // Before the notes of an unfinished set go: the next run takes up from them what is there.
    await this.#options.remote.confirm();
    this.#install(this.manifest.path, 'manifest');
    this.#remove(this.#journalPath());
  }

  /** From the archive dir. */
  #remove(path: string): void {
    guard(this.#options.archiveDir, 'written', () => rmSync(path, { force: true }));
  }

  async #upload(file: string, codec: Codec, kind: MetadataName['kind']): Promise<void> {
    const { remote, spool } = this.#options;
    const name = this.#remoteName(kind, codec);
    const encoded = codec.suffix === '' ? file : spool.newPath(kind);
    if (encoded !== file) await this.#encode(file, codec, encoded);
    // What is uploaded as it is, is read again or moved: it must not become one file with the remote's.
    await remote.put(name, encoded, { isSpare: encoded !== file });
    if (encoded !== file) rmSync(encoded, { force: true });
  }

  async #encode(from: string, codec: Codec, to: string): Promise<void> {
    const output = await codec.create(to, this.#options.signal);
    const { archiveDir } = this.#options;
    const fd = guard(archiveDir, 'read', () => openSync(from, 'r'));
    try {
      for (;;) {
        const block = Buffer.allocUnsafeSlow(BLOCK);
        const length = guard(archiveDir, 'read', () => readSync(fd, block));
        if (length === 0) break;
        const wait = output.write(block.subarray(0, length));
        if (wait instanceof Promise) await wait;
      }
    } catch (error) {
      await output.abort();
      throw error;
    } finally {
      closeSync(fd);
    }
    await output.finish();
  }

  /** Durable under its final name in the archive dir. */
  #install(path: string, kind: MetadataName['kind']): void {
    const { archiveDir, prefixes } = this.#options;
    guard(archiveDir, 'written', () => {
      syncFile(path);
      renameSync(path, join(archiveDir, formatLocalName(this.#name(kind), prefixes)));
      syncFile(archiveDir);
    });
  }

  #partPath(kind: MetadataName['kind']): string {
    const { archiveDir, prefixes } = this.#options;
    return join(archiveDir, formatLocalName({ ...this.#name(kind), partial: true }, prefixes));
  }

  #journalPath(): string {
    const { archiveDir, prefixes } = this.#options;
    return join(archiveDir, journalName(formatLocalName({ ...this.#name('manifest'), partial: true }, prefixes)));
  }

  #remoteName(kind: MetadataName['kind'], codec: Codec): string {
    return formatName({ ...this.#name(kind), ...suffixOf(codec) }, this.#options.prefixes);
  }

  #name(kind: MetadataName['kind']): MetadataName {
    const { type, start, end } = this.#options;
    return { kind, type, start, end, partial: false, encrypted: false, compressed: false };
  }
}

function suffixOf(codec: Codec): { readonly encrypted: boolean; readonly compressed: boolean } {
  return { encrypted: codec.suffix === '.gpg', compressed: codec.suffix === '.gz' };
}

/** The reference's words; it fails by an assertion. */
function forcedFailure(number: number): DuplicityError {
  return new DuplicityError('EXCEPTION', `Forced assertion for testing at volume ${number}`, {
    exception: 'AssertionError',
  });
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
