import type { ValidateResult } from '../../actions/validate/validate-backend.ts';
import type { Event } from '../../events/events.ts';

/** A line of `validate-backend` while it runs. */
export function checkText(event: Extract<Event, { readonly kind: 'checked' | 'checkHint' | 'trialLeft' }>): string {
  if (event.kind === 'checkHint') return `        ${event.hint}`;
  const more = event.detail === undefined ? '' : `: ${event.detail}`;
  if (event.kind === 'trialLeft') return `LEFT    ${event.what} could not be deleted${more}`;
  return `${event.isGood ? 'good   ' : 'FAILED '} ${event.title}${more}`;
}

/** Its last lines. */
export function verdictLines({ guarantees: { atomicPut, consistentList }, isGood }: ValidateResult): readonly string[] {
  return [
    `${atomicPut ? 'yes     ' : 'no      '}an upload that is cut off leaves nothing under its name`,
    `${consistentList ? 'yes     ' : 'no      '}the listing shows at once what has been stored and deleted`,
    isGood ? 'This place can hold backups.' : 'This place cannot hold backups as it is.',
  ];
}
