import { CryptoError } from '../../errors/errors.ts';
import { asctime } from '../../util/time.ts';
import { counts, isOfKey, type Signature, signaturesOf } from './signer.ts';
import type { StatusLine } from './run/status.ts';

/** Throws unless one of the signatures counts and is by this key. `warn` hears of a key that has expired since. */
export function checkSigner(status: readonly StatusLine[], signer: string, warn: (text: string) => void): void {
  const signatures = signaturesOf(status);
  const own = signatures.filter((signature) => isOfKey(signature, signer));
  const good = own.find(counts);
  if (good === undefined) throw notSignedBy(signer, own[0] ?? signatures[0]);
  if (good.verdict === 'expired key') {
    const since = good.keyExpiredAt === undefined ? '' : ` (${asctime(good.keyExpiredAt)})`;
    warn(
      `The signing key ${good.keyId} has expired since it signed${since}: its signatures count. To go on signing, extend it (gpg --quick-set-expire) or name another one with --sign-key.`,
    );
  }
}

/** What is wrong with the signature there is, or that there is none. */
export function notSignedBy(signer: string, found?: Signature): CryptoError {
  // A key that has expired only since is no reason.
  const because = found === undefined || counts(found) ? undefined : REASONS[found.verdict];
  const isItself = found !== undefined && isOfKey(found, signer);
  const by = `Volume was signed by key ${found?.keyId ?? 'None'}`;
  const message = because === undefined ? by : `${by}, ${because}`;
  return new CryptoError('UNSIGNED_VOLUME', isItself ? message : `${message}, not ${signer}`, {
    hint:
      found?.verdict === 'unknown key'
        ? `Import the public key (gpg --import) to have the signature checked.`
        : isItself
          ? 'If you trust what was stored nevertheless, leave --sign-key away.'
          : 'Check --sign-key, and who else can write to the remote.',
  });
}

const REASONS: Readonly<Partial<Record<Signature['verdict'], string>>> = {
  'expired key': 'which had expired before',
  'expired signature': 'and that signature has expired',
  'revoked key': 'which has been revoked',
  'unknown key': 'which is not in the key ring',
};
