import type { RepairReport } from '../../../actions/repair/report.ts';
import type { RepairFields } from '../shapes/proof.ts';
import { setFields } from './sets.ts';

export function repairFields({ sets, mended, unmended, isProven, isPlanned }: RepairReport): RepairFields {
  return {
    sets,
    repaired: mended.map(({ file, set, part, place, by }) => ({ file, set: setFields(set), part, place, by })),
    left: unmended.map(({ file, set, part, place, reason }) => ({ file, set: setFields(set), part, place, reason })),
    isProven,
    isPlanned,
  };
}
