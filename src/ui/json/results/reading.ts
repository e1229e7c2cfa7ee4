import type { ListResult } from '../../../actions/list/list.ts';
import type { RestoreResult } from '../../../actions/restore/restore.ts';
import type { VerifyResult } from '../../../actions/verify/verify.ts';
import { salvageFields } from './salvage.ts';
import { timeFields } from '../fields.ts';
import type { ListFields, RestoreFields, VerifyFields } from '../shapes/trees.ts';

export function restoreFields({ kind, time, entries, volumes, salvage }: RestoreResult): RestoreFields {
  return {
    kind,
    ...timeFields('time', time),
    entries,
    volumes: [...volumes],
    ...(salvage !== undefined && { salvage: salvageFields(salvage) }),
  };
}

export function verifyFields({ time, compared, differences, damaged }: VerifyResult): VerifyFields {
  return { ...timeFields('time', time), compared, differences, damaged };
}

export function listFields({ time, entries }: ListResult): ListFields {
  return { ...timeFields('time', time), entries };
}
