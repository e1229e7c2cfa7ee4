import type { BackupResult } from '../../actions/backup/result.ts';
import type { CheckReport } from '../../actions/check/report.ts';
import type { DoctorResult } from '../../actions/doctor/finding.ts';
import type { DrillReport } from '../../actions/drill/report.ts';
import type { ListResult } from '../../actions/list/list.ts';
import type { RepairReport } from '../../actions/repair/report.ts';
import type { CleanupResult } from '../../actions/remove/cleanup.ts';
import type { PruneResult } from '../../actions/remove/prune.ts';
import type { RemoveResult } from '../../actions/remove/remove-old.ts';
import type { MirrorResult } from '../../actions/mirror/mirror.ts';
import type { RecoveryKit } from '../../actions/recovery/kit.ts';
import type { RekeyResult } from '../../actions/rekey/rekey.ts';
import type { ReplicateResult } from '../../actions/replicate/replicate.ts';
import type { RestoreResult } from '../../actions/restore/restore.ts';
import type { FileHistory } from '../../actions/status/changes.ts';
import type { RoleCheckResult } from '../../actions/roles/check-role.ts';
import type { RolesResult } from '../../actions/roles/roles.ts';
import type { SquashResult } from '../../actions/squash/squash.ts';
import type { StatusResult } from '../../actions/status/status-result.ts';
import type { ValidateResult } from '../../actions/validate/validate-backend.ts';
import type { VerifyResult } from '../../actions/verify/verify.ts';
import type { SetId } from '../../collections/sets.ts';
import type { ProfileReport } from '../../profile/report.ts';
import type { Emit } from '../../events/events.ts';

/** What each action answers. */
export interface ActionResults {
  readonly full: BackupResult;
  readonly incremental: BackupResult;
  readonly backup: BackupResult;
  readonly restore: RestoreResult;
  readonly verify: VerifyResult;
  readonly 'list-current-files': ListResult;
  /** The last: the sets whose changes were told. */
  readonly 'collection-status': StatusResult | FileHistory | { readonly sets: readonly SetId[] };
  readonly check: CheckReport;
  readonly repair: RepairReport;
  readonly cleanup: CleanupResult;
  readonly 'remove-older-than': RemoveResult;
  readonly 'remove-all-but-n-full': RemoveResult;
  readonly 'remove-all-inc-of-but-n-full': RemoveResult;
  readonly prune: PruneResult;
  readonly replicate: ReplicateResult;
  readonly squash: SquashResult;
  readonly mirror: MirrorResult;
  readonly doctor: DoctorResult;
  readonly drill: DrillReport;
  readonly 'recovery-kit': RecoveryKit;
  /** The second with `--check`. */
  readonly roles: RolesResult | RoleCheckResult;
  readonly rekey: RekeyResult;
  readonly 'validate-backend': ValidateResult;
  readonly profile: ProfileReport;
  readonly help: { readonly text: string };
  readonly version: { readonly text: string };
}

/** Tells the result of an action to those who take values; what people are told is said apart from it. */
export function report<Action extends keyof ActionResults>(
  emit: Emit,
  action: Action,
  result: ActionResults[Action],
): void {
  emit({ kind: 'result', action, result });
}
