import type { Entry, EntryStream } from '../../archive/entry.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { comparePaths, type BytePath } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';

interface MendingOptions {
  /** Opens the file from its beginning. What is wrong with it from the first byte is an error while `mayRenew`. */
  readonly open: (mayRenew: boolean) => EntryStream;
  /** Puts a sound file in the place of the damaged one; false when there is none. */
  readonly renew: (error: IntegrityError) => Promise<boolean>;
}

/** The entries of a file that can be had again: after damage, once, they go on from a fresh copy where they stopped. */
export function mendingStream({ open, renew }: MendingOptions): EntryStream {
  let stream = open(true);
  let isRenewed = false;
  let last: BytePath | undefined;
  /** Bytes of the current body that were given out. */
  let given = 0;

  function enter(entry: Entry | undefined): Entry | undefined {
    if (entry !== undefined) last = entry.path;
    given = 0;
    return entry;
  }

  function hand(block: Buffer | undefined): Buffer | undefined {
    if (block !== undefined) given += block.length;
    return block;
  }

  async function reopen(error: unknown): Promise<void> {
    if (isRenewed || !(error instanceof IntegrityError)) throw error;
    isRenewed = true;
    await closeQuietly(stream);
    if (!(await renew(error))) throw error;
    stream = open(false);
  }

  async function nextAnew(error: unknown): Promise<Entry | undefined> {
    await reopen(error);
    const before = last;
    for (;;) {
      const entry = await stream.next();
      if (entry === undefined || before === undefined || comparePaths(entry.path, before) > 0) return enter(entry);
    }
  }

  async function readAnew(error: unknown): Promise<Buffer | undefined> {
    await reopen(error);
    for (;;) {
      const entry = await stream.next();
      if (entry === undefined) throw error;
      if (entry.path === last) break;
    }
    let toSkip = given;
    for (;;) {
      const block = await stream.read();
      if (block === undefined || block.length > toSkip) return hand(block?.subarray(toSkip));
      toSkip -= block.length;
    }
  }

  return {
    next() {
      let entry: Soon<Entry | undefined>;
      try {
        entry = stream.next();
      } catch (error) {
        return nextAnew(error);
      }
      return entry instanceof Promise ? entry.then(enter, nextAnew) : enter(entry);
    },
    read() {
      let block: Soon<Buffer | undefined>;
      try {
        block = stream.read();
      } catch (error) {
        return readAnew(error);
      }
      return block instanceof Promise ? block.then(hand, readAnew) : hand(block);
    },
    close: () => stream.close(),
  };
}

async function closeQuietly(stream: EntryStream): Promise<void> {
  try {
    await stream.close();
  } catch {
    // That the source of a damaged file does not close well is no news.
  }
}
