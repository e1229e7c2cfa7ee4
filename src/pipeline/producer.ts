import { PIECE_SIZE } from '../archive/difftar.ts';
import { difftarMember, isLastPiece, pieceOf } from '../archive/difftar-writer.ts';
import type { Entry, EntryStream } from '../archive/entry.ts';
import type { FileChange } from '../archive/manifest.ts';
import { BLOCK, paddingLength } from '../archive/tar-header.ts';
import { headerLength, writeHeader } from '../archive/tar-writer.ts';
import type { FileInProgress } from '../cache/journal.ts';
import { LocalError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import type { BackupStatistics } from '../events/statistics.ts';
import { DeltaEncoder } from '../rsync/delta.ts';
import { SignatureLoader } from '../rsync/signature-loader.ts';
import { isSameFile } from '../source/file-identity.ts';
import type { SourceFile } from '../source/open-file.ts';
import type { SourceEntry } from '../source/source-entry.ts';
import { after, type Soon } from '../util/soon.ts';
import { BlockQueue } from './block-queue.ts';
import type { Change } from './compare.ts';
import { ChangedMeanwhile, type SplitFile } from './resume-point.ts';
import { SourceContent } from './source-content.ts';
import type { VolumePacker } from './volume-packer.ts';

export interface ProducerOptions {
  readonly volumes: VolumePacker;
  readonly signatures: SignatureSink;
  /** The previous state; its current body is the signature of the entry a diff is made for. */
  readonly state: EntryStream | undefined;
  readonly maxBlockSize: number;
  readonly open: (entry: SourceEntry) => SourceFile;
  readonly statistics: BackupStatistics;
  /** Lets others run; throws when the run is to end. */
  readonly pause: () => Promise<void>;
  readonly emit: Emit;
  /** Whether anybody wants to hear of each path that is stored. */
  readonly announcesFiles: boolean;
  /** Hears of regular files, in index order. */
  readonly onFile: (change: FileChange, path: Entry['path']) => void;
  /** Hears of files that more than one volume may hold, before they are read. */
  readonly onLongFile?: (file: FileInProgress | undefined) => void;
  /** A file whose first pieces are in a volume already. */
  readonly begun?: SplitFile | undefined;
}

/** Takes the entries of a signature archive. */
export interface SignatureSink {
  /** Nobody wants signatures: those of new files are not computed. */
  readonly discards?: true;
  /** Takes the beginning of the body of the next entry. */
  hold(blocks: readonly Buffer[]): void;
  /** `body` is the rest of the body. */
  add(entry: Entry, body: readonly Buffer[]): void;
}

/** Content or delta: `fill` gives its next bytes, fewer than asked for only at its end. */
interface MemberBody {
  fill(into: Buffer): Soon<number>;
}

/** Pieces of one file after which others get their turn: 4 MiB, some milliseconds. */
const PIECES_AT_A_TIME = 64;

/**
 * Mtime in the signature archive of a file that could not be read to its end: hardly ever a real one, so that the next
 * backup takes the file for changed and reads it again.
 */
const READ_AGAIN = 1;

/**
 * A file must be so much older than its reading for its times to tell of every later change: kernels count them in steps
 * of up to 10 ms.
 */
const CERTAIN_MS = 20;

/** From this size on a file's signature, more than a 256th of it, is not kept in memory until the file is read. */
const LONG = 16 * 1024 * 1024;

/**
 * Turns changes into members of volumes and of the signature archive. Each source byte is read once: the same buffer
 * feeds the volume, the signature and the delta.
 */
export class Producer {
  readonly #options: ProducerOptions;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  store(change: Exclude<Change<SourceEntry>, { readonly kind: 'unchanged' | 'unreadable' }>): Soon<void> {
    if (change.kind === 'deleted') return this.#storeDeletion(change.previous);
    const { source } = change;
    if (source.meta.type !== 'reg') {
      if (change.previous?.kind === 'signature') this.#options.onFile('deleted', source.path);
      return this.#storeOther(source);
    }
    const file = this.#open(source);
    const isBegun = this.#options.begun?.path === source.path;
    if (file === undefined && isBegun) throw new ChangedMeanwhile(source.path);
    // What the chain holds of it stays: a file that cannot be read now is not a deleted one.
    if (file === undefined) return undefined;
    if (source.meta.size >= PIECE_SIZE || isBegun) this.#note(change.kind, source, file);
    return change.kind === 'diff' ? this.#storeDiff(source, file) : this.#storeSnapshot(source, file);
  }

  /** So that a run that dies in the middle of this file can be resumed there; and this one may be that second run. */
  #note(how: 'snapshot' | 'diff', { path }: SourceEntry, file: SourceFile): void {
    const { begun, onLongFile } = this.#options;
    const is = file.identity?.();
    if (begun?.path === path && (is === undefined || !isSameFile(is, begun.file))) {
      file.close();
      throw new ChangedMeanwhile(path);
    }
    const isCertain = is !== undefined && is.ctimeMs + CERTAIN_MS <= Date.now();
    onLongFile?.(isCertain ? { path, how, ...is } : undefined);
  }

  #storeDeletion(previous: Entry): Soon<void> {
    const { statistics, onFile } = this.#options;
    const { path } = previous;
    this.#announce('fileDeleted', path);
    statistics.deletedFiles++;
    statistics.deltaEntries++;
    if (previous.kind === 'signature') onFile('deleted', path);
    return this.#addBare({ kind: 'deleted', path, meta: { ...previous.meta, ...GONE } });
  }

  #storeOther(source: SourceEntry): Soon<void> {
    const { statistics } = this.#options;
    const { path, meta } = source;
    this.#announce('fileNew', path);
    statistics.sourceFiles++;
    statistics.sourceFileSize += meta.size;
    statistics.newFiles++;
    statistics.newFileSize += meta.size;
    statistics.deltaEntries++;
    return this.#addBare({ kind: 'snapshot', path, meta });
  }

  #storeSnapshot(source: SourceEntry, file: SourceFile): Soon<void> {
    const { statistics, onFile, maxBlockSize, signatures } = this.#options;
    const { path, meta } = source;
    this.#announce('fileNew', path);
    onFile('new', path);
    statistics.newFiles++;
    statistics.newFileSize += meta.size;
    const content = new SourceContent(file, meta.size, maxBlockSize);
    if (signatures.discards === true) content.leaveSigningTo(NO_SIGNER);
    let added: Soon<void>;
    try {
      added = this.#addPieces({ kind: 'snapshot', path, meta }, meta.size < LONG ? content : this.#signed(content));
    } catch (error) {
      file.close();
      throw error;
    }
    if (added instanceof Promise) return this.#finishLater(added, source, content);
    file.close();
    this.#finish(source, content);
  }

  /** The same content, whose signature goes where it belongs while it grows. */
  #signed(content: SourceContent): MemberBody {
    const { signatures } = this.#options;
    return {
      fill(into) {
        const length = content.fill(into);
        signatures.hold(content.takeSignature());
        return length;
      },
    };
  }

  async #storeDiff(source: SourceEntry, file: SourceFile): Promise<void> {
    const { statistics, signatures, onFile, maxBlockSize, pause } = this.#options;
    const { path, meta } = source;
    this.#announce('fileChanged', path);
    onFile('changed', path);
    statistics.changedFiles++;
    statistics.changedFileSize += meta.size;
    try {
      const content = new SourceContent(file, meta.size, maxBlockSize);
      const encoder = new DeltaEncoder(await this.#previousSignature(), content.blockLength);
      if (encoder.isSigning) content.leaveSigningTo(encoder);
      const buffer = Buffer.allocUnsafeSlow(PIECE_SIZE);
      const delta = new BlockQueue(() => {
        const length = content.fill(buffer);
        const more = length === 0 ? [] : encoder.update(buffer.subarray(0, length));
        signatures.hold(content.takeSignature());
        return length < buffer.length
          ? { blocks: [...more, ...encoder.finish()], last: true }
          : { blocks: more, last: false };
      }, pause);
      await this.#addPieces({ kind: 'diff', path, meta }, delta);
      this.#finish(source, content);
    } finally {
      file.close();
    }
  }

  async #finishLater(added: Promise<void>, source: SourceEntry, content: SourceContent): Promise<void> {
    try {
      await added;
      this.#finish(source, content);
    } finally {
      content.close();
    }
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

  /** Nobody may hear of single files, and there can be millions. */
  #announce(kind: 'fileNew' | 'fileChanged' | 'fileDeleted', path: Entry['path']): void {
    if (this.#options.announcesFiles) this.#options.emit({ kind, path });
  }

  /** A member without a body, here and among the signatures. */
  #addBare(entry: Entry): Soon<void> {
    const { volumes, signatures } = this.#options;
    const member = difftarMember(entry, 0);
    return after(volumes.room(headerLength(member)), () => {
      volumes.commit(writeHeader(volumes.block, volumes.used, member), { path: entry.path });
      signatures.add(entry, NO_BODY);
    });
  }

  /**
   * The members of one file. A body under 65,536 bytes is one member; others are pieces of that size and a shorter last
   * one, maybe empty (docs/format/volumes.md, Pieces).
   */
  #addPieces(entry: Entry, body: MemberBody): Soon<void> {
    const { begun } = this.#options;
    if (begun?.path === entry.path) return this.#addLaterPieces(entry, body, begun.pieces);
    const more = this.#addPiece(entry, body, 1);
    if (more instanceof Promise || more) return this.#addRest(entry, body, more);
    return undefined;
  }

  /** The pieces behind the first `kept`, which are read for the signature only. */
  async #addLaterPieces(entry: Entry, body: MemberBody, kept: number): Promise<void> {
    const { pause } = this.#options;
    const unused = Buffer.allocUnsafeSlow(PIECE_SIZE);
    for (let read = 1; read <= kept; read++) {
      if (read % PIECES_AT_A_TIME === 0) await pause();
      const fill = body.fill(unused);
      const length = fill instanceof Promise ? await fill : fill;
      if (isLastPiece(length)) throw new ChangedMeanwhile(entry.path);
    }
    await this.#addRest(entry, body, true, kept + 1);
  }

  async #addRest(entry: Entry, body: MemberBody, first: Soon<boolean>, next = 2): Promise<void> {
    let more = await first;
    for (let read = next; more; read++) {
      if (read % PIECES_AT_A_TIME === 0) await this.#options.pause();
      const next = this.#addPiece(entry, body, read);
      more = next instanceof Promise ? await next : next;
    }
  }

  /** The `read`-th unit of a body; false when it was the last. */
  #addPiece(entry: Entry, body: MemberBody, read: number): Soon<boolean> {
    const longest = headerLength(difftarMember(entry, PIECE_SIZE, read));
    const wait = this.#options.volumes.room(longest + PIECE_SIZE);
    if (wait instanceof Promise) return wait.then(() => this.#fillPiece(entry, body, { read, longest }));
    return this.#fillPiece(entry, body, { read, longest });
  }

  #fillPiece(entry: Entry, body: MemberBody, { read, longest }: { read: number; longest: number }): Soon<boolean> {
    const { block, used } = this.#options.volumes;
    // Read to where the content will stand if the file is still as large as it was.
    const piece = pieceOf(read, entry.meta.size);
    // The same header, or one with a shorter name.
    const isLongest = piece === read || longest === BLOCK;
    const header = isLongest ? longest : headerLength(difftarMember(entry, PIECE_SIZE, piece));
    const length = body.fill(block.subarray(used + header, used + header + PIECE_SIZE));
    const likely: Likely = { read, piece, header };
    if (length instanceof Promise) return length.then((known) => this.#commitPiece(entry, known, likely));
    return this.#commitPiece(entry, length, likely);
  }

  /** Puts the header before the `length` bytes that stand behind the likely one. */
  #commitPiece(entry: Entry, length: number, likely: Likely): boolean {
    const { volumes, statistics } = this.#options;
    const { block, used } = volumes;
    const { read } = likely;
    const more = !isLastPiece(length);
    const piece = pieceOf(read, length);
    const member = difftarMember(entry, length, piece);
    const header = piece === likely.piece ? likely.header : headerLength(member);
    // Moved before the header is written: a longer one would lie over its beginning.
    if (header !== likely.header) {
      block.copyWithin(used + header, used + likely.header, used + likely.header + length);
    }
    writeHeader(block, used, member);
    const padding = paddingLength(length);
    const end = used + header + length;
    if (padding > 0) block.fill(0, end, end + padding);
    const { path } = entry;
    volumes.commit(header + length + padding, more ? { path, block: read } : { path });
    statistics.rawDeltaSize += length;
    return more;
  }
}

/** The `read`-th unit of a body as the member it will be unless the file has changed its size: number and header. */
interface Likely {
  readonly read: number;
  readonly piece: number;
  readonly header: number;
}

const NO_SIGNER = { takeSignature: (): Buffer[] => [] };
const NO_BODY: readonly Buffer[] = [];
const GONE = { mode: 0, uid: 0, gid: 0, uname: '', gname: '', mtime: 0, size: 0, major: 0, minor: 0 } as const;
