import type { SetId as NamedSet } from '../../../collections/set-id.ts';
import type { SetId } from '../../../collections/sets.ts';
import { timeFields } from '../fields.ts';
import type { SetFields } from '../lines.ts';

export function setFields({ type, start, end }: SetId): SetFields {
  return namedSetFields(type === 'full' ? { type, time: end } : { type, time: end, base: start });
}

export function namedSetFields({ type, time, base }: NamedSet): SetFields {
  return { kind: type, ...timeFields('time', time), ...(base !== undefined && timeFields('base', base)) };
}
