import { closeSync } from 'node:fs';
import { gathered } from '../gather.ts';
import { openForReading } from '../read-file.ts';
import { decryptArguments, type GpgVersion } from './run/arguments.ts';
import { gpgFailure } from './failure.ts';
import { type GpgResult, type GpgRun, startGpg } from './run/process.ts';
import type { GpgSettings } from './settings.ts';
import { checkSigner } from './check-signer.ts';
import { signaturesOf } from './signer.ts';
import { hasStatus, wordsOf } from './run/status.ts';

export interface DecryptOptions {
  readonly name: string;
  readonly signer?: string;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

/**
 * Plaintext blocks of 64 KiB and more of the local file at `path`, which gpg reads itself. Integrity and signature are
 * known, and told, only after the last block. Who stops early gets no error and leaves no process.
 */
export async function* decrypt(
  settings: GpgSettings,
  version: GpgVersion,
  { path, ...options }: DecryptOptions & { readonly path: string },
): AsyncGenerator<Buffer> {
  const { signal } = options;
  signal.throwIfAborted();
  const run = startReading(settings, version, path);
  const onAbort = (): void => run.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  let isRead = false;
  try {
    if (run.stdout) yield* gathered(run.stdout);
    const result = await run.ended;
    isRead = true;
    signal.throwIfAborted();
    checkDecryption(result, options);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!isRead) {
      run.kill();
      await run.ended.catch(ignore);
    }
  }
}

function startReading(settings: GpgSettings, version: GpgVersion, path: string): GpgRun {
  const fd = openForReading(path);
  try {
    const io = { stdin: fd, stdout: 'pipe', secret: settings.passphrase } as const;
    return startGpg(settings, decryptArguments(settings, version), io);
  } finally {
    closeSync(fd);
  }
}

/** Wrong keys and passphrases: gpg wrote nothing, and the file may be sound. */
export const NOT_THE_FILE = /Bad session key|Bad passphrase|No secret key|Invalid passphrase|No pinentry|agent/;

/**
 * `--ignore-mdc-error` lets old archives without modification detection through, but makes gpg 2.2 exit 0 and report
 * DECRYPTION_OKAY for a *wrong* code as well: a file that has one must earn GOODMDC. gpg also copies out data that were
 * never encrypted. Both would let anyone with write access replace what is restored.
 */
function checkDecryption(result: GpgResult, options: DecryptOptions): void {
  const { name, warn } = options;
  const { status, log, exitCode } = result;
  const damaged = (reason: string): Error => gpgFailure({ result, direction: 'reading', name, reason, isDamage: true });

  if (hasStatus(status, 'BADSIG')) throw wrongSignature(result, name);
  if (!hasStatus(status, 'DECRYPTION_OKAY') || hasStatus(status, 'BADMDC')) {
    if (exitCode === 0) throw damaged('it is not encrypted');
    if (result.signal !== null || NOT_THE_FILE.test(log)) throw gpgFailure({ result, direction: 'reading', name });
    throw damaged(hasStatus(status, 'NODATA') ? 'it is not an OpenPGP file, or damaged' : 'it is damaged');
  }
  if (hasCode(result)) {
    if (!hasStatus(status, 'GOODMDC')) throw damaged('it has been changed or cut off, its integrity check fails');
  } else {
    warn(`${name} was written without integrity protection: changes to it cannot be noticed.`);
  }
  checkSignature(result, options);
}

/** What gpg says of the signature, and of whatever else it met behind sound data. */
export function checkSignature(result: GpgResult, options: Omit<DecryptOptions, 'signal'>): void {
  const { name, signer, warn } = options;
  if (hasStatus(result.status, 'BADSIG')) throw wrongSignature(result, name);
  if (result.exitCode !== 0) checkFailedExit(result, options);
  if (signer !== undefined) checkSigner(result.status, signer, warn);
}

function wrongSignature(result: GpgResult, name: string): Error {
  return gpgFailure({ result, direction: 'reading', name, reason: 'its signature is wrong', isDamage: true });
}

/** DECRYPTION_INFO gives the kind of modification detection code, 0 for none, and after the cipher that of AEAD. */
function hasCode({ status }: GpgResult): boolean {
  const [mdc = '', , aead = '0'] = wordsOf(status, 'DECRYPTION_INFO') ?? [];
  return mdc !== '0' || aead !== '0';
}

/** Failures of gpg that say nothing against data whose integrity check was passed. */
function checkFailedExit(result: GpgResult, { name, signer, warn }: Omit<DecryptOptions, 'signal'>): void {
  // Both releases of the reference go on after this one.
  if (result.log.includes('invalid packet (ctb=14)')) {
    warn(`${name}: gpg met an invalid packet (ctb=14) behind the data.`);
    return;
  }
  const { keyId } = signaturesOf(result.status).find(({ verdict }) => verdict === 'unknown key') ?? {};
  const unknown = keyId === undefined ? '' : ` ${keyId}`;
  const isOnlyUnknownSigner = hasStatus(result.status, 'NO_PUBKEY') && !hasStatus(result.status, 'NODATA');
  if (isOnlyUnknownSigner && signer === undefined) {
    // The reference refuses to restore here, for want of a key that nobody asked it to check.
    warn(`${name} is signed, but the signing key${unknown} is not in the key ring: the signature was not checked.`);
    return;
  }
  if (isOnlyUnknownSigner) {
    throw gpgFailure({
      result,
      direction: 'reading',
      name,
      reason: `its signing key${unknown} is not in the key ring`,
      hint: 'Import the public key (gpg --import), or leave --sign-key away to go without the check.',
    });
  }
  throw gpgFailure({ result, direction: 'reading', name, isDamage: true });
}

function ignore(): void {
  // Nobody is left who wants to know.
}
