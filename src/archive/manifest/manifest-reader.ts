import { IntegrityError } from '../../errors/errors.ts';
import { type BytePath, bytePath, ROOT } from '../../util/bytepath.ts';
import { withoutEnd } from '../../util/text/trim.ts';
import type { FileChange, Manifest, Position, VolumeRecord } from './manifest.ts';
import { unquote } from './quoting.ts';

export interface ReadOptions {
  /** What messages call the manifest. */
  readonly name?: string;
  /** Takes the list of changed files, which is never kept: it can be larger than memory. */
  readonly onFile?: (change: FileChange, path: BytePath) => void;
  /** The manifest of an unfinished backup: a record that was cut off in its middle does not count. */
  readonly partial?: boolean;
}

/** Far above two quoted paths of the longest kind; a longer line is not a manifest's. */
const LONGEST_LINE = 1024 * 1024;
const LF = 10;

// White space is ASCII's only: other bytes that JavaScript counts as such are ordinary bytes of a path.
const HEAD = /^(hostname|localdir)[ \t\r\v\f]([^]*)$/i;
const VOLUME = /^volume[ \t\r\v\f]+([^]*)$/i;
const FILELIST = /^filelist[ \t\r\v\f]+(\d+)[ \t\r\v\f]*$/i;
const FIELD = /^[ \t\r\v\f]*(startingpath|endingpath|hash)(?:[ \t\r\v\f]+([^]*))?$/i;
const PLACE = /^("[^"]*"|'[^']*'|[^ \t\r\v\f]+)(?:[ \t\r\v\f]+(\d+))?$/;
const HASH = /^([^ \t\r\v\f]+)[ \t\r\v\f]+([^ \t\r\v\f]+)$/;
const FILE = /^(new|changed|deleted)[ \t\r\v\f]+("[^"]*"|'[^']*'|[^ \t\r\v\f]+)[ \t\r\v\f]*$/i;

/**
 * Reads a manifest in any block size, each block until the next one comes, in memory that does not depend on its length. Keywords in any case, lines in any
 * order; unknown lines are passed over. `IntegrityError` names the line that is damaged.
 */
export async function readManifest(bytes: AsyncIterable<Buffer>, options: ReadOptions = {}): Promise<Manifest> {
  const parser = new ManifestParser(options);
  for await (const block of bytes) parser.push(block);
  return parser.end();
}

interface OpenRecord {
  readonly number: number;
  readonly line: number;
  readonly hashes: Map<string, string>;
  start?: Position;
  end?: Position;
}

/** The same for blocks that come one by one. What `onFile` gets belongs to the block at hand, or ends in it. */
export class ManifestParser {
  readonly #options: ReadOptions;
  readonly #volumes = new Map<number, VolumeRecord>();
  #hostname: string | undefined;
  #localDir: BytePath | undefined;
  #open: OpenRecord | undefined;
  #last = 0;
  #records = 0;
  #announced: number | undefined;
  #found = 0;
  #line = 0;
  /** Beginning of a line that goes on in the next block. */
  #held: Buffer[] = [];
  #heldLength = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  push(block: Buffer): void {
    let from = 0;
    for (let to = block.indexOf(LF); to >= 0; to = block.indexOf(LF, from)) {
      if (this.#heldLength > 0) {
        const line = Buffer.concat([...this.#held, block.subarray(0, to)]);
        this.#held = [];
        this.#heldLength = 0;
        this.#take(line, 0, line.length);
      } else {
        this.#take(block, from, to);
      }
      from = to + 1;
    }
    if (from === block.length) return;
    this.#held.push(Buffer.from(block.subarray(from)));
    this.#heldLength += block.length - from;
    if (this.#heldLength > LONGEST_LINE) throw this.#damaged('is too long');
  }

  #take(block: Buffer, from: number, to: number): void {
    this.#line++;
    const first = wordStart(block, from, to);
    if (first > from && first < to && !mayBeField(block[first] ?? 0)) {
      // The bulk of a large manifest: no text is made of it unless someone asks.
      if (this.#announced === undefined) return;
      this.#found++;
      if (this.#options.onFile !== undefined) this.#file(block.toString('latin1', first, to));
      return;
    }
    const text = block.toString('latin1', from, to);
    if (!this.#head(text)) this.#field(text);
  }

  end(): Manifest {
    if (this.#heldLength > 0 && this.#options.partial !== true) {
      this.#take(Buffer.concat(this.#held), 0, this.#heldLength);
    }
    this.#close(this.#options.partial === true);
    // A resumed backup appends: a record counts as the end of everything an earlier run wrote behind it. Without a number
    // that comes twice it is the work of 0.8.22's replicate, which writes records in the order of a listing.
    const isResumed = this.#records > this.#volumes.size;
    const volumes = [...this.#volumes.values()]
      .filter((volume) => !isResumed || volume.number <= this.#last)
      .sort((a, b) => a.number - b.number);
    return {
      ...(this.#hostname !== undefined && { hostname: this.#hostname }),
      ...(this.#localDir !== undefined && { localDir: this.#localDir }),
      volumes,
      records: this.#records,
      ...(this.#announced !== undefined && { fileList: { announced: this.#announced, found: this.#found } }),
    };
  }

  #damaged(what: string, line = this.#line): IntegrityError {
    return new IntegrityError('DAMAGED', `${this.#options.name ?? 'The manifest'}: line ${line} ${what}.`);
  }

  #head(text: string): boolean {
    const head = HEAD.exec(text);
    if (head !== null) {
      const value = this.#unquote(head[2] ?? '');
      if (head[1]?.toLowerCase() === 'hostname') this.#hostname ??= value;
      else this.#localDir ??= value;
      return true;
    }
    const volume = VOLUME.exec(text);
    if (volume !== null) {
      const number = /^(\d+)/.exec(volume[1] ?? '')?.[1];
      this.#close(false);
      if (number === undefined || Number(number) < 1) throw this.#damaged('names no volume');
      this.#open = { number: Number(number), line: this.#line, hashes: new Map() };
      return true;
    }
    const list = FILELIST.exec(text);
    if (list === null) return false;
    this.#announced = Number(list[1]);
    return true;
  }

  #field(text: string): void {
    const open = this.#open;
    const field = open === undefined ? null : FIELD.exec(text);
    if (open === undefined || field === null) return;
    const value = withoutEnd(field[2] ?? '', /[ \t\r\v\f]/);
    switch (field[1]?.toLowerCase()) {
      case 'startingpath':
        open.start = this.#place(value);
        break;
      case 'endingpath':
        open.end = this.#place(value);
        break;
      default: {
        const [, name, hash] = HASH.exec(value) ?? [];
        if (name === undefined || hash === undefined) throw this.#damaged('holds no hash');
        open.hashes.set(name.toUpperCase(), hash);
      }
    }
  }

  #file(text: string): void {
    const [, change = '', path = ''] = FILE.exec(text) ?? [];
    if (change === '' || this.#options.onFile === undefined) return;
    this.#options.onFile(change.toLowerCase() as FileChange, this.#path(path));
  }

  #place(text: string): Position {
    const [, path, block] = PLACE.exec(text) ?? [];
    if (path === undefined) throw this.#damaged('holds no path');
    return block === undefined ? { path: this.#path(path) } : { path: this.#path(path), block: Number(block) };
  }

  #path(text: string): BytePath {
    return text === '.' ? ROOT : this.#unquote(text);
  }

  #unquote(text: string): BytePath {
    const bytes = unquote(text);
    if (bytes === undefined) throw this.#damaged('holds a damaged quoted text');
    return bytePath(bytes);
  }

  #close(forgiving: boolean): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    const { number, start, end, hashes } = open;
    if (forgiving && (start === undefined || end === undefined || hashes.size === 0)) return;
    if (start === undefined) throw this.#damaged(`begins volume ${number}, which has no StartingPath`, open.line);
    if (end === undefined) throw this.#damaged(`begins volume ${number}, which has no EndingPath`, open.line);
    this.#records++;
    this.#last = number;
    this.#volumes.set(number, { number, start, end, hashes });
  }
}

function wordStart(block: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && (block[at] === 0x20 || block[at] === 0x09)) at++;
  return at;
}

/** StartingPath, EndingPath, Hash; `new`, `changed` and `deleted` begin otherwise. */
function mayBeField(byte: number): boolean {
  const letter = byte | 0x20;
  return letter === 0x73 || letter === 0x65 || letter === 0x68;
}
