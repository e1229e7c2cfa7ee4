import { comparePaths, ROOT } from '../util/bytepath.ts';
import type { BytePath } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { Entry, EntryKind, EntryStream } from './entry.ts';
import { memberPath, unknownMember } from './member-path.ts';
import { type TarMember, TarReader } from './tar/tar-reader.ts';
import { type Member, NO_METADATA } from './tar/tar-writer.ts';
import type { OnArchiveWarning } from './warning.ts';

interface SigtarOptions {
  /** What messages call it. */
  readonly name: string;
  readonly onWarning: OnArchiveWarning;
  /** Time of the set, so that entries in doubt get it as `storedAt`. */
  readonly setTime?: EpochSeconds;
}

/**
 * A file with an mtime that is not before the set may have changed again after it was read, in the same second. File
 * systems that count in steps of two seconds (FAT) round it down.
 */
const STEP_SECONDS = 1;

/**
 * The entries of a signature archive: `signature` for regular files, whose body is the signature; `snapshot` for
 * everything else; `deleted`. What is no tar at all counts as empty, with a warning, as in the reference; damage further
 * on is an `IntegrityError`.
 */
export class SigtarStream implements EntryStream {
  readonly #tar: TarReader;
  readonly #options: SigtarOptions;
  #last: BytePath | undefined;
  /** `#last` is of the member before this one: none was passed over between them. */
  #isLastMember = false;

  constructor(bytes: AsyncIterable<Buffer>, options: SigtarOptions) {
    const { name, onWarning } = options;
    this.#options = options;
    this.#tar = new TarReader(bytes, {
      label: name,
      onUnreadable: (error) => onWarning({ kind: 'unreadable', file: name, error }),
    });
  }

  next(): Soon<Entry | undefined> {
    for (;;) {
      const member = this.#tar.next();
      if (member instanceof Promise) return this.#nextLater(member);
      if (member === undefined) return undefined;
      const entry = this.#entry(member);
      if (entry !== undefined) return entry;
    }
  }

  read(): Soon<Buffer | undefined> {
    return this.#tar.read();
  }

  close(): Promise<void> {
    return this.#tar.close();
  }

  async #nextLater(first: Promise<TarMember | undefined>): Promise<Entry | undefined> {
    const member = await first;
    if (member === undefined) return undefined;
    return this.#entry(member) ?? this.next();
  }

  /** The entry a member is; undefined when it is out of order and cannot take part in a merge. */
  #entry({ name, meta }: TarMember): Entry | undefined {
    const { name: file, setTime } = this.#options;
    const kind = kindOf(name);
    if (kind === undefined || (kind === 'signature' && meta.type !== 'reg')) throw unknownMember(name, file);
    const start = kind.length + 1;
    const last = this.#last;
    // Of a name that begins like the last one only the rest is looked at. A root may be spelled in an unsafe way.
    const shared = this.#isLastMember && last !== ROOT ? Math.max(0, this.#tar.shared - start) : 0;
    const known = shared === 0 ? start : Math.max(start, name.lastIndexOf('/', start + shared - 1) + 1);
    const path = memberPath(name, start, name.length, file, known);
    if (last !== undefined && comparePaths(path, last, shared) <= 0) {
      this.#options.onWarning({ kind: 'unordered', file, path, previous: last });
      this.#isLastMember = false;
      return undefined;
    }
    this.#last = path;
    this.#isLastMember = true;
    if (setTime === undefined || meta.mtime < setTime - STEP_SECONDS || kind !== 'signature')
      return { kind, path, meta };
    return { kind, path, meta, storedAt: setTime };
  }
}

/** The member for an entry with `size` bytes of signature; 0 for anything but a regular file. */
export function sigtarMember({ kind, path, meta }: Entry, size: number): Member {
  if (kind === 'deleted') return { name: `deleted/${path}`, meta: NO_METADATA, size: 0 };
  if (meta.type === 'reg') return { name: `signature/${path}`, meta, size };
  const slash = meta.type === 'dir' && path !== ROOT ? '/' : '';
  return { name: `snapshot/${path}${slash}`, meta, size: 0 };
}

function kindOf(name: string): EntryKind | undefined {
  if (name.startsWith('signature/')) return 'signature';
  if (name.startsWith('snapshot/')) return 'snapshot';
  return name.startsWith('deleted/') ? 'deleted' : undefined;
}
