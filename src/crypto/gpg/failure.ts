import { CryptoError, IntegrityError } from '../../errors/errors.ts';
import { knownCause } from './causes.ts';
import type { GpgSettings } from './settings.ts';
import type { GpgResult } from './run/process.ts';

/** The block front ends look for. */
export function gpgLog(log: string): string {
  return `===== Begin GnuPG log =====\n${log.trim()}\n===== End GnuPG log =====`;
}

export interface GpgFailure {
  readonly result: GpgResult;
  readonly direction: 'reading' | 'writing';
  /** What messages call the file; none when it has no name yet. */
  readonly name?: string;
  /** What is wrong, when gpg's own words do not tell. */
  readonly reason?: string;
  /** What to do about that reason. */
  readonly hint?: string;
  /** With which a key that was refused can be asked about. */
  readonly settings?: GpgSettings;
  /** The stored bytes are at fault, not keys or passphrases. */
  readonly isDamage?: boolean;
}

/** A failed gpg call: its log in the reference's form, then a plain sentence, and what to do about known causes. */
export function gpgFailure(failure: GpgFailure): CryptoError | IntegrityError {
  const { result, direction, name, isDamage = false } = failure;
  const cause = failure.reason === undefined ? knownCause(result, direction, failure.settings) : undefined;
  const reason = failure.reason ?? cause?.reason ?? ending(result);
  const what = direction === 'reading' ? `Cannot decrypt ${name ?? 'the file'}` : 'Cannot encrypt';
  const message = `GPG Failed, see log below:\n${gpgLog(result.log)}\n${what}: ${reason}.`;
  const hint = failure.hint ?? cause?.hint ?? (isDamage ? DAMAGE_HINT : undefined);
  const lacksKey = direction === 'reading' && cause?.lacksKey === true;
  const extra = { exception: 'GPGError', lacksKey, ...(hint === undefined ? {} : { hint }) };
  return isDamage ? new IntegrityError('GPG_FAILED', message, extra) : new CryptoError('GPG_FAILED', message, extra);
}

const DAMAGE_HINT =
  'Fetch the file again or restore from an earlier backup; "verify" tells which other files are damaged.';

function ending(result: GpgResult): string {
  if (result.signal !== null) return `gpg was ended by ${result.signal}`;
  return `gpg ended with status ${result.exitCode ?? 'unknown'}`;
}
