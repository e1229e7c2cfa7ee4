import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Secret } from '../../../util/secret.ts';
import { type Derivation, derivationOf, derive, deriveKey, knownKey, remember, type S2k } from './s2k.ts';

/** Derives keys of `keyBytes` bytes; several that are wanted at the same time, side by side. */
export type KeyDeriver = (s2k: S2k, passphrase: Secret, keyBytes: number) => Promise<Buffer>;

interface Job {
  readonly derivation: Derivation;
  /** On this thread. */
  readonly here: () => Buffer;
  readonly done: (key: Buffer) => void;
}

/** As many files as are fetched at once; each thread takes 20 ms to start and some MiB. */
const MOST_THREADS = 8;

/**
 * Archives of the reference have a salt, and so 70 ms of hashing, for each file. Threads are started when several
 * derivations wait, and stay; a single one is done on this thread.
 */
export function keyDeriver(): KeyDeriver {
  const waiting: Job[] = [];
  const pending = new Map<string, Promise<Buffer>>();
  const idle: Worker[] = [];
  let threads = 0;
  let isStarting = false;

  function start(): void {
    isStarting = false;
    if (threads === 0 && waiting.length === 1) {
      const job = waiting.pop();
      job?.done(job.here());
      return;
    }
    while (waiting.length > 0) {
      const worker = idle.pop() ?? newThread();
      const job = worker && waiting.shift();
      if (!job) return;
      give(worker, job);
    }
  }

  function newThread(): Worker | undefined {
    if (threads >= Math.min(availableParallelism(), MOST_THREADS)) return undefined;
    threads += 1;
    return new Worker(THREAD, { eval: true, env: {}, execArgv: [] });
  }

  function give(worker: Worker, job: Job): void {
    worker.ref();
    const onMessage = (key: Uint8Array): void => {
      worker.off('error', onError);
      worker.unref();
      idle.push(worker);
      job.done(Buffer.from(key.buffer, key.byteOffset, key.length));
      start();
    };
    // No memory for a thread, say.
    const onError = (): void => {
      worker.off('message', onMessage);
      threads -= 1;
      job.done(job.here());
      start();
    };
    worker.once('message', onMessage).once('error', onError);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(job.derivation);
  }

  return (s2k, passphrase, keyBytes) => {
    const found = knownKey(s2k, passphrase, keyBytes);
    if (found) return Promise.resolve(found);
    const derivation = derivationOf(s2k, passphrase, keyBytes);
    const name = `${derivation.hash} ${derivation.count} ${keyBytes} ${Buffer.from(derivation.unit).toString('hex')}`;
    const under = pending.get(name);
    if (under) return under;
    const key = new Promise<Buffer>((resolve) => {
      waiting.push({
        derivation,
        here: () => deriveKey(s2k, passphrase, keyBytes),
        done(key) {
          remember(s2k, passphrase, key);
          pending.delete(name);
          resolve(key);
        },
      });
    });
    pending.set(name, key);
    // Who else wants a key in this turn is waited for.
    if (!isStarting) setImmediate(start);
    isStarting = true;
    return key;
  };
}

/** The program of a thread. `derive` uses nothing but its parameters, so that its text can stand here. */
const THREAD = `
const { parentPort } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const derive = ${derive.toString()};
parentPort.on('message', (derivation) => parentPort.postMessage(derive(derivation, createHash)));
`;
