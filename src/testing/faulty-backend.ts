import type { Backend } from '../backends/backend.ts';
import { around, type Step } from '../backends/wrap/around.ts';
import { BackendError } from '../errors/errors.ts';

export interface Failure {
  readonly kind: Step['kind'];
  /** Which calls of that kind fail, from 1. */
  readonly calls: readonly number[];
  /** `after`: the effect takes place and only the answer is lost. */
  readonly when: 'before' | 'after';
  /** Default: a retryable BACKEND_ERROR. */
  readonly error?: () => Error;
}

/** `inner` whose n-th call of a kind fails. */
export function faultyBackend(inner: Backend, failures: readonly Failure[]): Backend {
  const counts = new Map<Step['kind'], number>();
  return around(inner, async ({ kind, name }, _call, run) => {
    const nth = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, nth);
    const failure = failures.find((failure) => failure.kind === kind && failure.calls.includes(nth));
    if (failure === undefined) return run();
    if (failure.when === 'after') await run();
    throw (
      failure.error?.() ?? new BackendError('BACKEND_ERROR', `${kind} ${nth} of ${name} failed`, { retryable: true })
    );
  });
}
