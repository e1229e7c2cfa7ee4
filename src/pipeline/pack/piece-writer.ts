import { PIECE_SIZE } from '../../archive/difftar.ts';
import { difftarMember, isLastPiece, pieceOf } from '../../archive/difftar-writer.ts';
import type { Entry } from '../../archive/entry.ts';
import { BLOCK, paddingLength } from '../../archive/tar/tar-header.ts';
import { headerLength, writeHeader } from '../../archive/tar/tar-writer.ts';
import type { BackupStatistics } from '../../events/statistics.ts';
import { after, type Soon } from '../../util/soon.ts';
import { ChangedMeanwhile, type SplitFile } from './resume-point.ts';
import type { VolumePacker } from './volume-packer.ts';

export interface PieceOptions {
  readonly volumes: VolumePacker;
  readonly statistics: BackupStatistics;
  /** Lets others run; throws when the run is to end. */
  readonly pause: () => Promise<void>;
  /** A file whose first pieces are in a volume already. */
  readonly begun?: SplitFile | undefined;
}

/** Content or delta: `fill` gives its next bytes, fewer than asked for only at its end. */
export interface MemberBody {
  fill(into: Buffer): Soon<number>;
}

/** Numbers of pieces; without `to` all up to the last. */
interface PieceRange {
  readonly from: number;
  readonly to: number | undefined;
}

/** Pieces of one file after which others get their turn: 4 MiB, some milliseconds. */
const PIECES_AT_A_TIME = 64;

/** The `read`-th unit of a body as the member it will be unless the file has changed its size: number and header. */
interface Likely {
  readonly read: number;
  readonly piece: number;
  readonly header: number;
}

/**
 * Puts the content of files into volumes. A body under 65,536 bytes is one member; others are pieces of that size and a
 * shorter last one, maybe empty (docs/format/volumes.md, Pieces).
 */
export class PieceWriter {
  readonly #options: PieceOptions;

  constructor(options: PieceOptions) {
    this.#options = options;
  }

  add(entry: Entry, body: MemberBody): Soon<void> {
    const { begun } = this.#options;
    if (begun?.path === entry.path) return this.#addLaterPieces(entry, body, begun.pieces);
    const more = this.#addPiece(entry, body, 1);
    if (more instanceof Promise || more) return this.#addRest(entry, body, more);
    return undefined;
  }

  /** A member without a body. */
  addBare(entry: Entry): Soon<void> {
    const { volumes } = this.#options;
    const member = difftarMember(entry, 0);
    return after(volumes.room(headerLength(member)), () =>
      volumes.commit(writeHeader(volumes.block, volumes.used, member), { path: entry.path }),
    );
  }

  /** Pieces of a body that begins with the first of them. Throws `ChangedMeanwhile` when there are not as many. */
  async addPart(entry: Entry, body: MemberBody, { from, to }: PieceRange): Promise<void> {
    const { pause } = this.#options;
    const last = to ?? Infinity;
    for (let read = from; read <= last; read++) {
      if (read % PIECES_AT_A_TIME === 0) await pause();
      const added = this.#addPiece(entry, body, read);
      const more = added instanceof Promise ? await added : added;
      if (more) continue;
      if (to !== undefined) throw new ChangedMeanwhile(entry.path);
      return;
    }
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
