import { execFile } from 'node:child_process';
import { CryptoError } from '../../../errors/errors.ts';
import { type GpgVersion, isRecent, RECENT } from './arguments.ts';
import { gpgEnvironment } from './environment.ts';
import { gpgLog } from '../failure.ts';
import { cannotRun } from './process.ts';
import type { GpgSettings } from '../settings.ts';

/** The reference's words for a program that does not identify itself as GnuPG. */
const UNKNOWN = 'failed to determine gnupg version of';

/** Asks the program for its version. With the user's options, as the reference does: a bad one shows here. */
export function askVersion(settings: GpgSettings): Promise<GpgVersion> {
  const { binary, options, env } = settings;
  return new Promise((resolve, reject) => {
    const run = { env: gpgEnvironment(env ?? process.env), maxBuffer: 1024 * 1024 };
    execFile(binary, [...options, '--version'], run, (error, stdout, stderr) => {
      const version = parseVersion(stdout);
      if (version && !error) resolve(version);
      else if (error && typeof error.code === 'string') reject(cannotRun(binary, UNKNOWN, error));
      else reject(notGpg(binary, stderr));
    });
  });
}

/**
 * Runs gpg as if it were a recent one, which saves the process that tells its version. Where that comes to nothing it is
 * asked: it may be an old one, or no gpg, or not there, and the answer tells.
 */
export async function asRecent<T>(
  version: () => Promise<GpgVersion>,
  run: (version: GpgVersion) => Promise<T>,
  isGood: (answer: T) => boolean,
): Promise<T> {
  const answer = await run(RECENT).then(
    (value) => ({ value }),
    () => undefined,
  );
  if (answer !== undefined && isGood(answer.value)) return answer.value;
  const found = await version();
  return answer !== undefined && isRecent(found) ? answer.value : run(found);
}

/** `gpg (GnuPG) 2.2.40`, also with another name or vendor. */
function parseVersion(output: string): GpgVersion | undefined {
  const match = /^gpg\S* \(GnuPG[^)]*\) (\d+)\.(\d+)/.exec(output);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

function notGpg(binary: string, stderr: string): CryptoError {
  const log = stderr.trim() === '' ? '' : `\n${gpgLog(stderr)}`;
  return new CryptoError('GPG_FAILED', `${UNKNOWN} ${binary}${log}`, {
    exception: 'GPGError',
    hint: /option/i.test(stderr)
      ? 'Check the words of --gpg-options: gpg does not know one of them.'
      : 'Name a GnuPG program with --gpg-binary.',
  });
}
