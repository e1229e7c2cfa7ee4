export { openStore, type Store } from './store/store.ts';
export type { CallOptions, StoreKeys, StoreOptions, TimeInput } from './store/options.ts';
export type { PathInput, StoredPath } from './store/paths.ts';
export type { PassphraseCallback } from './store/secrets.ts';
export type {
  BackupRequest,
  CheckRequest,
  DoctorRequest,
  DrillRequest,
  DryRunOptions,
  EntriesRequest,
  MirrorRequest,
  PruneRequest,
  ReadRequest,
  RekeyRequest,
  RemoveRequest,
  RepairRequest,
  ReplicateRequest,
  RestoreRequest,
  SquashRequest,
  TreeRequest,
  VerifyRequest,
} from './store/requests.ts';
export type { StoreEntry, StoreVersion } from './store/entry.ts';
export type { StoreEvent } from './store/events.ts';
export type { BackupResult } from './actions/backup/result.ts';
export type { RestoreResult } from './actions/restore/restore.ts';
export type { VerifyResult } from './actions/verify/verify.ts';
export type { PruneResult } from './actions/remove/prune.ts';
export type { RepairReport } from './actions/repair/report.ts';
export type { CheckReport } from './actions/check/report.ts';
export type { DrilledFiles, DrilledListing, DrillFailure, DrillReport } from './actions/drill/report.ts';
export type { DoctorResult, Finding } from './actions/doctor/finding.ts';
export type { RemoveResult } from './actions/remove/remove-old.ts';
export type { MirrorResult } from './actions/mirror/mirror.ts';
export type { MirroredSet } from './actions/mirror/copy-set.ts';
export type { RekeyedSet, RekeyResult } from './actions/rekey/rekey.ts';
export type { RecoveryKit } from './actions/recovery/kit.ts';
export type { ReplicateResult } from './actions/replicate/replicate.ts';
export type { SquashResult } from './actions/squash/squash.ts';
export type { CleanupResult } from './actions/remove/cleanup.ts';
export type { ChainStatus, SetStatus, StatusResult } from './actions/status/status-result.ts';
export type { BackupStatistics } from './events/statistics.ts';
export type { Rule } from './selection/rules.ts';
export type { DriverOptions } from './backends/open-options.ts';
export type { EpochSeconds } from './util/time.ts';
export {
  BackendError,
  ChainError,
  CryptoError,
  DuplicityError,
  IntegrityError,
  LocalError,
  UsageError,
} from './errors/errors.ts';
export type { Code } from './errors/codes.ts';
