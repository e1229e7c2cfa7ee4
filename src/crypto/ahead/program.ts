// The program of the thread that decodes ahead; scripts/generate-threads.mjs makes a text of it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { isSameStamp, stampOf } from '../file-stamp.ts';
import { decryptedPieces, type SealedFile } from '../openpgp/reading/decrypted-pieces.ts';
import { inflated } from '../openpgp/reading/inflate.ts';
import { judgedPieces, packetBlocks } from '../openpgp/reading/integrity.ts';
import { openMessage } from '../openpgp/reading/message.ts';
import { readyToRelease } from '../../util/release.ts';
import type { Job, ThreadData } from './job.ts';
import { DONE, FAILED, ringWriter } from './ring.ts';

const BLOCK_BYTES = 256 * 1024;

const { memory } = workerData as ThreadData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const ring = ringWriter(memory, () => parentPort?.postMessage(undefined));

// Jobs are done to their end, one after the other: nothing else happens in this thread. They wait where they are until then.
void readyToRelease().then(() =>
  parentPort?.on('message', (job: Job) => {
    try {
      decode(job);
      ring.end(DONE);
    } catch {
      // Whoever wants the file reads it by himself then, and meets what there is to be told.
      ring.end(FAILED);
    }
  }),
);

function decode(job: Job): void {
  const { path, stamp, number } = job;
  const fd = openSync(path, 'r');
  const isProven = (): boolean => isSameStamp(stampOf(fstatSync(fd)), stamp);
  const file: SealedFile = {
    size: stamp.size,
    read: (buffer, from, to, at) => readSync(fd, buffer, from, to - from, at),
  };
  try {
    if (!isProven()) giveUp();
    for (const block of blocksOf(file, job)) {
      for (let at = 0; at < block.length; at += ring.publish(block.subarray(at))) ring.next(number);
    }
    if (!isProven()) giveUp();
  } finally {
    closeSync(fd);
  }
}

function blocksOf(file: SealedFile, { number, sealed }: Job): Iterable<Buffer> {
  const room = (): Buffer => ring.next(number);
  if (sealed === undefined) return inflated(compressed(file), 'gzip', { reuses: false, room, onTrailing: giveUp });
  const pieces = judgedPieces(decryptedPieces(file, sealed.data, sealed.session), ({ isGood, trailing }) => {
    if (!isGood || trailing !== undefined) giveUp();
  });
  const message = openMessage(packetBlocks(pieces), { reuses: false, room, warn: giveUp });
  return message.isSigned ? giveUp() : message.literal();
}

function* compressed(file: SealedFile): Generator<Buffer, void> {
  // Not from the beginning of its memory, which is not given away then.
  const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES + 64).subarray(64);
  let at = 0;
  for (let count = file.read(buffer, 0, buffer.length, 0); count > 0;) {
    at += count;
    yield buffer.subarray(0, count);
    count = file.read(buffer, 0, buffer.length, at);
  }
}

function giveUp(): never {
  throw new Error('given up');
}
