import { BackendError } from '../../errors/errors.ts';

/** What `list` answers for a place that is not there and is not to be made; `task` as in `list files in /mnt`. */
export function placeNotThere(task: string): BackendError {
  return new BackendError('BACKEND_NOT_FOUND', `Cannot ${task}: it does not exist`, {
    retryable: false,
    exception: 'FileNotFoundError',
    hint: 'Check the URL, and whether what it names is mounted.',
  });
}

/** Whether that is why a listing failed, in which words ever. */
export function isNotThere(error: unknown): error is BackendError {
  return error instanceof BackendError && error.code === 'BACKEND_NOT_FOUND';
}
