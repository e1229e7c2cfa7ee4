import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { CryptoError } from '../../../errors/errors.ts';
import { Secret } from '../../../util/secret.ts';
import { gpgFailure } from '../../gpg/failure.ts';
import { type GpgVersion, recipientsArguments } from '../../gpg/run/arguments.ts';
import { gpgEnvironment } from '../../gpg/run/environment.ts';
import { asRecent } from '../../gpg/run/version.ts';
import type { GpgSettings } from '../../gpg/settings.ts';
import { askGpg } from '../keys/run-gpg.ts';
import { TAG } from '../packets/packet.ts';
import { splitPackets } from '../packets/split-packets.ts';
import { type PublicKey, publicKeysIn } from './public-key.ts';

const MOST_EXPORTED = 16 * 1024 * 1024;

/**
 * The encryption keys that gpg would take for these recipients now. It encrypts nothing for them: so it has found that they
 * are there, trusted, and neither expired nor revoked, and which of their sub-keys is the one.
 */
export async function newRecipients(
  settings: GpgSettings,
  version: () => Promise<GpgVersion>,
  signal: AbortSignal,
): Promise<readonly PublicKey[]> {
  if (settings.recipients.length === 0) return [];
  const secret = new Secret(randomBytes(32).toString('hex'));
  const { result, output } = await asRecent(
    version,
    (found) => {
      const args = recipientsArguments(settings, found, false);
      return askGpg({ ...settings, useAgent: false }, { args, secret, signal });
    },
    ({ result: { exitCode } }) => exitCode === 0,
  );
  if (result.exitCode !== 0) throw gpgFailure({ result, direction: 'writing', settings });
  const ids = (splitPackets(output) ?? []).flatMap(({ tag, body }) =>
    tag === TAG.publicKeySession ? [body.toString('hex', 1, 9).toUpperCase()] : [],
  );
  const known = publicKeysIn(await exported(settings, ids));
  return ids.map((id) => known.find((key) => key.id === id) ?? notExported(id));
}

/** Public halves only. */
function exported({ binary, options, env }: GpgSettings, ids: readonly string[]): Promise<Buffer> {
  const args = [...options, '--batch', '--no-tty', '--export', '--', ...ids.map((id) => `0x${id}`)];
  const run = { env: gpgEnvironment(env ?? process.env), maxBuffer: MOST_EXPORTED, encoding: 'buffer' } as const;
  return new Promise((resolve) => {
    execFile(binary, args, run, (_error, stdout) => resolve(stdout));
  });
}

function notExported(id: string): never {
  throw new CryptoError('GPG_FAILED', `gpg does not hand out the public key ${id}.`, {
    hint: 'See whether "gpg --export" with this id writes it.',
  });
}
