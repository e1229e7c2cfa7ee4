import type { Metadata } from '../../archive/entry.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { ContentComparer, type Comparison, type Content } from '../../pipeline/compare/compare-content.ts';
import type { OpenedFile } from '../../source/open-file.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { shown, toScreen, type BytePath } from '../../util/bytepath.ts';
import { errorCode } from '../../util/errno.ts';
import type { Soon } from '../../util/soon.ts';
import { asctime } from '../../util/time.ts';

interface Numbers {
  readonly uid: number;
  readonly gid: number;
}

export interface CompareOptions {
  /** Throws `LocalError`. */
  readonly open: (entry: SourceEntry) => OpenedFile;
  /** The content that the archive holds for the entry at hand. */
  readonly content: Content;
  /** What an archived owner is on this machine. */
  readonly ownerOf: (meta: Metadata) => Numbers;
  /** Told of each difference. */
  readonly differs: (path: BytePath, what: string) => void;
  readonly emit: Emit;
}

/** Compares entries of an archive with what there is in their place, the first difference of each. */
export class EntryComparer {
  readonly #options: CompareOptions;
  readonly #contents = new ContentComparer();

  constructor(options: CompareOptions) {
    this.#options = options;
  }

  /** Throws what the content of the archive throws. Content that is not compared is read all the same. */
  compare(path: BytePath, meta: Metadata, other: SourceEntry | undefined): Soon<void> {
    const what =
      other === undefined ? `File ${shown(path)} is missing` : difference(meta, other, this.#options.ownerOf);
    if (what !== undefined) this.#options.differs(path, what);
    if (meta.type !== 'reg') return;
    return what === undefined && other !== undefined ? this.#compareData(other) : this.#passOver();
  }

  #compareData(other: SourceEntry): Soon<void> {
    const { open, content } = this.#options;
    let file: OpenedFile;
    try {
      file = open(other);
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      this.#report(other, error);
      return this.#passOver();
    }
    const result = this.#contents.compare(file, content);
    if (result instanceof Promise) return result.then((later) => this.#report(other, later));
    this.#report(other, result);
  }

  #report({ path }: SourceEntry, result: Comparison): void {
    const { differs, emit } = this.#options;
    if (result === 'same') return;
    if (result === 'different') {
      differs(path, `Data for file ${shown(path)} is different`);
      return;
    }
    // Gone since it was listed, as files of a living tree are.
    if (errorCode(result.cause) === 'ENOENT') {
      differs(path, `File ${shown(path)} is missing`);
      return;
    }
    emit({ kind: 'warning', code: 'cannotRead', path, text: result.message });
    differs(path, `Data for file ${shown(path)} cannot be compared`);
  }

  #passOver(): Soon<void> {
    return this.#options.content(() => undefined);
  }
}

/** The first difference of a path but that of data, in the order in which the reference looks for them. */
function difference(
  meta: Metadata,
  { path, meta: is }: SourceEntry,
  ownerOf: CompareOptions['ownerOf'],
): string | undefined {
  if (is.type !== meta.type) return `File ${shown(path)} has type ${is.type}, expected ${meta.type}`;
  if (meta.type === 'sym') {
    return is.link === meta.link
      ? undefined
      : `Symlink ${shown(path)} points to ${toScreen(is.link)}, expected ${toScreen(meta.link)}`;
  }
  const { uid, gid } = ownerOf(meta);
  if (is.uid !== uid || is.gid !== gid || is.mode !== meta.mode) {
    const expected = `${uid}:${gid} ${meta.mode.toString(8)}`;
    return `File ${shown(path)} has permissions ${is.uid}:${is.gid} ${is.mode.toString(8)}, expected ${expected}`;
  }
  if (meta.type === 'chr' || meta.type === 'blk') {
    return is.major === meta.major && is.minor === meta.minor
      ? undefined
      : `Device file ${shown(path)} has numbers (${is.major}, ${is.minor}), expected (${meta.major}, ${meta.minor})`;
  }
  if (is.mtime !== meta.mtime) {
    return `File ${shown(path)} has mtime ${asctime(is.mtime)}, expected ${asctime(meta.mtime)}`;
  }
  return undefined;
}
