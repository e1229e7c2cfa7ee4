import { ManifestParser } from '../../archive/manifest/manifest-reader.ts';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import { type BytePath, comparePaths } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';

/** A line of the list of changed files. */
export interface ListedChange {
  readonly change: FileChange;
  readonly path: BytePath;
}

/** The list of changed files of a manifest, a few at a time. */
export async function* listedChanges(
  bytes: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<readonly ListedChange[]> {
  let batch: ListedChange[] = [];
  const parser = new ManifestParser({ name, onFile: (change, path) => batch.push({ change, path }) });
  for await (const block of bytes) {
    parser.push(block);
    if (batch.length === 0) continue;
    yield batch;
    batch = [];
  }
  parser.end();
  if (batch.length > 0) yield batch;
}

/** Looks paths up in such a list, in its order. */
export class ListCursor {
  readonly #batches: AsyncIterator<readonly ListedChange[]>;
  #batch: readonly ListedChange[] = [];
  #at = 0;
  #isEnded = false;

  constructor(batches: AsyncIterable<readonly ListedChange[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** What the list says of a path that comes after those of earlier calls. */
  changeOf(path: BytePath): Soon<FileChange | undefined> {
    for (;;) {
      const line = this.#batch[this.#at];
      if (line === undefined) return this.#isEnded ? undefined : this.#changeLater(path);
      const order = comparePaths(line.path, path);
      if (order === 0) return line.change;
      if (order > 0) return undefined;
      this.#at++;
    }
  }

  async close(): Promise<void> {
    this.#isEnded = true;
    await this.#batches.return?.();
  }

  async #changeLater(path: BytePath): Promise<FileChange | undefined> {
    const { done, value } = await this.#batches.next();
    this.#isEnded = done === true;
    this.#batch = done === true ? [] : value;
    this.#at = 0;
    return this.changeOf(path);
  }
}
