import type { ActionResults } from '../../results/report.ts';
import { backupFields } from './backup.ts';
import { pruneFields } from './prune.ts';
import { profileFields } from './profile.ts';
import { checkReportFields } from './check.ts';
import { doctorFields, rolesFields } from './doctor.ts';
import { drillFields } from './drill.ts';
import { listFields, restoreFields, verifyFields } from './reading.ts';
import { recoveryFields } from './recovery.ts';
import { rekeyFields } from './rekey.ts';
import { repairFields } from './repair.ts';
import { statusFields } from './status.ts';
import { cleanupFields, mirrorFields, removeFields, replicateFields, squashFields, validateFields } from './upkeep.ts';

/** The results of actions as the last line has them. */
export const RESULT_FIELDS = {
  full: backupFields,
  incremental: backupFields,
  backup: backupFields,
  restore: restoreFields,
  verify: verifyFields,
  'list-current-files': listFields,
  'collection-status': statusFields,
  check: checkReportFields,
  repair: repairFields,
  cleanup: cleanupFields,
  'remove-older-than': removeFields,
  'remove-all-but-n-full': removeFields,
  'remove-all-inc-of-but-n-full': removeFields,
  prune: pruneFields,
  replicate: replicateFields,
  squash: squashFields,
  mirror: mirrorFields,
  doctor: doctorFields,
  drill: drillFields,
  'recovery-kit': recoveryFields,
  roles: rolesFields,
  rekey: rekeyFields,
  'validate-backend': validateFields,
  profile: profileFields,
  help: ({ text }) => ({ text }),
  version: ({ text }) => ({ text: text.trimEnd() }),
} satisfies { readonly [Action in keyof ActionResults]: (result: ActionResults[Action]) => object };
