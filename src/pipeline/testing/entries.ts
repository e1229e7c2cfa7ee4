import type { Entry, EntryKind, EntryStream, FileType, Metadata } from '../../archive/entry.ts';
import { NO_METADATA } from '../../archive/tar/tar-writer.ts';
import { bytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';

export function metadata(type: FileType = 'reg', more: Partial<Metadata> = {}): Metadata {
  return { ...NO_METADATA, type, mode: 0o644, uid: 1000, gid: 1000, mtime: 1_700_000_000, ...more };
}

export function entry(kind: EntryKind, path: string, meta: Metadata = metadata()): Entry {
  return { kind, path: bytePath(path), meta };
}

export interface Stored {
  readonly entry: Entry;
  readonly body?: readonly Buffer[];
  /** Thrown by `next` in the place of the entry. */
  readonly failure?: Error;
}

/** A stream over entries in memory; `answer` decides whether it answers at once or later. */
export function streamOf(
  stored: readonly Stored[],
  answer: <T>(value: T) => Soon<T> = (value) => value,
): EntryStream & { readonly isClosed: () => boolean } {
  let at = -1;
  let body: Buffer[] = [];
  let closed = false;
  return {
    next() {
      at++;
      const found = stored[at];
      if (found?.failure !== undefined) throw found.failure;
      body = [...(found?.body ?? [])];
      return answer(found?.entry);
    },
    read: () => answer(body.shift()),
    close: async () => {
      closed = true;
    },
    isClosed: () => closed,
  };
}

export async function bodyOf(stream: Pick<EntryStream, 'read'>): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for (let block = await stream.read(); block !== undefined; block = await stream.read()) blocks.push(block);
  return Buffer.concat(blocks);
}

/** All that a stream holds, with its bodies. */
export async function readAll(
  stream: EntryStream,
): Promise<readonly { readonly entry: Entry; readonly body: Buffer }[]> {
  const all = [];
  for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
    all.push({ entry, body: await bodyOf(stream) });
  }
  await stream.close();
  return all;
}
