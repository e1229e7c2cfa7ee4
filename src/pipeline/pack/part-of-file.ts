import { PIECE_SIZE } from '../../archive/difftar.ts';
import { LocalError } from '../../errors/errors.ts';
import { type FileIdentity, isSameFile } from '../../source/file-identity.ts';
import type { SourceFile } from '../../source/open-file.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { type PieceOptions, PieceWriter } from './piece-writer.ts';
import { ChangedMeanwhile } from './resume-point.ts';

/** Pieces of a file by their numbers, from 1. */
export interface FilePart {
  readonly path: BytePath;
  readonly from: number;
  /** The last one; undefined: to the end of the file. */
  readonly to: number | undefined;
}

interface PartOptions extends PieceOptions {
  readonly open: (entry: SourceEntry) => SourceFile;
}

/**
 * Stores pieces of a file whose other pieces are in volumes that were written of it earlier. Throws `ChangedMeanwhile`
 * when it is not the file that was seen to be the same, before or after it is read: pieces of two states would be mixed.
 */
export async function storePart(
  source: SourceEntry,
  { from, to }: FilePart,
  { seen, ...options }: PartOptions & { readonly seen: FileIdentity | undefined },
): Promise<void> {
  const { open, statistics, volumes, pause } = options;
  const before = statistics.rawDeltaSize;
  const file = opened(source, open);
  try {
    const is = file.identity?.();
    if (seen === undefined || is === undefined || !isSameFile(is, seen)) throw new ChangedMeanwhile(source.path);
    file.skip?.((from - 1) * PIECE_SIZE);
    const entry = { kind: 'snapshot', path: source.path, meta: source.meta } as const;
    const body = { fill: (into: Buffer): number => filled(file, into) };
    await new PieceWriter({ volumes, statistics, pause }).addPart(entry, body, { from, to });
    const now = lookedAt(file);
    if (now === undefined || !isSameFile(now, seen)) throw new ChangedMeanwhile(source.path);
  } finally {
    file.close();
  }
  // The whole file is counted when all of it is in the set.
  statistics.rawDeltaSize = before;
}

/** undefined where it cannot be told. */
function lookedAt(file: SourceFile): FileIdentity | undefined {
  try {
    return file.look?.();
  } catch (error) {
    if (error instanceof LocalError) return undefined;
    throw error;
  }
}

function opened(source: SourceEntry, open: PartOptions['open']): SourceFile {
  try {
    return open(source);
  } catch (error) {
    if (error instanceof LocalError) throw new ChangedMeanwhile(source.path);
    throw error;
  }
}

function filled(file: SourceFile, into: Buffer): number {
  let length = 0;
  while (length < into.length) {
    const more = file.read(into.subarray(length));
    if (more === 0) break;
    length += more;
  }
  return length;
}
