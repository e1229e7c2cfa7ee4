import type { GpgResult } from './run/process.ts';
import { keyState, stateInWords } from './key-state.ts';
import type { GpgSettings } from './settings.ts';
import { SIGNS_WITH_ANOTHER } from './signer.ts';
import { hasStatus, wordsOf } from './run/status.ts';

export interface Cause {
  /** Ends a sentence: `Cannot decrypt X: …`. */
  readonly reason: string;
  /** One imperative sentence. */
  readonly hint: string;
  /** No secret key that opens the file is here. */
  readonly lacksKey?: true;
}

interface Known extends Cause {
  readonly log: RegExp;
}

/** gpg's words (2.2.40, untranslated) for what people run into; the first that occurs wins. */
const READING: readonly Known[] = [
  {
    log: /Bad session key/,
    reason: 'the passphrase is wrong',
    hint: 'Check PASSPHRASE: this file was encrypted with another one.',
  },
  {
    log: /Bad passphrase/,
    reason: 'the passphrase does not unlock the secret key',
    hint: 'Check PASSPHRASE: it has to be the passphrase of the secret key.',
  },
  {
    log: /No passphrase given/,
    reason: 'the secret key has a passphrase, and PASSPHRASE is empty',
    // Nobody may be there who could enter it: a full backup does without, as where the key is missing.
    lacksKey: true,
    hint: 'Set PASSPHRASE to the passphrase of the secret key.',
  },
];

const WRITING: readonly Known[] = [
  {
    log: /not using '.*' as default key|passed to '--default-key' ignored|No secret key|No default secret key/,
    reason: 'the secret key to sign with is not here or cannot sign',
    hint: 'Import the signing key (gpg --import), or name another one with --sign-key.',
  },
  {
    log: /Bad passphrase/,
    reason: 'the passphrase does not unlock the signing key',
    hint: 'Check SIGN_PASSPHRASE: it has to be the passphrase of the signing key.',
  },
  {
    log: /No passphrase given/,
    reason: 'the signing key has a passphrase, and SIGN_PASSPHRASE is empty',
    hint: 'Set SIGN_PASSPHRASE to the passphrase of the signing key.',
  },
  {
    log: /Invalid passphrase/,
    reason: 'the passphrase is empty',
    hint: 'Set PASSPHRASE to a passphrase, or choose --encrypt-key or --no-encryption.',
  },
  {
    log: /No space left on device/,
    reason: 'the disk is full',
    hint: 'Free some space in the temporary directory, or name another one with --tempdir.',
  },
];

const BOTH: readonly Known[] = [
  {
    log: /No pinentry|Inappropriate ioctl|Operation cancelled|Timeout/,
    reason: 'gpg-agent could not ask for the passphrase',
    hint: 'Unlock the key in gpg-agent first, or set PASSPHRASE and leave --use-agent away.',
  },
  {
    log: /No secret key/,
    reason: 'no secret key it was encrypted for is here',
    lacksKey: true,
    hint: 'Import the secret key (gpg --import), or run as the user who has it.',
  },
  {
    log: /can't connect to the agent|IPC connect call failed/,
    reason: 'gpg-agent cannot be reached',
    hint: 'Check that the GnuPG home directory is writable and its path shorter than about 80 characters.',
  },
];

/** Reasons of an INV_RECP status line. Source: GnuPG's doc/DETAILS. */
const RECIPIENT: Readonly<Record<string, Cause>> = {
  1: { reason: 'its public key is not in the key ring', hint: 'Import the public key with gpg --import.' },
  2: { reason: 'several keys match', hint: 'Name the key by its full fingerprint.' },
  3: { reason: 'the key is not meant for encryption', hint: 'Name a key that has an encryption sub-key.' },
  4: { reason: 'the key is revoked', hint: 'Name another key with --encrypt-key.' },
  5: {
    reason: 'the key has expired',
    hint: 'Extend its validity (gpg --quick-set-expire), or name another key with --encrypt-key.',
  },
  10: {
    reason: 'nothing assures that the key belongs to this name',
    hint: `Sign or trust the key (gpg --edit-key), or pass --gpg-options '--trust-model always'.`,
  },
  14: { reason: 'the key is disabled', hint: 'Enable it (gpg --edit-key), or name another key with --encrypt-key.' },
};

const UNUSABLE: Cause = { reason: 'its key cannot be used', hint: 'Name another key with --encrypt-key.' };

/** `settings` let gpg be asked about a key that it has refused without a reason. */
export function knownCause(
  result: GpgResult,
  direction: 'reading' | 'writing',
  settings?: GpgSettings,
): Cause | undefined {
  if (direction === 'writing') {
    const recipient = wordsOf(result.status, 'INV_RECP');
    if (recipient) return recipientCause(recipient, result.log, settings);
    const isSigner = hasStatus(result.status, 'INV_SGNR') || SIGNS_WITH_ANOTHER.test(result.log);
    const past = isSigner ? pastCause(settings?.signKey ?? '', 's', settings) : undefined;
    if (past) return past;
  }
  const known = [...(direction === 'reading' ? READING : WRITING), ...BOTH];
  return known.find(({ log }) => log.test(result.log));
}

function recipientCause([code = '', ...id]: readonly string[], log: string, settings: GpgSettings | undefined): Cause {
  // gpg gives an expired or revoked key no number of its own when it is named by its id: code 0 or 1.
  const past = pastCause(id.join(' '), 'e', settings);
  if (past) return past;
  const isExpired = /expired/i.test(log);
  const cause = (isExpired ? RECIPIENT['5'] : RECIPIENT[code]) ?? UNUSABLE;
  return { reason: `recipient ${id.join(' ')}: ${cause.reason}`, hint: cause.hint };
}

/** A key of the key ring that is good no more. */
function pastCause(key: string, use: 'e' | 's', settings: GpgSettings | undefined): Cause | undefined {
  const state = settings && key !== '' ? keyState(settings, key, use) : undefined;
  if (state === undefined) return undefined;
  const [who, option] = use === 'e' ? [`recipient ${key}`, '--encrypt-key'] : [`signing key ${key}`, '--sign-key'];
  const other = `name another one with ${option}; what was stored with it can still be restored`;
  const mend = { expired: 'Extend its validity (gpg --quick-set-expire)', disabled: 'Enable it (gpg --edit-key)' };
  return {
    reason: `${who}: the key ${stateInWords(state)}`,
    hint: state.is === 'revoked' ? `Make a new key and ${other}.` : `${mend[state.is]}, or ${other}.`,
  };
}
