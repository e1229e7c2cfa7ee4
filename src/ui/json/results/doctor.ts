import type { DoctorResult } from '../../../actions/doctor/finding.ts';
import type { DoctorFields } from '../lines.ts';

export function doctorFields({ findings, isFit }: DoctorResult): DoctorFields {
  return {
    isFit,
    findings: findings.map(({ hint, ...finding }) => ({ ...finding, ...(hint !== undefined && { hint }) })),
  };
}
