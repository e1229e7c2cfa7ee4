import { CryptoError } from '../../../errors/errors.ts';
import type { Secret } from '../../../util/secret.ts';
import type { Soon } from '../../../util/soon.ts';
import { type GpgVersion, signArguments } from '../../gpg/run/arguments.ts';
import { gpgFailure } from '../../gpg/failure.ts';
import { feedGpg } from '../../gpg/run/input.ts';
import { type GpgResult, startGpg } from '../../gpg/run/process.ts';
import { encryptionSecret, type GpgSettings } from '../../gpg/settings.ts';
import { SIGNS_WITH_ANOTHER } from '../../gpg/signer.ts';
import { hasStatus } from '../../gpg/run/status.ts';
import { isSameKind, onePassPacket, signatureKind } from '../packets/one-pass.ts';
import { askGpg, outputOf } from './run-gpg.ts';

/** Signing with one key, found able to do so. */
export interface Signing {
  /** Stands before the data. */
  readonly onePass: Buffer;
  /** Starts the signature of one file. */
  start(signal: AbortSignal): Signer;
}

export interface Signer {
  /** Copies the content. Answers a promise when gpg lags behind. */
  write(content: Buffer): Soon<void>;
  /** The signature packet of everything written. Throws gpg's reason when there is none. */
  finish(): Promise<Buffer>;
  /** Never throws. */
  abort(): Promise<void>;
}

/**
 * gpg makes the signatures, so that agents and smart cards work: a detached one per file, over the content alone, which
 * is what a signature inside a message is made of. The first is of nothing: it tells what the others will be like, and
 * finds out about a missing key or a wrong passphrase before anything is written. undefined when it is of a kind that
 * has no place in our messages.
 */
export async function openSigning(
  settings: GpgSettings,
  version: GpgVersion,
  signal: AbortSignal,
): Promise<Signing | undefined> {
  const call = { args: signArguments(settings, version), secret: encryptionSecret(settings) };
  const { result, output } = await askGpg(settings, { ...call, signal });
  checkSignature(result, settings);
  const kind = signatureKind(output);
  if (!kind) return undefined;
  return {
    onePass: onePassPacket(kind),
    start(signal) {
      const signer = startSigner(settings, call, signal);
      return {
        ...signer,
        async finish() {
          const signature = await signer.finish();
          const made = signatureKind(signature);
          if (made && isSameKind(made, kind)) return signature;
          throw new CryptoError('GPG_FAILED', `${settings.binary} has signed otherwise than at the start of the run.`, {
            exception: 'GPGError',
            hint: 'Leave keys and the configuration of gpg alone during a backup, and start it again.',
          });
        },
      };
    },
  };
}

function startSigner(
  settings: GpgSettings,
  { args, secret }: { readonly args: readonly string[]; readonly secret: Secret | undefined },
  signal: AbortSignal,
): Signer {
  signal.throwIfAborted();
  const gpg = startGpg(settings, args, { stdin: 'pipe', stdout: 'pipe', secret });
  const output = outputOf(gpg);
  const input = feedGpg(gpg, settings, { check: checkSignature, signal });
  return {
    write(content) {
      const copy = Buffer.allocUnsafeSlow(content.length);
      content.copy(copy);
      return input.write(copy);
    },
    async finish() {
      await input.finish();
      return output();
    },
    abort: () => input.abort(),
  };
}

function checkSignature(result: GpgResult, settings: GpgSettings): void {
  const { signKey } = settings;
  const fail = (reason?: string): Error =>
    gpgFailure({ result, direction: 'writing', settings, ...(reason === undefined ? {} : { reason }) });
  if (result.exitCode !== 0) throw fail();
  if (!hasStatus(result.status, 'SIG_CREATED')) throw fail('gpg did not report that it has signed anything');
  if (signKey !== undefined && SIGNS_WITH_ANOTHER.test(result.log)) throw fail();
}
