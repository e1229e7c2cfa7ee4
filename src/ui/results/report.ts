import type { StatusResult } from '../../actions/status/status-result.ts';
import type { Emit } from '../../events/events.ts';

/** What each action answers. */
export interface ActionResults {
  readonly 'collection-status': StatusResult;
  readonly help: { readonly text: string };
  readonly version: { readonly text: string };
}

/** Tells the result of an action to those who take values; what people are told is said apart from it. */
export function report<Action extends keyof ActionResults>(
  emit: Emit,
  action: Action,
  result: ActionResults[Action],
): void {
  emit({ kind: 'result', action, result });
}
