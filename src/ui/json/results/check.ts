import type { Amount, CheckReport, Damage } from '../../../actions/check/report.ts';
import { textFields, timeFields } from '../fields.ts';
import type { AmountFields } from '../shapes/common.ts';
import type { CheckReportFields, DamageFields } from '../shapes/proof.ts';
import { setFields } from './sets.ts';

export function checkReportFields(report: CheckReport): CheckReportFields {
  const { sets, damage, now, byChecksum, before, never, oldest, unproven, removed, unfinished, isDeep, isPlanned } =
    report;
  return {
    isSound: damage.length === 0,
    sets,
    damage: damage.map(damageFields),
    now: amountFields(now),
    byChecksum: amountFields(byChecksum),
    before: amountFields(before),
    never: amountFields(never),
    ...(oldest !== undefined && timeFields('oldest', oldest)),
    unproven: unproven.map(({ file, set, why }) => ({ file, set: setFields(set), why })),
    removed: removed.map(setFields),
    unfinished: unfinished.map(setFields),
    isDeep,
    isPlanned,
  };
}

function damageFields({ kind, part, place, file, set, reason, lost, remedy }: Damage): DamageFields {
  return {
    kind,
    part,
    place,
    file,
    set: setFields(set),
    reason,
    ...(lost !== undefined && { lost: { ...textFields('from', lost.from), ...textFields('to', lost.to) } }),
    remedy,
  };
}

function amountFields({ files, bytes }: Amount): AmountFields {
  return { files, bytes };
}
