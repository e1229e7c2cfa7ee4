import { BackendError } from '../../errors/errors.ts';
import type { Backend, RemoteFile } from '../backend.ts';
import { around } from './around.ts';

/**
 * `inner` whose word that a file is not there is worth another try where a listing of this run has shown the file, or
 * this run has stored it: of the replicas of a store one may be behind. Goes around what combines several stores, of
 * which another may have the file at once.
 */
export function withListedNames(inner: Backend): Backend {
  const listed = new Set<string>();
  const stored = new Set<string>();
  const base = around(inner, async ({ kind, name, from }, _call, run) => {
    try {
      const result = await run();
      if (kind === 'query' && result === undefined && listed.has(name)) throw absent(name);
      if (kind === 'put' || kind === 'copy' || kind === 'delete') listed.delete(name);
      if (kind === 'put' || kind === 'copy') stored.add(name);
      if (kind === 'delete') stored.delete(name);
      return result;
    } catch (error) {
      const read = from ?? name;
      const isToBeThere = listed.has(read) || (stored.has(read) && (kind === 'get' || kind === 'copy'));
      throw isToBeThere && isFinalAbsence(error) ? passing(error) : error;
    }
  });
  async function* noted(files: AsyncIterable<RemoteFile>): AsyncGenerator<RemoteFile> {
    for await (const file of files) {
      listed.add(file.name);
      yield file;
    }
  }
  return { ...base, list: (call) => noted(inner.list(call)) };
}

function isFinalAbsence(error: unknown): error is BackendError {
  return error instanceof BackendError && error.code === 'BACKEND_NOT_FOUND' && !error.retryable;
}

function passing(error: BackendError): BackendError {
  const { code, message, exception, hint, fields } = error;
  return new BackendError(code, message, {
    retryable: true,
    cause: error,
    fields,
    ...(exception !== undefined && { exception }),
    ...(hint !== undefined && { hint }),
  });
}

function absent(name: string): BackendError {
  return new BackendError('BACKEND_NOT_FOUND', `${name} is in the listing and cannot be found`, { retryable: true });
}
