import { PIECE_SIZE } from '../../archive/difftar.ts';
import type { Entry, EntryStream } from '../../archive/entry.ts';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { FileInProgress } from '../../cache/journal.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { DeltaEncoder } from '../../rsync/delta.ts';
import { type FileIdentity, isSameFile } from '../../source/file-identity.ts';
import type { SourceFile } from '../../source/open-file.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { after, type Soon } from '../../util/soon.ts';
import { BlockQueue } from './block-queue.ts';
import type { Change } from '../compare/compare.ts';
import { type MemberBody, type PieceOptions, PieceWriter } from './piece-writer.ts';
import { type FilePart, storePart } from './part-of-file.ts';
import { ChangedMeanwhile } from './resume-point.ts';
import { settleDoubt } from '../compare/settle-doubt.ts';
import { SourceContent } from './source-content.ts';
import { loadSignature } from '../compare/stored-signature.ts';

export interface ProducerOptions extends PieceOptions {
  readonly signatures: SignatureSink;
  /** The previous state; its current body is the signature of the entry a diff is made for. */
  readonly state: EntryStream | undefined;
  readonly maxBlockSize: number;
  readonly open: (entry: SourceEntry) => SourceFile;
  readonly emit: Emit;
  /** Whether anybody wants to hear of each path that is stored. */
  readonly announcesFiles: boolean;
  /** Hears of regular files, in index order. */
  readonly onFile: (change: FileChange, path: Entry['path']) => void;
  /** Hears of files that more than one volume may hold, before they are read. */
  readonly onLongFile?: (file: FileInProgress | undefined) => void;
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
  readonly #pieces: PieceWriter;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#pieces = new PieceWriter(options);
  }

  store(change: Exclude<Change<SourceEntry>, { readonly kind: 'unchanged' | 'unreadable' }>): Soon<void> {
    if (change.kind === 'deleted') return this.#storeDeletion(change.previous);
    const { source } = change;
    if (change.kind === 'doubtful') return this.#settle(source, change.previous);
    if (source.meta.type !== 'reg') {
      if (change.previous?.kind === 'signature') this.#options.onFile('deleted', source.path);
      return this.#storeOther(source);
    }
    return this.#storeFile(change.kind, source);
  }

  /** Pieces of a file whose other pieces are in volumes that are taken over; `seen` is what it was then. */
  storePart(source: SourceEntry, part: FilePart, seen: FileIdentity | undefined): Promise<void> {
    // A run that is to go on in the middle of it would take it for a file that is stored whole.
    this.#options.onLongFile?.(undefined);
    return storePart(source, part, { ...this.#options, seen });
  }

  /** `signature` is the previous one when it has been read already. */
  #storeFile(how: 'snapshot' | 'diff', source: SourceEntry, signature?: Buffer): Soon<void> {
    const file = this.#open(source);
    const isBegun = this.#options.begun?.path === source.path;
    if (file === undefined && isBegun) throw new ChangedMeanwhile(source.path);
    // What the chain holds of it stays: a file that cannot be read now is not a deleted one.
    if (file === undefined) return undefined;
    if (source.meta.size >= PIECE_SIZE || isBegun) this.#note(how, source, file);
    return how === 'diff' ? this.#storeDiff(source, file, signature) : this.#storeSnapshot(source, file);
  }

  /**
   * A file in doubt that is as it was counts as unchanged, and its signature stands in the new archive as well: the time of
   * this set makes it certain, so that later runs need not read it again.
   */
  async #settle(source: SourceEntry, previous: Entry): Promise<void> {
    const { statistics, signatures } = this.#options;
    const found = await settleDoubt(source, this.#options);
    if (found.kind === 'unreadable') return this.#warn(source, found.error);
    const { signature } = found;
    if (found.kind === 'diff') return this.#storeFile('diff', source, signature);
    statistics.sourceFiles++;
    statistics.sourceFileSize += source.meta.size;
    signatures.add(previous, [signature]);
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
      added = this.#pieces.add({ kind: 'snapshot', path, meta }, meta.size < LONG ? content : this.#signed(content));
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

  async #storeDiff(source: SourceEntry, file: SourceFile, signature?: Buffer): Promise<void> {
    const { statistics, signatures, state, onFile, maxBlockSize, pause } = this.#options;
    const { path, meta } = source;
    this.#announce('fileChanged', path);
    onFile('changed', path);
    statistics.changedFiles++;
    statistics.changedFileSize += meta.size;
    try {
      const content = new SourceContent(file, meta.size, maxBlockSize);
      const encoder = new DeltaEncoder(await loadSignature(signature ?? (() => state?.read())), content.blockLength);
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
      await this.#pieces.add({ kind: 'diff', path, meta }, delta);
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
    return after(this.#pieces.addBare(entry), () => this.#options.signatures.add(entry, NO_BODY));
  }
}

const NO_SIGNER = { takeSignature: (): Buffer[] => [] };
const NO_BODY: readonly Buffer[] = [];
const GONE = { mode: 0, uid: 0, gid: 0, uname: '', gname: '', mtime: 0, size: 0, major: 0, minor: 0 } as const;
