import { MOST_BYTES, WINDOW_BYTES } from '../kernel/layout.ts';
import type { Piece } from '../piece.ts';

/** As many pieces as two streams have on their way: a volume and the signatures. */
export const SLOTS = 12;
/** The lengths of outputs: a word for each slot, 0 while there is none. */
export const LENGTHS_BYTES = 4096;
/** What a piece that cannot be compressed becomes longer by, and more. */
const LONGER_BYTES = 32_768;
/** Window, piece, output. Memory that was never written takes none. */
export const SLOT_BYTES = WINDOW_BYTES + MOST_BYTES + MOST_BYTES + LONGER_BYTES;

/** Memory for a piece and its output that all threads see. */
export interface Slot {
  readonly index: number;
  /** Puts a copy of the piece into it. */
  fill(piece: Piece): void;
  readonly bytes: Buffer;
  readonly before: Buffer;
  /** undefined until a thread has written it. */
  output(): Buffer | undefined;
  setOutput(output: Buffer): void;
}

export interface Slots {
  readonly memory: SharedArrayBuffer;
  take(): Slot | undefined;
  giveBack(slot: Slot): void;
}

export function openSlots(): Slots {
  const memory = new SharedArrayBuffer(LENGTHS_BYTES + SLOTS * SLOT_BYTES);
  const lengths = new Int32Array(memory, 0, SLOTS);
  // The lowest is taken first, so that short runs touch few.
  const free = Array.from({ length: SLOTS }, (_, index) => slotIn(memory, lengths, index)).toReversed();
  return {
    memory,
    take: () => free.pop(),
    giveBack: (slot) => void free.push(slot),
  };
}

function slotIn(memory: SharedArrayBuffer, lengths: Int32Array, index: number): Slot {
  const all = Buffer.from(memory, LENGTHS_BYTES + index * SLOT_BYTES, SLOT_BYTES);
  const pieceAt = WINDOW_BYTES;
  const outputAt = WINDOW_BYTES + MOST_BYTES;
  let bytes = all.subarray(0, 0);
  let before = bytes;
  return {
    index,
    get bytes() {
      return bytes;
    },
    get before() {
      return before;
    },
    fill(piece) {
      const dictionary = piece.before?.subarray(-WINDOW_BYTES) ?? all.subarray(0, 0);
      before = all.subarray(pieceAt - dictionary.length, pieceAt);
      bytes = all.subarray(pieceAt, pieceAt + piece.bytes.length);
      before.set(dictionary);
      bytes.set(piece.bytes);
      Atomics.store(lengths, index, 0);
    },
    output() {
      const length = Atomics.load(lengths, index);
      return length === 0 ? undefined : all.subarray(outputAt, outputAt + length);
    },
    setOutput(output) {
      all.set(output, outputAt);
      Atomics.store(lengths, index, output.length);
    },
  };
}
