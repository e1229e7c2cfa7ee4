import type { Backend } from '../backends/backend.ts';
import { around, type Step } from '../backends/wrap/around.ts';

/** `inner` whose calls first wait for `hold`, for tests that decide themselves when a call may go on. */
export function slowBackend(inner: Backend, hold: (step: Step) => Promise<unknown>): Backend {
  return around(inner, async (step, _call, run) => {
    await hold(step);
    return run();
  });
}
