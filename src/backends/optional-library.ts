import { UsageError } from '../errors/errors.ts';

/** Imports a package that an installation may lack; then says in one sentence how to get it. */
export async function optionalLibrary<T>(scheme: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new UsageError('USER_ERROR', `${scheme}:// needs the package ${name}, which is not installed.`, {
      exception: 'BackendException',
      hint: `Run "npm install ${name}" where duplicity is installed.`,
      cause: error,
    });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ERR_)?MODULE_NOT_FOUND$/.test(String(error.code));
}
