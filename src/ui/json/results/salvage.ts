import type { SalvageReport } from '../../../actions/restore/salvage/report.ts';
import type { Verdict } from '../../../events/verdict.ts';
import { pathFields, textFields, timeFields } from '../fields.ts';
import type { SalvageFields, VerdictFields } from '../shapes/trees.ts';
import { setFields } from './sets.ts';

export function verdictFields({ path, fate, time, ranges, size }: Verdict): VerdictFields {
  return {
    ...pathFields(path),
    fate,
    ...(time !== undefined && timeFields('time', time)),
    ...(fate === 'partial' && { ranges: ranges.map(({ from, to }) => ({ from, to })) }),
    ...(size !== undefined && { size }),
  };
}

export function salvageFields({ whole, notWhole, unknown, harm }: SalvageReport): SalvageFields {
  const count = (fate: Verdict['fate']): number => notWhole.filter((verdict) => verdict.fate === fate).length;
  return {
    whole,
    older: count('older'),
    partial: count('partial'),
    lost: count('lost'),
    notWhole: notWhole.map(verdictFields),
    unknown: unknown.map(({ file, set, from, to }) => ({
      file,
      set: setFields(set),
      ...(from !== undefined && textFields('from', from)),
      ...(to !== undefined && textFields('to', to)),
    })),
    damage: harm.map(({ file, set, reason }) => ({ file, set: setFields(set), reason })),
  };
}
