import type { Entry, EntryStream, Metadata } from '../../archive/entry.ts';
import { HEADER_BYTES } from '../../rsync/signature.ts';
import { signedSize, type SizeRange } from '../../rsync/signed-size.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';

/** An object of a past state, as signatures tell it. */
export interface PastEntry extends Omit<Metadata, 'size'> {
  /** Relative to the root of the backup, which is the empty path. */
  readonly path: BytePath;
  /** Of a regular file: signatures tell it to a block, of an empty file exactly. */
  readonly size: SizeRange | undefined;
}

/** What the stream of signatures tells of the entry it stands at. */
export function pastEntry({ kind, path, meta }: Entry, stream: EntryStream): Soon<PastEntry> {
  const size = kind === 'signature' ? sizeFrom(stream) : undefined;
  return size instanceof Promise ? size.then((later) => ({ ...meta, path, size: later })) : { ...meta, path, size };
}

/** At once where the signature is at hand, as it is but for one of many entries. */
function sizeFrom(stream: EntryStream): Soon<SizeRange | undefined> {
  const beginning = stream.read();
  if (beginning === undefined) return undefined;
  if (beginning instanceof Promise || beginning.length < HEADER_BYTES) return sizeLater(stream, beginning);
  const { length } = beginning;
  const head = Buffer.from(beginning.subarray(0, HEADER_BYTES));
  const more = stream.read();
  return more === undefined ? signedSize(head, length) : sizeLater(stream, more, { head, length });
}

async function sizeLater(
  stream: EntryStream,
  next: Soon<Buffer | undefined>,
  { head, length } = { head: Buffer.alloc(0), length: 0 },
): Promise<SizeRange | undefined> {
  let beginning = head;
  let known = length;
  for (let block = await next; block !== undefined; block = await stream.read()) {
    if (known < HEADER_BYTES) beginning = Buffer.concat([beginning, block.subarray(0, HEADER_BYTES - known)]);
    known += block.length;
  }
  return signedSize(beginning, known);
}
