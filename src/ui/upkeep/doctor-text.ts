import type { DoctorResult, Finding } from '../../actions/doctor/finding.ts';
import { counted } from '../../util/counted.ts';

/** A line of `doctor`, and what to do on the next. */
export function findingText({ about, state, text, hint }: Finding): string {
  const line = `${state.padEnd(7)}  ${about.padEnd(15)}  ${text.replaceAll('\n', ' ')}`;
  return hint === undefined ? line : `${line}\n${' '.repeat(26)}${hint}`;
}

/** Its last word. */
export function doctorVerdict({ findings }: DoctorResult): string {
  const count = (state: Finding['state']): number => findings.filter((finding) => finding.state === state).length;
  const warnings = count('warning') > 0 ? counted(count('warning'), 'warning') : 'no warning';
  const troubles = count('trouble');
  if (troubles === 0) return `Nothing was found that would stop a backup; ${warnings}.`;
  return `${counted(troubles, 'thing')} would stop a backup; ${warnings}.`;
}
