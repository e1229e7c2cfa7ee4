/**
 * Every failure a user can see. Exit numbers are the reference's and never change; numbers of ours start at 100.
 * Source: docs/exit-codes.md.
 */
export const CODES = {
  GENERIC: 1,
  COMMAND_LINE: 2,
  /** A profile is wrong: a command line of another kind. */
  BAD_PROFILE: 2,
  HOSTNAME_MISMATCH: 3,
  NO_MANIFESTS: 4,
  MISMATCHED_MANIFESTS: 5,
  UNREADABLE_MANIFESTS: 6,
  CANNOT_OPEN_FILELIST: 7,
  BAD_URL: 8,
  BAD_ARCHIVE_DIR: 9,
  BAD_SIGN_KEY: 10,
  RESTORE_DIR_EXISTS: 11,
  VERIFY_DIR_MISSING: 12,
  BACKUP_DIR_MISSING: 13,
  FILE_PREFIX_ERROR: 14,
  GLOBBING_ERROR: 15,
  REDUNDANT_INCLUSION: 16,
  INC_WITHOUT_SIGS: 17,
  RESTORE_PATH_NOT_FOUND: 19,
  NOTHING_RESTORED: 20,
  MISMATCHED_HASH: 21,
  UNSIGNED_VOLUME: 22,
  USER_ERROR: 23,
  EXCEPTION: 30,
  GPG_FAILED: 31,
  NOT_ENOUGH_FREESPACE: 35,
  MAX_OPEN_TOO_LOW: 37,
  CONNECTION_FAILED: 38,
  RESTART_FILE_NOT_FOUND: 39,
  GIO_NOT_AVAILABLE: 40,
  SOURCE_PATH_MISMATCH: 42,
  VOLUME_WRONG_SIZE: 44,
  ENCRYPTION_MISMATCH: 45,
  S3_KMS_NO_ID: 49,
  BACKEND_ERROR: 50,
  BACKEND_PERMISSION_DENIED: 51,
  BACKEND_NOT_FOUND: 52,
  BACKEND_NO_SPACE: 53,
  BACKEND_COMMAND_ERROR: 54,
  BACKEND_CODE_ERROR: 55,
  REDUNDANT_FILTER: 70,
  BAD_FILTER: 71,
  FILES_FROM_ABSOLUTE: 72,
  FILES_FROM_EMPTY: 73,
  /** A damaged archive: the bytes do not follow the format. */
  DAMAGED: 100,
  /** Some of what was to be restored is not in place. */
  INCOMPLETE: 101,
  /** With `--strict`: done, but not without warnings. */
  STRICT: 102,
  /** `check` has done its work and found damage. */
  DAMAGE_FOUND: 103,
  /** With `--strict`: the store is not as it was left, and nothing was done. */
  TURNED_BACK: 105,
  /** `restore --salvage` has done its work, and not everything came back whole. */
  NOT_WHOLE: 104,
  /** `drill`: a restore would have failed. */
  DRILL_FAILED: 107,
  /** `roles --check`: the credentials may do more, or less, than they should. */
  RIGHTS_DIFFER: 108,
  /** `repair` has done its work, and something could not be made again. */
  NOT_REPAIRED: 106,
  /** `doctor` has found what would stop a backup. */
  WOULD_FAIL: 109,
} as const satisfies Record<string, number>;

/** The word for a kind of failure, which stays; `exitCode` is its number. */
export type Code = keyof typeof CODES;
