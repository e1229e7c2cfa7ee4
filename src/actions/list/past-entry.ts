import type { Entry, EntryStream, Metadata } from '../../archive/entry.ts';
import { HEADER_BYTES } from '../../rsync/signature.ts';
import { signedSize, type SizeRange } from '../../rsync/signed-size.ts';
import type { BytePath } from '../../util/bytepath.ts';

/** An object of a past state, as signatures tell it. */
export interface PastEntry extends Omit<Metadata, 'size'> {
  /** Relative to the root of the backup, which is the empty path. */
  readonly path: BytePath;
  /** Of a regular file: signatures tell it to a block, of an empty file exactly. */
  readonly size: SizeRange | undefined;
}

/** What the stream of signatures tells of the entry it stands at. */
export async function pastEntry({ kind, path, meta }: Entry, stream: EntryStream): Promise<PastEntry> {
  const size = kind === 'signature' ? await sizeFrom(stream) : undefined;
  return { ...meta, path, size };
}

async function sizeFrom(stream: EntryStream): Promise<SizeRange | undefined> {
  let beginning = Buffer.alloc(0);
  let length = 0;
  for (;;) {
    const next = stream.read();
    const block = next instanceof Promise ? await next : next;
    if (block === undefined) return signedSize(beginning, length);
    if (length < HEADER_BYTES) beginning = Buffer.concat([beginning, block.subarray(0, HEADER_BYTES - length)]);
    length += block.length;
  }
}
