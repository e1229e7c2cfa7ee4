import { createDecipheriv } from 'node:crypto';
import type { DuplicityError } from '../../../errors/errors.ts';
import type { GpgVersion } from '../../gpg/run/arguments.ts';
import { NOT_THE_FILE } from '../../gpg/decrypt.ts';
import { gpgFailure } from '../../gpg/failure.ts';
import type { GpgSettings } from '../../gpg/settings.ts';
import { sessionKeyAsker } from './asked-session-keys.ts';
import { type CipherFile, opensWith } from '../reading/cipher-file.ts';
import { type SessionKey } from '../reading/decrypted-pieces.ts';
import { damaged, wrongPassphrase } from '../reading/failures.ts';
import { keyDeriver } from './key-deriver.ts';
import { keyBytesOf, type MessageHead, type PassphraseSession } from '../reading/message-head.ts';
import { isCipher } from '../packets/packet.ts';

interface Opening {
  readonly file: CipherFile;
  readonly head: MessageHead;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** The key a message is encrypted with; undefined when only gpg can tell what is wrong. */
export type SessionKeys = (opening: Opening) => Promise<SessionKey | undefined>;

/** Each may ask for a tenth of a second of hashing, and gpg makes files with one. */
const MOST_PASSPHRASES = 8;
const TOO_MANY = 'gpg: [not asked]: more passphrases than anybody has';

/** Options of gpg that decide what a file is opened with. */
const OTHER_SECRET = /^--(passphrase|override-session-key|pinentry-mode)/;

/** A passphrase we have is used here, and without gpg; everything else gpg is asked for. */
export function sessionKeys(settings: GpgSettings, version: () => Promise<GpgVersion>): SessionKeys {
  const { passphrase, useAgent, options } = settings;
  const derive = keyDeriver();
  const ask = sessionKeyAsker(settings, version);
  const isOurs = !useAgent && passphrase?.isEmpty === false && !options.some((word) => OTHER_SECRET.test(word));

  async function candidate({ cipher, s2k, wrapped }: PassphraseSession): Promise<SessionKey | undefined> {
    if (!passphrase) return undefined;
    const key = await derive(s2k, passphrase, keyBytesOf(cipher));
    return wrapped ? unwrapped(wrapped, { cipher, key }) : { cipher, key };
  }

  return async (opening) => {
    const { file, head, name, signal } = opening;
    const { passphraseSessions: sessions, hasPublicKeySession } = head;
    if (sessions.length > MOST_PASSPHRASES) throw damaged(name, `it has ${sessions.length} passphrases`, TOO_MANY);
    if (sessions.length === 0 || !isOurs) return await asked(ask, opening);
    for (const session of sessions) {
      const key = await candidate(session);
      signal.throwIfAborted();
      if (key && opensWith(file, head.data, key)) return key;
    }
    if (sessions.length === 1 && !hasPublicKeySession) throw wrongPassphrase(name);
    return undefined;
  };
}

async function asked(
  ask: ReturnType<typeof sessionKeyAsker>,
  { file, head, name, signal }: Opening,
): Promise<SessionKey | undefined> {
  const answer = await ask(file, head, signal);
  if (answer.key) {
    // gpg tells the key that a passphrase gives, right or wrong; with a public key this check would help an attacker.
    const isOpen = head.hasPublicKeySession || opensWith(file, head.data, answer.key);
    if (!isOpen) throw wrongPassphrase(name);
    return answer.key;
  }
  if (answer.result.signal === null && NOT_THE_FILE.test(answer.result.log)) throw failure(answer.result, name);
  return undefined;
}

function failure(result: Parameters<typeof gpgFailure>[0]['result'], name: string): DuplicityError {
  return gpgFailure({ result, direction: 'reading', name });
}

/** The session key in a packet with one; undefined when the passphrase is a wrong one. Source: RFC 4880, 5.3. */
export function unwrapped(wrapped: Buffer, { key }: SessionKey): SessionKey | undefined {
  const name = `aes-${key.length * 8}-cfb`;
  const clear = createDecipheriv(name, key, Buffer.alloc(16)).update(wrapped);
  const own = clear[0];
  const session = clear.subarray(1);
  return isCipher(own) && session.length === keyBytesOf(own) ? { cipher: own, key: session } : undefined;
}
