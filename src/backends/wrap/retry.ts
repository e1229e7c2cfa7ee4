import { setTimeout as delay } from 'node:timers/promises';

import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import type { Backend } from '../backend.ts';
import { around, type Step } from './around.ts';
import { fromText } from '../../util/bytepath.ts';
import { quoteName } from '../../util/text/quote-name.ts';

export interface RetryPolicy {
  /** `--num-retries`: how often an operation is tried in all, at least once. */
  readonly tries: number;
  /**
   * `--backend-retry-delay` between two tries, where the server names no other time; up to a tenth is added so that
   * parallel operations do not line up.
   */
  readonly delayMs: number;
  readonly emit: Emit;
  /** For tests. Rejects when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** For tests: 0 to 1. */
  readonly random?: () => number;
}

/**
 * Tries again what the driver calls retryable. At the end it throws a `BackendError` with the code of the last failure,
 * for every operation: unlike the reference, where a delete or a query that failed for good is only a warning. Errors
 * that are no `BackendError`, such as those of a `take`, pass through at once.
 */
export function withRetry(inner: Backend, policy: RetryPolicy): Backend {
  return around(inner, (step, { signal }, run) => trying(step.kind, policy, { signal, run, fields: fieldsOf(step) }));
}

/**
 * Opens what connects at once, such as a bucket, with the same patience. Unlike the reference, which gives up when the
 * first connection fails. Errors keep their code.
 */
export async function openWithRetry<T>(open: () => Promise<T>, policy: RetryPolicy, signal: AbortSignal): Promise<T> {
  return trying('open', policy, { signal, run: open });
}

function pause(ms: number, signal: AbortSignal): Promise<unknown> {
  return delay(ms, undefined, { signal });
}

interface Trial<T> {
  readonly signal: AbortSignal;
  readonly run: () => Promise<T>;
  /** Of the machine record, when all has failed; undefined: what no try can help is not spoken of as a try. */
  readonly fields?: readonly string[];
}

async function trying<T>(kind: string, policy: RetryPolicy, { signal, run, fields }: Trial<T>): Promise<T> {
  const { emit, sleep = pause, random = Math.random } = policy;
  for (let attempt = 1; ; attempt++) {
    let delayMs = policy.delayMs;
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      // Nothing has failed that anybody gives up.
      if (!(error instanceof BackendError) || error instanceof CannotCopyError) throw error;
      if (!error.retryable && fields === undefined) throw error;
      if (!error.retryable || attempt >= policy.tries) throw givenUp(fields ?? [], attempt, error);
      delayMs = error.retryAfterMs ?? delayMs;
      // It may be hours: what is brought back from cold storage, an account that has used up its quota of the day.
      const wait = delayMs > policy.delayMs ? ` (the server asks to wait ${Math.ceil(delayMs / 1000)} s)` : '';
      emit({ kind: 'warning', text: `Attempt of ${kind} Nr. ${attempt} failed. ${describe(error)}${wait}` });
    }
    await sleep(delayMs * (1 + random() / 10), signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}

/** Text and fields as front ends know them (`Giving up after`, `ERROR 51 put 'local' 'remote'`). */
function givenUp(fields: readonly string[], attempts: number, error: BackendError): BackendError {
  return new BackendError(error.code, `Giving up after ${attempts} attempts. ${describe(error)}`, {
    retryable: false,
    fields,
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

function describe(error: BackendError): string {
  return `${error.exception ?? 'BackendException'}: ${error.message}`;
}

/** Transfers have two operands, local then remote; where there is no local file the remote name stands for it. */
function fieldsOf({ kind, name, local }: Step): readonly string[] {
  if (kind === 'list') return [kind];
  if (kind === 'put' || kind === 'get') return [kind, quoted(local ?? name), quoted(name)];
  return [kind, quoted(name)];
}

function quoted(text: string): string {
  return quoteName(fromText(text));
}
