import { Worker } from 'node:worker_threads';
import { turnTaker } from '../turn.ts';
import type { Job, ThreadData } from './job.ts';
import { PROGRAM } from './program-text.ts';
import { DONE, FAILED, RING_BYTES, type RingReader, ringReader } from './ring.ts';

/** A thread needs no more for what it does; V8 would let it have gigabytes. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** A thread that decodes files before their blocks are asked for, a few MiB ahead. */
export interface DecodeThread {
  /** Begins with a file when it is through with the ones before. undefined where there is no thread. */
  begin(job: Omit<Job, 'number'>): Decoding | undefined;
  close(): void;
}

/** Files are read in the order in which they were begun, each to its end or up to its `drop`. */
export interface Decoding {
  /** Its blocks, each until the next one is asked for; answers whether that was all of it. To be asked once. */
  blocks(signal: AbortSignal): AsyncGenerator<Buffer, boolean>;
  /** Nothing of it is wanted any more. */
  drop(): void;
}

/**
 * Whatever the thread cannot do - start, go on, make sense of a file - shows as a file that did not come whole: whoever
 * reads it does the rest without a thread. After the first such file there is none any more.
 */
export function decodeThread(): DecodeThread {
  let worker: Worker | undefined;
  let ring: RingReader | undefined;
  let hasFailed = false;
  let wake: (() => void) | undefined;
  let number = 0;
  /** The files begun so far are read. */
  let before: Promise<void> = Promise.resolve();

  function start(): void {
    const workerData: ThreadData = { memory: new SharedArrayBuffer(RING_BYTES) };
    ring = ringReader(workerData.memory);
    try {
      worker = new Worker(PROGRAM, { eval: true, env: {}, execArgv: [], workerData, resourceLimits: RESOURCE_LIMITS });
    } catch {
      hasFailed = true;
      return;
    }
    worker.on('message', () => wake?.());
    // Told once more by its exit.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      hasFailed = true;
      worker = undefined;
      wake?.();
    });
    // A run does not last longer for it.
    worker.unref();
  }

  async function next(from: RingReader): Promise<Buffer | number> {
    for (;;) {
      const found = from.take();
      if (found !== undefined) return found;
      if (worker === undefined) return FAILED;
      if (!from.wait()) continue;
      worker.ref();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
      worker?.unref();
    }
  }

  function decodingOf(from: RingReader, own: number): Decoding {
    const turnToRead = before;
    let isOver = (): void => undefined;
    before = new Promise((resolve) => {
      isOver = resolve;
    });
    let isBegun = false;

    async function passOver(): Promise<void> {
      await turnToRead;
      from.drop(own);
      for (;;) {
        from.free();
        if (typeof (await next(from)) === 'number') break;
      }
      from.free();
      isOver();
    }

    return {
      async *blocks(signal) {
        isBegun = true;
        const turn = turnTaker();
        let ended: number | undefined;
        try {
          await turnToRead;
          for (;;) {
            const block = await next(from);
            if (typeof block === 'number') {
              ended = block;
              break;
            }
            const { length } = block;
            yield block;
            from.free();
            await turn(length);
            signal.throwIfAborted();
          }
        } finally {
          if (ended === undefined) void passOver();
          else {
            from.free();
            isOver();
          }
        }
        if (ended !== DONE) hasFailed = true;
        return ended === DONE;
      },
      drop() {
        if (!isBegun) void passOver();
        isBegun = true;
      },
    };
  }

  return {
    begin(job) {
      if (worker === undefined && !hasFailed) start();
      if (worker === undefined || hasFailed || ring === undefined) return undefined;
      number++;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ ...job, number } satisfies Job);
      return decodingOf(ring, number);
    },
    close() {
      hasFailed = true;
      void worker?.terminate();
    },
  };
}
