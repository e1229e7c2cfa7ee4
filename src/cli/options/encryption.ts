import { UsageError } from '../../errors/errors.ts';
import { type ReadContext, type Shorthand, option, toggle } from './option.ts';
import { append, passThrough, path, text } from './values.ts';

function signKey([word = '']: readonly string[]): string {
  if (/^(?:0x)?(?:[\da-f]{8}|[\da-f]{16}|[\da-f]{40})$/i.test(word)) return word;
  throw new UsageError('BAD_SIGN_KEY', `The sign key must be 8, 16 or 40 hexadecimal digits, not '${word}'.`, {
    hint: 'Key ids are what "gpg --list-keys --keyid-format long" shows.',
  });
}

/** gpg options have no quoting: blanks separate them. */
function gpgWords(words: readonly string[], context: ReadContext): readonly string[] {
  return passThrough(words, context)
    .split(/\s+/)
    .filter((word) => word !== '');
}

export const ENCRYPTION = {
  noEncryption: toggle({
    flag: '--no-encryption',
    release: 'both',
    actions: 'all',
    help: 'Write unencrypted files.',
  }),
  encryptKey: option<readonly string[]>({
    flag: '--encrypt-key',
    value: 'KEY',
    release: 'both',
    actions: 'all',
    default: [],
    read: ([word = '']) => [word],
    merge: append,
    help: 'Encrypt for this public key instead of with a passphrase. May be given several times.',
  }),
  hiddenEncryptKey: option<readonly string[]>({
    flag: '--hidden-encrypt-key',
    value: 'KEY',
    release: 'both',
    actions: 'all',
    default: [],
    read: ([word = '']) => [word],
    merge: append,
    help: 'Encrypt for this public key without naming it in the files. May be given several times.',
  }),
  signKey: option<string | undefined>({
    flag: '--sign-key',
    value: 'KEYID',
    release: 'both',
    actions: 'all',
    default: undefined,
    read: signKey,
    help: 'Sign with this key; when reading, demand its signature. 8, 16 or 40 hexadecimal digits.',
  }),
  encryptSecretKeyring: option<string | undefined>({
    flag: '--encrypt-secret-keyring',
    value: 'FILE',
    release: 'both',
    actions: 'all',
    default: undefined,
    read: text,
    help: 'Accepted for compatibility, without effect.',
  }),
  gpgBinary: option<string>({
    flag: '--gpg-binary',
    value: 'PROGRAM',
    release: 'both',
    actions: 'all',
    default: 'gpg',
    read: path,
    help: 'The gpg program to run (default gpg).',
  }),
  gpgOptions: option<readonly string[]>({
    flag: '--gpg-options',
    value: 'OPTIONS',
    release: 'both',
    actions: 'all',
    default: [],
    read: gpgWords,
    merge: append,
    help: 'More options for gpg, separated by blanks.',
  }),
  useAgent: toggle({
    flag: '--use-agent',
    release: 'both',
    actions: 'all',
    help: 'Let the gpg agent provide passphrases; never ask for one.',
  }),
} as const;

export const ENCRYPTION_SHORTHANDS = {
  encryptSignKey: {
    kind: 'shorthand',
    flag: '--encrypt-sign-key',
    value: 'KEYID',
    release: 'both',
    actions: 'all',
    standsFor: ['--encrypt-key', '--sign-key'],
    help: 'The same as --encrypt-key and --sign-key with this key.',
  },
} as const satisfies Record<string, Shorthand>;
