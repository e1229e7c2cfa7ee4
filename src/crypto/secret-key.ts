import { execFile } from 'node:child_process';
import { CryptoError } from '../errors/errors.ts';
import { gpgEnvironment } from './gpg/run/environment.ts';
import type { GpgSettings } from './gpg/settings.ts';

/**
 * Whether the key ring holds the secret half of a recipient, or cannot tell. Without it a question for a passphrase is
 * asked in vain.
 */
export function hasSecretKey({ binary, options, recipients, hiddenRecipients, env }: GpgSettings): Promise<boolean> {
  const args = [...options, '--batch', '--with-colons', '--list-secret-keys', '--', ...recipients, ...hiddenRecipients];
  const run = { env: gpgEnvironment(env ?? process.env), maxBuffer: 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(binary, args, run, (error, stdout) => {
      if (error !== null && typeof error.code !== 'number') resolve(true);
      else resolve(stdout.split('\n').some(isSecret));
    });
  });
}

export function noSecretKey(recipients: readonly string[]): CryptoError {
  const text = `Backups at the remote are encrypted, and no secret key of ${recipients.join(', ')} is here to read them.`;
  return new CryptoError('GPG_FAILED', text, {
    lacksKey: true,
    exception: 'GPGError',
    hint: 'Import the secret key (gpg --import), or make a full backup, which needs none.',
  });
}

/** Field 15 of a secret key or sub-key is `#` where only a stub of it is here. Source: GnuPG's doc/DETAILS. */
function isSecret(line: string): boolean {
  const fields = line.split(':');
  return (fields[0] === 'sec' || fields[0] === 'ssb') && fields[14] !== '#';
}
