import { MOST_BYTES, OUTPUT, PAGES, PIECE, WINDOW_BYTES } from '../kernel/layout.ts';
import { LENGTHS_BYTES, SLOT_BYTES, SLOTS } from './slots.ts';

/** What a thread is given to start with. */
export interface ThreadData {
  readonly module: object;
  readonly memory: SharedArrayBuffer;
}

/** A piece to be deflated: the slot it lies in, how much of that is there, and whether it ends its stream. */
export type Order = readonly [index: number, beforeBytes: number, pieceBytes: number, isLast: number];

/**
 * The program of a thread, as text, because the bundle is a single file. It says `undefined` when it is ready and then the
 * slot of each piece that it has done; the main thread sees that by the length of the output as well.
 */
export const THREAD = `
const { parentPort, workerData: { module, memory } } = require('node:worker_threads');
const { exports } = new WebAssembly.Instance(module);
exports.memory.grow(${PAGES - 1});
const kernel = new Uint8Array(exports.memory.buffer);
const slots = new Uint8Array(memory);
const lengths = new Int32Array(memory, 0, ${SLOTS});
parentPort.on('message', ([index, beforeBytes, pieceBytes, isLast]) => {
  const pieceAt = ${LENGTHS_BYTES + WINDOW_BYTES} + index * ${SLOT_BYTES};
  kernel.set(slots.subarray(pieceAt - beforeBytes, pieceAt + pieceBytes), ${PIECE} - beforeBytes);
  const length = exports.deflate(beforeBytes, pieceBytes, isLast);
  slots.set(kernel.subarray(${OUTPUT}, ${OUTPUT} + length), pieceAt + ${MOST_BYTES});
  Atomics.store(lengths, index, length);
  parentPort.postMessage(index);
});
parentPort.postMessage(undefined);
`;
