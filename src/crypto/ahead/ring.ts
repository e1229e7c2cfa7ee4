/** Blocks on their way from one thread to another, in memory that both see. */

const SLOT_BYTES = 128 * 1024;
const SLOTS = 16;
/** Behind the numbers, so that slots begin at a page. */
const SLOTS_AT = 4096;
export const RING_BYTES = SLOTS_AT + SLOTS * SLOT_BYTES;

/** What lies where among the numbers; where blocks begin in their slots and how long they are follows. */
const WRITTEN = 0;
const FREED = 1;
/** Set by a reader that waits to be told. */
const WAITS = 2;
/** Jobs up to this one are wanted no more. */
const DROPPED = 3;
const BEGINS = 16;
const LENGTHS = BEGINS + SLOTS;

/** Stand in the place of lengths where the blocks of a job end. */
export const DONE = -1;
export const FAILED = -2;

class Dropped extends Error {}

function slotsOf(memory: SharedArrayBuffer): readonly Buffer[] {
  return Array.from({ length: SLOTS }, (_, i) => Buffer.from(memory, SLOTS_AT + i * SLOT_BYTES, SLOT_BYTES));
}

export interface RingWriter {
  /** The memory of the next block; waits until there is some. Throws `Dropped` when the job is wanted no more. */
  next(job: number): Buffer;
  /** Blocks that do not lie in what `next` gave last are copied into it, as many of their bytes as fit: that many. */
  publish(block: Buffer): number;
  /** How a job has ended, after the last of its blocks. */
  end(how: typeof DONE | typeof FAILED): void;
}

/** `tell` wakes the reader. */
export function ringWriter(memory: SharedArrayBuffer, tell: () => void): RingWriter {
  const numbers = new Int32Array(memory, 0, LENGTHS + SLOTS);
  const slots = slotsOf(memory);
  let written = 0;

  function next(job: number): Buffer {
    for (;;) {
      if (job <= Atomics.load(numbers, DROPPED)) throw new Dropped();
      const freed = Atomics.load(numbers, FREED);
      const slot = slots[written % SLOTS];
      if (written - freed < SLOTS && slot !== undefined) return slot;
      Atomics.wait(numbers, FREED, freed);
    }
  }

  function put(begin: number, length: number): void {
    Atomics.store(numbers, BEGINS + (written % SLOTS), begin);
    Atomics.store(numbers, LENGTHS + (written % SLOTS), length);
    written++;
    Atomics.store(numbers, WRITTEN, written);
    if (Atomics.exchange(numbers, WAITS, 0) === 1) tell();
  }

  return {
    next,
    publish(block) {
      const slot = slots[written % SLOTS] ?? Buffer.alloc(0);
      const begin = block.buffer === slot.buffer ? block.byteOffset - slot.byteOffset : -1;
      const isThere = begin >= 0 && begin < SLOT_BYTES;
      const length = isThere ? block.length : block.copy(slot);
      put(isThere ? begin : 0, length);
      return length;
    },
    end(how) {
      next(Infinity);
      put(0, how);
    },
  };
}

export interface RingReader {
  /** The next block, or how a job ended; undefined while there is none. */
  take(): Buffer | number | undefined;
  /** What was taken last may be written again. */
  free(): void;
  /** The writer is to tell when there is something; false when there is already. */
  wait(): boolean;
  drop(job: number): void;
}

export function ringReader(memory: SharedArrayBuffer): RingReader {
  const numbers = new Int32Array(memory, 0, LENGTHS + SLOTS);
  const slots = slotsOf(memory);
  let read = 0;
  return {
    take() {
      if (read === Atomics.load(numbers, WRITTEN)) return undefined;
      const at = read % SLOTS;
      read++;
      const length = Atomics.load(numbers, LENGTHS + at);
      const begin = Atomics.load(numbers, BEGINS + at);
      return length < 0 ? length : slots[at]?.subarray(begin, begin + length);
    },
    free() {
      Atomics.store(numbers, FREED, read);
      Atomics.notify(numbers, FREED);
    },
    wait() {
      Atomics.store(numbers, WAITS, 1);
      return read === Atomics.load(numbers, WRITTEN);
    },
    drop(job) {
      Atomics.store(numbers, DROPPED, job);
      // The writer may wait for room: it looks again.
      Atomics.notify(numbers, FREED);
    },
  };
}
