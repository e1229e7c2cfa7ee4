import type { DoctorResult } from '../../../actions/doctor/finding.ts';
import type { RoleCheckResult } from '../../../actions/roles/check-role.ts';
import type { RolesResult } from '../../../actions/roles/roles.ts';
import type { DoctorFields, RoleCheckFields, RolesFields } from '../shapes/access.ts';

export function doctorFields({ findings, isFit }: DoctorResult): DoctorFields {
  return {
    isFit,
    findings: findings.map(({ hint, ...finding }) => ({ ...finding, ...(hint !== undefined && { hint }) })),
  };
}

export function rolesFields(result: RolesResult | RoleCheckResult): RolesFields | RoleCheckFields {
  if ('roles' in result) {
    const { scheme, roles } = result;
    return {
      scheme,
      roles: roles.map(({ needs, policies, notes, ...role }) => ({
        ...role,
        needs: { ...needs },
        policies: policies.map(({ where, text }) => ({ where, text })),
        notes: [...notes],
      })),
    };
  }
  const { role, isRight, trials, left } = result;
  return {
    role,
    isRight,
    trials: trials.map(({ detail, ...trial }) => ({ ...trial, ...(detail !== undefined && { detail }) })),
    ...(left !== undefined && { left }),
  };
}
