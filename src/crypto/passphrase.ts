import { UsageError } from '../errors/errors.ts';
import { Secret } from '../util/secret.ts';

export type PassphraseAction =
  | 'backup'
  | 'full'
  | 'inc'
  | 'restore'
  | 'verify'
  | 'check'
  | 'repair'
  | 'cleanup'
  | 'replicate'
  | 'squash'
  | 'mirror'
  | 'recovery-kit'
  | 'rekey'
  /** Metadata sync, inside whatever action. */
  | 'sync'
  | 'collection-status'
  | 'list-current-files'
  | 'remove-older-than'
  | 'remove-all-but-n-full'
  | 'remove-all-inc-of-but-n-full'
  | 'prune'
  | 'doctor'
  | 'roles'
  | 'drill'
  | 'validate-backend';

export interface PassphraseQuery {
  /** `encryption`: of symmetric encryption, or of the secret key when reading. */
  readonly kind: 'encryption' | 'signing';
  readonly action: PassphraseAction;
  readonly env: { readonly PASSPHRASE?: string | undefined; readonly SIGN_PASSPHRASE?: string | undefined };
  /** Normal and hidden ones. */
  readonly recipients: readonly string[];
  readonly signKey?: string | undefined;
  readonly noEncryption: boolean;
  readonly useAgent: boolean;
  /** At least one file that will be read is encrypted. */
  readonly needsDecryption: boolean;
}

/** What to ask on the terminal. */
export interface Question {
  readonly prompt: string;
  /** Asked again with this text; both answers must agree. */
  readonly retype?: string;
  /** An empty answer is refused. */
  readonly mayBeEmpty: boolean;
  /** Environment variable that would have answered it. */
  readonly variable: Variable | 'NEW_PASSPHRASE' | 'FTP_PASSWORD' | 'IMAP_PASSWORD';
}

export type PassphraseSource =
  | { readonly from: 'env'; readonly secret: Secret; readonly notice?: string; readonly warning?: string }
  | { readonly from: 'none' }
  | { readonly from: 'ask'; readonly question: Question };

type Variable = 'PASSPHRASE' | 'SIGN_PASSPHRASE';

const BACKUPS: ReadonlySet<PassphraseAction> = new Set(['backup', 'full', 'inc']);

/** Characters of the first of several lines. */
const LEAST_LENGTH = 8;

/** These read no encrypted file themselves; what they need of the metadata, `sync` decides. */
const NEVER_ASKING: ReadonlySet<PassphraseAction> = new Set([
  'check',
  'collection-status',
  'list-current-files',
  'remove-older-than',
  'remove-all-but-n-full',
  'remove-all-inc-of-but-n-full',
  'mirror',
  'recovery-kit',
  'prune',
  'roles',
  'validate-backend',
]);

/**
 * Where a passphrase comes from, in the reference's order. Unlike the reference, nothing is asked when no file has to
 * be decrypted.
 */
export function passphraseSource(query: PassphraseQuery): PassphraseSource {
  const { kind, env } = query;
  const [own, other]: readonly [Variable, Variable] =
    kind === 'signing' ? ['SIGN_PASSPHRASE', 'PASSPHRASE'] : ['PASSPHRASE', 'SIGN_PASSPHRASE'];
  const ownText = env[own];
  if (ownText !== undefined) return { from: 'env', secret: asTyped(own, ownText), ...ofSeveralLines(own, query) };
  const otherText = env[other];
  if (otherText !== undefined && query.signKey !== undefined && query.recipients.includes(query.signKey)) {
    return {
      from: 'env',
      secret: asTyped(other, otherText),
      notice: `Reuse configured ${other} as ${own}`,
      ...ofSeveralLines(other, query),
    };
  }
  if (query.noEncryption || query.useAgent || NEVER_ASKING.has(query.action)) return { from: 'none' };
  return kind === 'signing' ? signingSource(query) : encryptionSource(query);
}

/** Node puts U+FFFD for every byte that is no UTF-8: another passphrase, and the same for many. */
function asTyped(variable: Variable | 'NEW_PASSPHRASE', text: string): Secret {
  if (!text.includes('\uFFFD')) return new Secret(text);
  throw new UsageError('USER_ERROR', `${variable} holds bytes that are not UTF-8.`, {
    hint: 'Set it in a UTF-8 locale, or choose a passphrase of ASCII characters.',
  });
}

/**
 * gpg takes the first line. Of a key file (`PASSPHRASE=$(cat FILE)`) that is a word everybody knows: nothing is encrypted
 * with it. What was can still be read.
 */
function ofSeveralLines(variable: Variable, query: PassphraseQuery): { readonly warning?: string } {
  const [first = '', ...rest] = (query.env[variable] ?? '').split('\n');
  if (rest.join('') === '') return {};
  const isWriting = BACKUPS.has(query.action) || query.action === 'replicate' || query.action === 'squash';
  const isKnown = first.length < LEAST_LENGTH || first.startsWith('-----');
  if (isKnown && isWriting && query.kind === 'encryption' && query.recipients.length === 0 && !query.noEncryption) {
    throw new UsageError(
      'USER_ERROR',
      `${variable} has several lines, and its first one, all that counts, is too weak.`,
      {
        hint: `Put the passphrase on one line, such as ${variable}=$(tr -d '\\n' < FILE).`,
      },
    );
  }
  return { warning: `${variable} has several lines: only the first one counts, as for gpg.` };
}

function signingSource({ action, signKey }: PassphraseQuery): PassphraseSource {
  if (signKey === undefined || !(BACKUPS.has(action) || action === 'squash')) return { from: 'none' };
  const prompt = 'GnuPG passphrase for signing key: ';
  return { from: 'ask', question: { prompt, mayBeEmpty: true, variable: 'SIGN_PASSPHRASE' } };
}

function encryptionSource({ action, recipients, needsDecryption }: PassphraseQuery): PassphraseSource {
  const prompt = 'GnuPG passphrase for decryption: ';
  if (BACKUPS.has(action) && recipients.length === 0) {
    const retype = 'Retype passphrase for decryption to confirm: ';
    return { from: 'ask', question: { prompt, retype, mayBeEmpty: false, variable: 'PASSPHRASE' } };
  }
  if (!needsDecryption) return { from: 'none' };
  // A secret key may have no passphrase, and which kind the files are is not known before they are read.
  return { from: 'ask', question: { prompt, mayBeEmpty: true, variable: 'PASSPHRASE' } };
}

/** Symmetric encryption and signing get their passphrase through one descriptor of gpg. */
export function checkSymmetricSigning(settings: {
  readonly recipients: readonly string[];
  readonly signKey?: string | undefined;
  readonly passphrase?: Secret | undefined;
  readonly signPassphrase?: Secret | undefined;
}): void {
  const { recipients, signKey, signPassphrase, passphrase = new Secret('') } = settings;
  if (signKey === undefined || recipients.length > 0) return;
  if (signPassphrase === undefined || signPassphrase.isEmpty || signPassphrase.equals(passphrase)) return;
  throw new UsageError(
    'USER_ERROR',
    'When using symmetric encryption, the signing passphrase must equal the encryption passphrase.',
    { hint: 'Set SIGN_PASSPHRASE to the same value as PASSPHRASE, or encrypt to a key with --encrypt-key.' },
  );
}

/** One that is to open files from now on: all of it has to count, for gpg, too. */
export function newPassphraseOf(text: string): Secret {
  if (text === '') throw new UsageError('USER_ERROR', 'The new passphrase is empty, which encrypts nothing.');
  if (!/[\r\n]/.test(text)) return asTyped('NEW_PASSPHRASE', text);
  throw new UsageError('USER_ERROR', 'NEW_PASSPHRASE has several lines, and only the first one would count.', {
    hint: "Put the passphrase on one line, such as NEW_PASSPHRASE=$(tr -d '\\n' < FILE).",
  });
}
