import type { Code } from '../../../errors/codes.ts';

export interface RolesFields {
  scheme: string;
  roles: RolePolicyFields[];
}

/** The least rights of one role. */
export interface RolePolicyFields {
  role: RoleName;
  purpose: string;
  needs: Record<RightName, NeedFields>;
  /** Texts for configurations, or commands. */
  policies: { where: string; text: string }[];
  notes: string[];
}

export type RoleName = 'backup' | 'keeper' | 'pruner' | 'restorer';
export type RightName = 'list' | 'read' | 'store' | 'overwrite' | 'delete';
export type NeedFields = 'must' | 'may' | 'must not';

/** Of `roles --check`. */
export interface RoleCheckFields {
  role: RoleName;
  /** Nothing is too much or too little, as far as it could be tried. */
  isRight: boolean;
  trials: TrialFields[];
  /** A name that was stored and could not be deleted. */
  left?: string;
}

export interface TrialFields {
  right: RightName;
  need: NeedFields;
  found: 'allowed' | 'refused' | 'unknown';
  verdict: 'right' | 'too little' | 'too much' | 'unknown';
  detail?: string;
}

export interface DoctorFields {
  /** Nothing was found that would stop a backup. */
  isFit: boolean;
  findings: FindingFields[];
}

export interface FindingFields {
  /** In a word, such as `store`. */
  about: string;
  /** `trouble` would stop a backup. */
  state: 'ok' | 'warning' | 'trouble';
  text: string;
  /** What can be done. */
  hint?: string;
}

export interface ValidateFields {
  checks: CheckFields[];
  /** What the kind of place promises; no check can prove it. */
  guarantees: {
    /** An upload that is cut off leaves nothing under its name. */
    atomicPut: boolean;
    /** The listing shows at once what has been stored and deleted. */
    consistentList: boolean;
  };
  /** The place can hold backups. */
  isGood: boolean;
}

export interface CheckFields {
  title: string;
  isGood: boolean;
  /** What is wrong, or more of what was found. */
  detail?: string;
  hint?: string;
  code?: Code;
}
