import { Worker } from 'node:worker_threads';
import { release } from '../../../util/release.ts';
import { threadsThatPay } from '../../threads-that-pay.ts';
import type { DeflateKernel } from '../kernel/kernel.ts';
import { MOST_BYTES } from '../kernel/layout.ts';
import type { Piece, PieceJob } from '../piece.ts';
import { openSlots, type Slot } from './slots.ts';
import { type Order, THREAD, type ThreadData } from './thread.ts';

/** With two, what the main thread does (read, hash, encrypt) takes longer than deflating. */
const MOST_THREADS = 2;
/** Pieces that are given to a thread at a time: it works on one and has the next at hand. */
const GIVEN = 2;
/** Threads that had nothing to do for so long end. */
const IDLE_MS = 1000;
/** A thread needs no more for what it does; V8 would let it have gigabytes. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** Threads that deflate pieces before their output is wanted. */
export interface DeflateThreads {
  /** undefined when whoever wants the output has to deflate the piece. */
  job(piece: Piece): PieceJob | undefined;
}

/** A piece in a slot; what it becomes lies there as well. It is never lost, even when the thread that has it dies. */
interface Ticket {
  readonly slot: Slot;
  readonly isLast: boolean;
  /** Set while its output is waited for: called when it is there, or when no thread is at it any more. */
  wake: (() => void) | undefined;
  /** Its slot may be that of another one already. */
  isOver: boolean;
  isDropped: boolean;
}

interface Thread {
  readonly worker: Worker;
  readonly given: Ticket[];
  isReady: boolean;
}

/**
 * Threads beside the main one. That takes part: when it wants an output that is not there yet, it deflates what no thread
 * has begun. Where threads cannot be started, and when they die, it does everything.
 */
export function deflateThreads(kernel: DeflateKernel, most = threadsThatPay(MOST_THREADS)): DeflateThreads {
  const slots = openSlots();
  const waiting: Ticket[] = [];
  let threads: Thread[] = [];
  let isStarted = false;
  let hasFailed = false;
  let lastUsed = 0;
  let waiters = 0;

  function start(): void {
    isStarted = true;
    for (let n = 0; n < most && !hasFailed; n++) startThread();
    if (threads.length > 0) watch();
  }

  function startThread(): void {
    const workerData: ThreadData = { module: kernel.module, memory: slots.memory };
    let worker: Worker;
    try {
      worker = new Worker(THREAD, { eval: true, env: {}, execArgv: [], workerData, resourceLimits: RESOURCE_LIMITS });
    } catch {
      hasFailed = true;
      return;
    }
    const thread: Thread = { worker, given: [], isReady: false };
    threads.push(thread);
    worker.on('message', (index: number | undefined) => {
      if (index === undefined) thread.isReady = true;
      else finished(thread, index);
      give();
    });
    // Told once more by its exit.
    worker.on('error', () => undefined);
    worker.once('exit', () => lost(thread));
    // A run does not last longer for them.
    worker.unref();
  }

  function finished(thread: Thread, index: number): void {
    // The first: the thread answers in the order it was given them.
    const at = thread.given.findIndex(({ slot }) => slot.index === index);
    const [ticket] = thread.given.splice(at, 1);
    if (ticket?.isDropped === true) end(ticket);
    ticket?.wake?.();
  }

  function lost(thread: Thread): void {
    if (!threads.includes(thread)) return;
    hasFailed = true;
    threads = threads.filter((other) => other !== thread);
    for (const ticket of thread.given) if (ticket.isDropped) end(ticket);
    const left = thread.given.filter(({ isOver }) => !isOver);
    waiting.unshift(...left);
    for (const ticket of left) ticket.wake?.();
    give();
  }

  function end(ticket: Ticket): void {
    if (ticket.isOver) return;
    ticket.isOver = true;
    slots.giveBack(ticket.slot);
  }

  /** Gives threads that have room what waits. */
  function give(): void {
    for (let round = 1; round <= GIVEN; round++) {
      for (const thread of threads) {
        if (!thread.isReady || thread.given.filter(isUndone).length >= round) continue;
        const ticket = waiting.shift();
        if (ticket === undefined) return;
        thread.given.push(ticket);
        const { index, before, bytes } = ticket.slot;
        const order: Order = [index, before.length, bytes.length, ticket.isLast ? 1 : 0];
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        thread.worker.postMessage(order);
      }
    }
  }

  function deflateHere({ slot, isLast }: Ticket): void {
    slot.setOutput(kernel.deflate(slot.bytes, slot.before, isLast));
  }

  /** The output of the ticket, deflating what can be deflated here until it is there. */
  async function awaited(ticket: Ticket): Promise<Buffer> {
    for (;;) {
      const output = ticket.slot.output();
      if (output !== undefined) return output;
      const at = waiting.indexOf(ticket);
      const [next] = at >= 0 ? waiting.splice(at, 1) : waiting.splice(0, 1);
      if (next !== undefined) deflateHere(next);
      else await news(ticket);
    }
  }

  async function news(ticket: Ticket): Promise<void> {
    waiters += 1;
    for (const { worker } of threads) worker.ref();
    await new Promise<void>((resolve) => {
      ticket.wake = resolve;
    });
    ticket.wake = undefined;
    waiters -= 1;
    if (waiters === 0) for (const { worker } of threads) worker.unref();
  }

  /** Ends the threads when nothing was to be done for a while; the next piece starts them again. */
  function watch(): void {
    const timer = setInterval(() => {
      const isBusy = threads.some(({ given }) => given.length > 0);
      if (isBusy || Date.now() - lastUsed < IDLE_MS) return;
      clearInterval(timer);
      const ended = threads;
      threads = [];
      isStarted = false;
      for (const { worker } of ended) void worker.terminate();
    }, IDLE_MS);
    timer.unref();
  }

  function jobOf(ticket: Ticket): PieceJob {
    const pass = (use: (output: Buffer) => void, output: Buffer): void => {
      try {
        use(output);
      } finally {
        end(ticket);
        give();
      }
    };
    return {
      take(use) {
        const output = ticket.slot.output();
        return output ? pass(use, output) : awaited(ticket).then((late) => pass(use, late));
      },
      settled() {
        ticket.isDropped = true;
        const at = waiting.indexOf(ticket);
        if (at >= 0) waiting.splice(at, 1);
        if (at >= 0 || !isUndone(ticket)) end(ticket);
        return Promise.resolve();
      },
    };
  }

  return {
    job(piece) {
      if (!isStarted) start();
      if (!threads.some(({ isReady }) => isReady) || piece.bytes.length > MOST_BYTES) return undefined;
      const slot = slots.take();
      if (slot === undefined) return undefined;
      lastUsed = Date.now();
      slot.fill(piece);
      release(piece.bytes);
      if (piece.before !== undefined) release(piece.before);
      const ticket: Ticket = { slot, isLast: piece.isLast, wake: undefined, isOver: false, isDropped: false };
      waiting.push(ticket);
      give();
      return jobOf(ticket);
    },
  };
}

function isUndone({ slot, isOver }: Ticket): boolean {
  return !isOver && slot.output() === undefined;
}
