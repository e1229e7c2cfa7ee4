import type { RekeyResult } from '../../../actions/rekey/rekey.ts';
import type { RekeyFields } from '../shapes/upkeep.ts';
import { setFields } from './sets.ts';

export function rekeyFields({ found, rekeyed, plain, unfinished, passes, isPlanned }: RekeyResult): RekeyFields {
  return {
    found,
    rekeyed: rekeyed.map((set) => ({ ...setFields(set), files: set.files, bytes: set.bytes })),
    plain: plain.map(setFields),
    unfinished: unfinished.map(setFields),
    passes,
    isPlanned,
  };
}
