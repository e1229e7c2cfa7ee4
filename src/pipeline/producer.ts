import { PIECE_SIZE } from '../archive/difftar.ts';
import { difftarMember, isLastPiece, pieceOf } from '../archive/difftar-writer.ts';
import type { Entry, EntryStream } from '../archive/entry.ts';
import type { FileChange } from '../archive/manifest.ts';
import { paddingLength } from '../archive/tar-header.ts';
import { headerLength, writeHeader } from '../archive/tar-writer.ts';
import { LocalError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import type { BackupStatistics } from '../events/statistics.ts';
import { DeltaEncoder } from '../rsync/delta.ts';
import { SignatureLoader } from '../rsync/signature-loader.ts';
import type { SourceFile } from '../source/open-file.ts';
import type { SourceEntry } from '../source/source-entry.ts';
import type { Soon } from '../util/soon.ts';
import { BlockQueue } from './block-queue.ts';
import type { Change } from './compare.ts';
import type { SigtarFile } from './sigtar-file.ts';
import { SourceContent } from './source-content.ts';
import type { VolumePacker } from './volume-packer.ts';

export interface ProducerOptions {
  readonly volumes: VolumePacker;
  readonly signatures: SigtarFile;
  /** The previous state; its current body is the signature of the entry a diff is made for. */
  readonly state: EntryStream | undefined;
  readonly maxBlockSize: number;
  readonly open: (entry: SourceEntry) => SourceFile;
  readonly statistics: BackupStatistics;
  /** Lets others run; throws when the run is to end. */
  readonly pause: () => Promise<void>;
  readonly emit: Emit;
  /** Hears of regular files, in index order. */
  readonly onFile: (change: FileChange, path: Entry['path']) => void;
}

/**
 * Mtime in the signature archive of a file that could not be read to its end: hardly ever a real one, so that the next
 * backup takes the file for changed and reads it again.
 */
const READ_AGAIN = 1;

/**
 * Turns changes into members of volumes and of the signature archive. Each source byte is read once: the same buffer
 * feeds the volume, the signature and the delta.
 */
export class Producer {
  readonly #options: ProducerOptions;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  async store(change: Exclude<Change<SourceEntry>, { readonly kind: 'unchanged' | 'unreadable' }>): Promise<void> {
    if (change.kind === 'deleted') {
      await this.#storeDeletion(change.previous);
      return;
    }
    const { source } = change;
    if (source.meta.type !== 'reg') {
      if (change.previous?.kind === 'signature') this.#options.onFile('deleted', source.path);
      await this.#storeOther(source);
      return;
    }
    const file = this.#open(source);
    // What the chain holds of it stays: a file that cannot be read now is not a deleted one.
    if (file === undefined) return;
    try {
      if (change.kind === 'diff') await this.#storeDiff(source, file);
      else await this.#storeSnapshot(source, file);
    } finally {
      file.close();
    }
  }

  async #storeDeletion(previous: Entry): Promise<void> {
    const { statistics, emit, onFile, signatures } = this.#options;
    const { path } = previous;
    emit({ kind: 'fileDeleted', path });
    statistics.deletedFiles++;
    statistics.deltaEntries++;
    if (previous.kind === 'signature') onFile('deleted', path);
    const gone: Entry = { kind: 'deleted', path, meta: { ...previous.meta, ...GONE } };
    await this.#addBare(gone);
    signatures.add(gone, []);
  }

  async #storeOther(source: SourceEntry): Promise<void> {
    const { statistics, emit, signatures } = this.#options;
    emit({ kind: 'fileNew', path: source.path });
    statistics.sourceFiles++;
    statistics.sourceFileSize += source.meta.size;
    statistics.newFiles++;
    statistics.newFileSize += source.meta.size;
    statistics.deltaEntries++;
    const entry: Entry = { kind: 'snapshot', path: source.path, meta: source.meta };
    await this.#addBare(entry);
    signatures.add(entry, []);
  }

  async #storeSnapshot(source: SourceEntry, file: SourceFile): Promise<void> {
    const { statistics, emit, onFile } = this.#options;
    const { path, meta } = source;
    emit({ kind: 'fileNew', path });
    onFile('new', path);
    statistics.newFiles++;
    statistics.newFileSize += meta.size;
    const content = new SourceContent(file, meta.size, this.#options.maxBlockSize);
    await this.#addPieces('snapshot', source, (into) => content.fill(into));
    this.#finish(source, content);
  }

  async #storeDiff(source: SourceEntry, file: SourceFile): Promise<void> {
    const { statistics, emit, onFile, maxBlockSize } = this.#options;
    const { path, meta } = source;
    emit({ kind: 'fileChanged', path });
    onFile('changed', path);
    statistics.changedFiles++;
    statistics.changedFileSize += meta.size;
    const encoder = new DeltaEncoder(await this.#previousSignature());
    const content = new SourceContent(file, meta.size, maxBlockSize);
    const buffer = Buffer.allocUnsafeSlow(PIECE_SIZE);
    const delta = new BlockQueue(() => {
      const length = content.fill(buffer);
      const more = length === 0 ? [] : encoder.update(buffer.subarray(0, length));
      return length < buffer.length
        ? { blocks: [...more, ...encoder.finish()], last: true }
        : { blocks: more, last: false };
    }, this.#options.pause);
    await this.#addPieces('diff', source, (into) => delta.fill(into));
    this.#finish(source, content);
  }

  #finish(source: SourceEntry, content: SourceContent): void {
    const { statistics, signatures } = this.#options;
    statistics.sourceFiles++;
    statistics.sourceFileSize += content.length;
    statistics.deltaEntries++;
    if (content.failure !== undefined) this.#warn(source, content.failure);
    const meta = content.failure === undefined ? source.meta : { ...source.meta, mtime: READ_AGAIN };
    signatures.add({ kind: 'signature', path: source.path, meta }, content.signature());
  }

  async #previousSignature(): Promise<ReturnType<SignatureLoader['finish']>> {
    const { state } = this.#options;
    const loader = new SignatureLoader();
    for (;;) {
      let block = state?.read();
      if (block instanceof Promise) block = await block;
      if (block === undefined) return loader.finish();
      loader.push(block);
    }
  }

  #open(source: SourceEntry): SourceFile | undefined {
    try {
      return this.#options.open(source);
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      this.#warn(source, error);
      return undefined;
    }
  }

  #warn(source: SourceEntry, error: LocalError): void {
    this.#options.statistics.errors++;
    this.#options.emit({
      kind: 'warning',
      code: 'cannotRead',
      path: source.path,
      text: error.message,
    });
  }

  /** A member without a body. */
  async #addBare(entry: Entry): Promise<void> {
    const { volumes } = this.#options;
    const member = difftarMember(entry, 0);
    const wait = volumes.room(headerLength(member));
    if (wait instanceof Promise) await wait;
    volumes.commit(writeHeader(volumes.block, volumes.used, member), { path: entry.path });
  }

  /**
   * The members of one file. `fill` gives the next bytes of its content or delta, fewer than asked for only at the end.
   * A body under 65,536 bytes is one member; others are pieces of that size and a shorter last one, maybe empty
   * (docs/format/volumes.md, Pieces).
   */
  async #addPieces(
    kind: 'snapshot' | 'diff',
    source: SourceEntry,
    fill: (into: Buffer) => Soon<number>,
  ): Promise<void> {
    const { volumes, statistics } = this.#options;
    const { path, meta } = source;
    const entry: Entry = { kind, path, meta };
    for (let read = 1, more = true; more; read++) {
      const longest = headerLength(difftarMember(entry, PIECE_SIZE, read));
      const wait = volumes.room(longest + PIECE_SIZE);
      if (wait instanceof Promise) await wait;
      const { block, used } = volumes;
      // Read to where the content will stand if the file is still as large as it was.
      const expected = pieceOf(read, meta.size);
      const likely = headerLength(difftarMember(entry, PIECE_SIZE, expected));
      let length = fill(block.subarray(used + likely, used + likely + PIECE_SIZE));
      if (length instanceof Promise) length = await length;
      more = !isLastPiece(length);
      const piece = pieceOf(read, length);
      const member = difftarMember(entry, length, piece);
      const header = piece === expected ? likely : headerLength(member);
      // Moved before the header is written: a longer one would lie over its beginning.
      if (header !== likely) block.copyWithin(used + header, used + likely, used + likely + length);
      writeHeader(block, used, member);
      const padding = paddingLength(length);
      const end = used + header + length;
      if (padding > 0) block.fill(0, end, end + padding);
      volumes.commit(header + length + padding, more ? { path, block: read } : { path });
      statistics.rawDeltaSize += length;
    }
  }
}

const GONE = { mode: 0, uid: 0, gid: 0, uname: '', gname: '', mtime: 0, size: 0, major: 0, minor: 0 } as const;
