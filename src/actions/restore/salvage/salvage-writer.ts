import { renameSync } from 'node:fs';
import type { Entry } from '../../../archive/entry.ts';
import type { PieceStream } from '../../../archive/piece-stream.ts';
import type { Emit } from '../../../events/events.ts';
import type { ByteRange } from '../../../events/verdict.ts';
import type { Content } from '../../../target/file-writer.ts';
import { TreeWriter, type TreeWriterOptions } from '../../../target/tree-writer.ts';
import { type BytePath, bytePath, ROOT, shown, toFs } from '../../../util/bytepath.ts';
import type { Soon } from '../../../util/soon.ts';
import type { Relocation } from '../relocate.ts';
import { ByteRanges } from './byte-ranges.ts';
import { areAll, fill, type Patchwork } from './patchwork.ts';

/** What files end with that are not whole. */
const SUFFIX = '.partial';
const BLOCK = 64 * 1024;

interface SalvageWriterOptions extends Omit<TreeWriterOptions, 'tolerant'> {
  readonly relocation: Relocation;
  readonly emit: Emit;
}

/** What was written of a file. */
export interface Written {
  readonly ranges: readonly ByteRange[];
  readonly size: number;
  readonly isWhole: boolean;
}

/** Writes entries below the target. A file has its name when it is whole, and one that says so when it is not. */
export class SalvageWriter {
  readonly #options: SalvageWriterOptions;
  readonly #tree: TreeWriter;
  /** Files that are not whole, by the names that they have. */
  readonly #partial = new Set<BytePath>();

  constructor(options: SalvageWriterOptions) {
    this.#options = options;
    this.#tree = new TreeWriter({ ...options, tolerant: false });
  }

  get failures(): number {
    return this.#tree.failures;
  }

  write(entry: Entry, content: Content): Soon<void> {
    return this.#write(this.#options.relocation.place(entry), content);
  }

  /** A content of which nothing, or some bytes, are missing. */
  writeBody(entry: Entry, { content, ranges, isWhole }: Patchwork): Soon<void> {
    const placed = this.#options.relocation.place(entry);
    const give: Content = (take) => {
      const buffer = Buffer.allocUnsafeSlow(BLOCK);
      let at = 0;
      for (const { from, to } of ranges) {
        fill(from - at, take);
        for (at = from; at < to;) {
          const read = content.read(buffer.subarray(0, Math.min(BLOCK, to - at)), at);
          if (read === 0) return;
          take(buffer.subarray(0, read));
          at += read;
        }
      }
      fill(content.size - at, take);
    };
    return isWhole ? this.#write(placed, give) : this.#writePartial(placed, give);
  }

  /** The body of the current entry, which may turn out not to be whole. */
  async writeStream(entry: Entry, stream: PieceStream): Promise<Written> {
    const placed = this.#options.relocation.place(entry);
    const ranges = new ByteRanges();
    let size = 0;
    const before = this.failures;
    await this.#writePartial(placed, async (take) => {
      for (let block = await stream.read(); block !== undefined; block = await stream.read()) {
        if (!stream.isBlockProven) continue;
        fill(stream.offset - size, take);
        size = stream.offset + block.length;
        ranges.add(stream.offset, size);
        take(block);
      }
    });
    const isWhole = stream.isWhole && stream.isProven && areAll(ranges.all, size);
    if (isWhole && this.failures === before) this.#finish(placed.path);
    return { ranges: ranges.all, size, isWhole };
  }

  end(): void {
    this.#tree.finish();
  }

  #write(placed: Entry, content: Content): Soon<void> {
    const { path } = placed;
    if (this.#partial.has(path)) {
      // An entry that is called like what there is of another.
      this.#tree.rename(path, partialName(path));
      this.#partial.add(partialName(path));
      const text = `What there is of another file is called ${shown(partialName(path))}.`;
      this.#options.emit({ kind: 'warning', text });
    }
    return this.#tree.write(placed, content);
  }

  #writePartial(placed: Entry, content: Content): Soon<void> {
    const { path } = placed;
    if (path !== ROOT) {
      this.#partial.add(partialName(path));
      return this.#tree.write({ ...placed, path: partialName(path) }, content);
    }
    const target = partialName(this.#options.target);
    return new TreeWriter({ ...this.#options, target, tolerant: false }).write(placed, content);
  }

  /** It is whole after all. */
  #finish(path: BytePath): void {
    if (path === ROOT) {
      const { target } = this.#options;
      renameSync(toFs(partialName(target)), toFs(target));
      return;
    }
    this.#partial.delete(partialName(path));
    this.#tree.rename(partialName(path), path);
  }
}

function partialName(path: BytePath): BytePath {
  return bytePath(`${path}${SUFFIX}`);
}
