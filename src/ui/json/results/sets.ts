import type { SetId } from '../../../collections/sets.ts';
import { timeFields } from '../fields.ts';
import type { SetFields } from '../shapes/common.ts';

export function setFields({ type, start, end }: SetId): SetFields {
  return { kind: type, ...timeFields('time', end), ...(type === 'inc' && timeFields('base', start)) };
}
