import type { Question } from '../crypto/passphrase.ts';
import { UsageError } from '../errors/errors.ts';
import type { AskSecret } from '../repository/keys.ts';
import { Secret } from '../util/secret.ts';

/** Gives a passphrase. Called when it is needed, once for a store: what it gives is kept until the store is closed. */
export type PassphraseCallback = () => string | Promise<string>;

interface Callbacks {
  readonly passphrase?: PassphraseCallback | undefined;
  readonly signPassphrase?: PassphraseCallback | undefined;
}

/** Who is asked for the passphrases of a store. A failed answer is not kept. */
export function askCallbacks({ passphrase, signPassphrase }: Callbacks): AskSecret {
  const answers = new Map<PassphraseCallback, Promise<string>>();
  return async (question) => {
    const callback = question.variable === 'SIGN_PASSPHRASE' ? (signPassphrase ?? passphrase) : passphrase;
    if (callback === undefined) throw notGiven(question);
    const answer = answers.get(callback) ?? (async () => callback())();
    answers.set(callback, answer);
    try {
      return checked(await answer, question);
    } catch (error) {
      answers.delete(callback);
      throw error;
    }
  };
}

function checked(text: string, { mayBeEmpty }: Question): Secret {
  if (text === '' && !mayBeEmpty) {
    throw new UsageError('USER_ERROR', 'The passphrase is empty, which encrypts nothing.', {
      hint: 'Give another one, or choose `encryption: false`.',
    });
  }
  if (/[\r\n]/.test(text)) {
    throw new UsageError('USER_ERROR', 'The passphrase has several lines; gpg would take the first.', {
      hint: 'Take the end of the line off what was read from a file.',
    });
  }
  return new Secret(text);
}

function notGiven({ variable }: Question): UsageError {
  const name = variable === 'SIGN_PASSPHRASE' ? 'signPassphrase' : 'passphrase';
  return new UsageError('USER_ERROR', `A passphrase is needed, and the store was opened without \`${name}\`.`, {
    hint: `Give openStore a function as \`${name}\`; for a secret key without a passphrase one that returns ''.`,
  });
}
