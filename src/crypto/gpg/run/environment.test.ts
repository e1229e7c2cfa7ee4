import { expect, test } from 'vitest';
import { gpgEnvironment } from './environment.ts';

test('passphrases, passwords and access keys are kept from gpg', () => {
  const secrets = ['PASSPHRASE', 'SIGN_PASSPHRASE', 'FTP_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'DPBX_ACCESS_TOKEN'];
  const env = Object.fromEntries(secrets.map((name) => [name, 'x']));
  expect(gpgEnvironment(env)).toEqual({ LC_MESSAGES: 'C' });
});

test('what gpg and its agent need is passed on', () => {
  const env = { GNUPGHOME: '/g', GPG_TTY: '/dev/tty', HOME: '/h', PATH: '/bin', SSH_AUTH_SOCK: '/s', UNSET: undefined };
  const { UNSET: _unset, ...set } = env;
  expect(gpgEnvironment(env)).toEqual({ ...set, LC_MESSAGES: 'C' });
});

test('messages are English, the character set stays', () => {
  expect(gpgEnvironment({ LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de', LC_MESSAGES: 'fr_FR' })).toEqual({
    LC_CTYPE: 'de_DE.UTF-8',
    LC_MESSAGES: 'C',
  });
});
