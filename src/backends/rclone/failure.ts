import { BackendError } from '../../errors/errors.ts';
import type { Verdict } from '../transfer/hidden-name.ts';
import type { Program } from '../run-program.ts';

export const RCLONE: Program = {
  command: 'rclone',
  hint: 'Install rclone (package rclone of the system, or rclone.org/install).',
};

const KINDS = [
  {
    says: /unable to decrypt configuration|couldn't decrypt configuration|password command failed/i,
    code: 'BACKEND_ERROR',
    retryable: false,
    hint: 'Set RCLONE_CONFIG_PASS to the password of the configuration, or RCLONE_PASSWORD_COMMAND to what prints it.',
  },
  {
    says: /invalid value when setting|invalid argument .* for .* flag/i,
    code: 'BACKEND_ERROR',
    retryable: false,
    hint: 'Correct the variable RCLONE_... that says so.',
  },
  {
    says: /failed to load config|didn't find section|not found in config|config(uration)? file .*not found/i,
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
    says: /permission denied|access ?denied|not permitted|not allowed|prohibited|forbidden|unauthori[sz]ed|invalid_grant|unable to authenticate|expired token/i,
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

/** A sentence of rclone. */
class Said extends Error {}

/** What rclone said while it tried to do `task`, as an error; anything unknown may pass and is worth another try. */
export function rcloneFailure(task: string, text: string): BackendError {
  const kind = KINDS.find(({ says }) => says.test(text));
  const cause = new Said(text.replaceAll(LABEL, ''));
  return new BackendError(kind?.code ?? 'BACKEND_ERROR', `Cannot ${task}: rclone says: ${cause.message}`, {
    retryable: kind === undefined,
    cause,
    ...(kind?.hint !== undefined && { hint: kind.hint }),
  });
}

/** What rclone puts before a message: the time, and how bad it is. */
const LABEL = /(?<=^|; )\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (?:[A-Z]+ *: )?(?:Fatal error: )?/g;

/** What a program that has ended said last; what a Go program that died said first. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const death = lines.find((line) => /^(?:fatal error|panic|runtime): /.test(line));
  return death ?? lines.slice(-2).join('; ').trim();
}

/** Whether the remote has refused a name, a rename or a deletion: rclone passes on what the server said in any words. */
export function verdict(error: unknown): Verdict {
  if (!(error instanceof BackendError) || !(error.cause instanceof Said)) return undefined;
  if (error.code === 'BACKEND_PERMISSION_DENIED' || error.code === 'BACKEND_NOT_FOUND') return 'certain';
  return error.retryable ? 'likely' : undefined;
}
