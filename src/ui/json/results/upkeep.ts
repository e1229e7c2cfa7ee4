import type { CleanupResult } from '../../../actions/remove/cleanup.ts';
import type { RemoveResult } from '../../../actions/remove/remove-old.ts';
import type { MirrorResult } from '../../../actions/mirror/mirror.ts';
import type { ReplicateResult } from '../../../actions/replicate/replicate.ts';
import type { SquashResult } from '../../../actions/squash/squash.ts';
import type { CheckResult, ValidateResult } from '../../../actions/validate/validate-backend.ts';
import { timeFields } from '../fields.ts';
import type { CheckFields, ValidateFields } from '../shapes/access.ts';
import type { CleanupFields, MirrorFields, RemoveFields, ReplicateFields, SquashFields } from '../shapes/upkeep.ts';
import { setFields } from './sets.ts';

export function cleanupFields({ files, isRemoved }: CleanupResult): CleanupFields {
  return { files: [...files], isRemoved };
}

export function removeFields({ plan, isRemoved }: RemoveResult): RemoveFields {
  return {
    chains: plan.times.map((time) => timeFields('time', time)),
    steps: plan.steps.map(({ kind, scope, end, files }) => ({
      part: kind,
      scope,
      ...timeFields('end', end),
      files: files.map(({ place, name }) => ({ place, name })),
    })),
    keptSets: plan.keptSets.map((time) => timeFields('time', time)),
    keepsOldNewest: plan.keepsOldNewest,
    isRemoved,
  };
}

export function replicateFields({ found, copied, isPlanned }: ReplicateResult): ReplicateFields {
  return { found, copied: copied.map(setFields), isPlanned };
}

export function squashFields(result: SquashResult): SquashFields {
  const { set, squashed, leftovers, bytesBefore, bytesAfter, isDone } = result;
  return {
    set: setFields(set),
    squashed: squashed.map(setFields),
    leftovers: leftovers.map(setFields),
    ...(bytesBefore !== undefined && { bytesBefore }),
    ...(bytesAfter !== undefined && { bytesAfter }),
    isDone,
  };
}

export function mirrorFields({ found, copied, onlyThere, deleted, isPlanned }: MirrorResult): MirrorFields {
  return {
    found,
    copied: copied.map((set) => ({
      ...setFields(set),
      files: set.files,
      bytes: set.bytes,
      verified: set.verified,
    })),
    onlyThere: onlyThere.map(setFields),
    deleted: deleted.map(setFields),
    isPlanned,
  };
}

export function validateFields({ checks, guarantees, isGood }: ValidateResult): ValidateFields {
  const { atomicPut, consistentList } = guarantees;
  return { checks: checks.map(checkFields), guarantees: { atomicPut, consistentList }, isGood };
}

function checkFields({ title, isGood, detail, hint, code }: CheckResult): CheckFields {
  return {
    title,
    isGood,
    ...(detail !== undefined && { detail }),
    ...(hint !== undefined && { hint }),
    ...(code !== undefined && { code }),
  };
}
