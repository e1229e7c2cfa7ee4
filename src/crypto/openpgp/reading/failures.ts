import type { DuplicityError } from '../../../errors/errors.ts';
import { gpgFailure } from '../../gpg/failure.ts';

const RESULT = { exitCode: 2, signal: null, status: [] };

/**
 * The failures of reading in this process. They look like gpg's, log included, because front ends search for its words
 * (docs/cli.md).
 */
export function damaged(name: string, reason: string, log: string): DuplicityError {
  return gpgFailure({ result: { ...RESULT, log }, direction: 'reading', name, reason, isDamage: true });
}

/** A good passphrase fails the same way when the bytes that tell it are changed, with gpg too. */
export function wrongPassphrase(name: string): DuplicityError {
  const log = 'gpg: encrypted with 1 passphrase\ngpg: decryption failed: Bad session key';
  return gpgFailure({ result: { ...RESULT, log }, direction: 'reading', name });
}

export function manipulated(name: string): DuplicityError {
  const reason = 'it has been changed or cut off, its integrity check fails';
  return damaged(name, reason, 'gpg: WARNING: encrypted message has been manipulated!');
}

export function cutOff(name: string): DuplicityError {
  return damaged(name, 'it is damaged', 'gpg: the file ends before the encrypted data do');
}

export function followedBy(name: string, byte: number): DuplicityError {
  const ctb = byte.toString(16).padStart(2, '0');
  return damaged(name, 'it is damaged', `gpg: [don't know]: invalid packet (ctb=${ctb}) behind the encrypted data`);
}

export function changed(name: string): DuplicityError {
  return damaged(name, 'it has been changed while it was read', 'gpg: the file changed while it was read');
}
