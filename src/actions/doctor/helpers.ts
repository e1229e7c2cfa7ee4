import { runProgram } from '../../backends/run-program.ts';
import { parseUrl } from '../../backends/url/url.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Call } from '../../backends/backend.ts';
import { failed, type Finding, ok, warning } from './finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

interface Helper {
  readonly command: string;
  /** What makes it say its version. */
  readonly args: readonly string[];
  readonly package: string;
  /** Without it the store cannot be reached. */
  readonly isNeeded: boolean;
}

const SSH: Helper = { command: 'ssh', args: ['-V'], package: 'openssh-client', isNeeded: false };
const RSYNC: Helper = { command: 'rsync', args: ['--version'], package: 'rsync', isNeeded: true };
const RCLONE: Helper = { command: 'rclone', args: ['version'], package: 'rclone', isNeeded: true };
const PAR2: Helper = { command: 'par2', args: ['-V'], package: 'par2', isNeeded: true };

/** The programs that a URL takes besides this one. */
function helpersOf(url: string): readonly Helper[] {
  const { scheme, wrappers, path } = parseUrl(url);
  const helpers = wrappers.includes('par2') ? [PAR2] : [];
  if (scheme === 'rclone') return [...helpers, RCLONE];
  if (scheme === 'rsync') return [...helpers, RSYNC, ...(path.startsWith('::') ? [] : [{ ...SSH, isNeeded: true }])];
  // It reads ~/.ssh/config where it is there.
  return /sftp|scp|ssh|fish/.test(scheme) ? [...helpers, SSH] : helpers;
}

/** Their versions. */
export async function helpers(url: string, env: Env, { signal }: Call): Promise<readonly Finding[]> {
  return Promise.all(
    helpersOf(url).map(async ({ command, args, isNeeded, ...helper }) => {
      try {
        const hint = `Install the package ${helper.package}.`;
        const { stdout, stderr } = await runProgram({ command, hint }, args, { signal, env });
        return ok(command, (stdout.trim() || stderr.trim()).split('\n')[0] ?? '');
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        return isNeeded ? failed(command, error) : warning(command, 'is not there: ~/.ssh/config is read without it');
      }
    }),
  );
}
