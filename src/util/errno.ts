/** A failure of a system call. */
export function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error && 'syscall' in error;
}

/** Numbers of Linux that node has no names for. */
const UNNAMED: Readonly<Record<string, string>> = {
  'Unknown system error -116': 'ESTALE',
  'Unknown system error -122': 'EDQUOT',
};

/** The system's name of a failed call (`ENOENT`), if it was one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined;
  return UNNAMED[error.code] ?? error.code;
}
