import { execFile } from 'node:child_process';
import { CryptoError } from '../../errors/errors.ts';
import type { GpgVersion } from './arguments.ts';
import { gpgEnvironment } from './environment.ts';
import { gpgLog } from './failure.ts';
import { cannotRun } from './process.ts';
import type { GpgSettings } from './settings.ts';

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
