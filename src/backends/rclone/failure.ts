import { BackendError } from '../../errors/errors.ts';
import type { Program } from '../run-program.ts';

export const RCLONE: Program = {
  command: 'rclone',
  hint: 'Install rclone (package rclone of the system, or rclone.org/install).',
};

const KINDS = [
  {
    says: /didn't find section|not found in config|config(uration)? file .*not found|couldn't decrypt configuration/i,
    code: 'BACKEND_ERROR',
    retryable: false,
    hint: 'Set the remote up with "rclone config"; RCLONE_CONFIG names another configuration file.',
  },
  {
    says: /no space left|quota ?exceeded|insufficient ?(storage|space)|disk full|too big for remaining disk space|not enough (quota|space)/i,
    code: 'BACKEND_NO_SPACE',
    retryable: false,
    hint: 'Free some space on the remote, for example with remove-older-than.',
  },
  {
    says: /permission denied|access ?denied|forbidden|unauthori[sz]ed|invalid_grant|unable to authenticate|expired token/i,
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    hint: 'Check what the account may do; "rclone config reconnect REMOTE:" logs in anew.',
  },
  {
    says: /object not found|directory not found|file not found|no such file|is a directory or doesn't exist/i,
    code: 'BACKEND_NOT_FOUND',
    retryable: false,
    hint: undefined,
  },
] as const;

/** What rclone said while it tried to do `task`, as an error; anything unknown may pass and is worth another try. */
export function rcloneFailure(task: string, text: string): BackendError {
  const kind = KINDS.find(({ says }) => says.test(text));
  return new BackendError(kind?.code ?? 'BACKEND_ERROR', `Cannot ${task}: rclone says: ${text}`, {
    retryable: kind === undefined,
    ...(kind?.hint !== undefined && { hint: kind.hint }),
  });
}
