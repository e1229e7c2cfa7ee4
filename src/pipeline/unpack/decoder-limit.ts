import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { onTempFile, writeAll } from '../local-file.ts';
import type { Spool } from '../spool.ts';

/** Files being decoded at a time: each has a descriptor, encrypted ones perhaps a process of gpg. */
const DECODERS = 16;
/** What most increments decode to fits. */
const WHOLE_BYTES = 1024 * 1024;
/** Of all files that are held whole. */
const MEMORY_BYTES = 32 * 1024 * 1024;
const BLOCK_BYTES = 256 * 1024;

interface Limits {
  readonly decoders?: number;
  readonly wholeBytes?: number;
  readonly memoryBytes?: number;
}

/** Passes the blocks of a decoder on, each valid until the next one is asked for. */
export type Bounded = (bytes: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/**
 * A merge of a chain stands in one file of each set at once, of hundreds. Files that decode to little are read whole and
 * closed; of the others a few are decoded as they are read, and the rest are decoded into the spool.
 */
export function decoderLimit(
  spool: Spool,
  { decoders = DECODERS, wholeBytes = WHOLE_BYTES, memoryBytes = MEMORY_BYTES }: Limits = {},
): Bounded {
  let decodersLeft = decoders;
  let memoryLeft = memoryBytes;

  return async function* bounded(bytes) {
    const decoder = bytes[Symbol.asyncIterator]();
    const head: Buffer[] = [];
    let held = 0;
    let isDecoding = false;
    let parked: string | undefined;
    try {
      const { rest, failure } = await fillHead();
      if (rest !== undefined && decodersLeft > 0) {
        decodersLeft--;
        isDecoding = true;
      } else if (rest !== undefined) {
        parked = spool.newPath('parked');
      }
      const later = parked === undefined || rest === undefined ? failure : await park(parked, rest, decoder);
      for (let block = head.shift(); block !== undefined; block = head.shift()) {
        yield block;
        held -= block.length;
        memoryLeft += block.length;
      }
      if (parked !== undefined) {
        yield* blocksAt(parked);
      } else if (rest !== undefined) {
        yield rest;
        yield* { [Symbol.asyncIterator]: () => decoder };
      }
      if (later !== undefined) throw later.error;
    } finally {
      memoryLeft += held;
      if (isDecoding) decodersLeft++;
      if (parked !== undefined) rmSync(parked, { force: true });
      await decoder.return?.();
    }

    /** Reads what may be held; `rest` is the first block that may not. What a failing decoder gave before still counts. */
    async function fillHead(): Promise<{ readonly rest?: Buffer; readonly failure?: Failure }> {
      try {
        for (;;) {
          const { done, value } = await decoder.next();
          if (done === true) return {};
          if (held + value.length > wholeBytes || value.length > memoryLeft) return { rest: value };
          head.push(Buffer.from(value));
          held += value.length;
          memoryLeft -= value.length;
        }
      } catch (error) {
        return { failure: { error } };
      }
    }
  };
}

interface Failure {
  readonly error: unknown;
}

/** Decodes the rest into a file. */
async function park(path: string, first: Buffer, decoder: AsyncIterator<Buffer>): Promise<Failure | undefined> {
  const fd = onTempFile('create', path, () => openSync(path, 'wx', 0o600));
  try {
    for (let block: Buffer | undefined = first; block !== undefined;) {
      const found: Buffer = block;
      onTempFile('write', path, () => writeAll(fd, found));
      try {
        const { done, value } = await decoder.next();
        block = done === true ? undefined : value;
      } catch (error) {
        return { error };
      }
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Opened anew for each block, so that no descriptor stays open between them. */
function* blocksAt(path: string): Generator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  for (let position = 0; ;) {
    const fd = openSync(path, 'r');
    let length: number;
    try {
      length = readSync(fd, buffer, 0, buffer.length, position);
    } finally {
      closeSync(fd);
    }
    if (length === 0) return;
    position += length;
    yield buffer.subarray(0, length);
  }
}
