import { lengthBytes, partialLengthByte, tagByte } from './packet.ts';

/** The least a first part may have (RFC 4880, 4.2.2.4). What is left below it waits for more. */
const LEAST_PART = 512;
const NOTHING = Buffer.alloc(0);

/** A packet whose length is not known before its end. */
export interface PartedPacket {
  /** Passes on as many whole parts as there are. Bytes that were passed on are not used any more. */
  write(bytes: Buffer): void;
  /** Passes on what is left, as the last part or, when there was none before, with its definite length. */
  finish(): void;
}

export function partedPacket(tag: number, store: (blocks: readonly Buffer[]) => void): PartedPacket {
  let held: Buffer = NOTHING;
  let isBegun = false;

  function header(length: Buffer): Buffer {
    if (isBegun) return length;
    isBegun = true;
    return Buffer.concat([Buffer.from([tagByte(tag)]), length]);
  }

  return {
    write(bytes) {
      const out: Buffer[] = [];
      let at = 0;
      for (;;) {
        const there = held.length + bytes.length - at;
        if (there < LEAST_PART) break;
        const exponent = Math.min(30, 31 - Math.clz32(there));
        const end = at + 2 ** exponent - held.length;
        out.push(header(Buffer.from([partialLengthByte(exponent)])), held, bytes.subarray(at, end));
        held = NOTHING;
        at = end;
      }
      held = Buffer.concat([held, bytes.subarray(at)]);
      if (out.length > 0) store(out);
    },
    finish() {
      store([header(lengthBytes(held.length)), held]);
    },
  };
}
