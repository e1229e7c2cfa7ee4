import { expect, test } from 'vitest';
import { Secret } from '../../../util/secret.ts';
import { decryptArguments, encryptArguments, recipientsArguments, signArguments } from './arguments.ts';
import { encryptionSecret, gpgOptionWords, type GpgSettings } from '../settings.ts';

const v22 = { major: 2, minor: 2 };

function settings(over: Partial<GpgSettings> = {}): GpgSettings {
  return {
    binary: 'gpg',
    options: [],
    recipients: [],
    hiddenRecipients: [],
    useAgent: false,
    compression: true,
    ...over,
  };
}

const HEAD = '--passphrase-fd 3 --status-fd 4 --logger-fd 2 --batch --no-tty';
const COMMON = '--no-secmem-warning --ignore-mdc-error --pinentry-mode=loopback';

test.each<[string, Partial<GpgSettings>, string]>([
  ['symmetric', {}, `${HEAD} ${COMMON} --force-mdc --symmetric`],
  [
    'normal and hidden recipients',
    { recipients: ['A', 'B'], hiddenRecipients: ['C'] },
    `${HEAD} --recipient A --recipient B --hidden-recipient C ${COMMON} --force-mdc --encrypt`,
  ],
  [
    'signed for a recipient',
    { recipients: ['A'], signKey: 'S' },
    `${HEAD} --default-key S --recipient A ${COMMON} --force-mdc --sign --encrypt`,
  ],
  ['symmetric and signed', { signKey: 'S' }, `${HEAD} --default-key S ${COMMON} --force-mdc --sign --symmetric`],
  ['not compressed', { compression: false }, `${HEAD} ${COMMON} --compress-algo=none --force-mdc --symmetric`],
  ['at a level', { compressionLevel: 3 }, `${HEAD} ${COMMON} --compress-level=3 --force-mdc --symmetric`],
  [
    'with words of the user',
    { options: ['--homedir', '/h'] },
    `${HEAD} ${COMMON} --homedir /h --force-mdc --symmetric`,
  ],
  [
    'with the agent',
    { useAgent: true, recipients: ['A'] },
    '--status-fd 4 --logger-fd 2 --batch --no-tty --recipient A --no-secmem-warning --ignore-mdc-error --force-mdc --encrypt',
  ],
])('writing, %s', (_case, over, words) => {
  expect(encryptArguments(settings(over), v22).join(' ')).toBe(words);
});

test('session keys are made for all recipients and a passphrase, which the agent never sees', () => {
  const over = { recipients: ['A'], hiddenRecipients: ['C'], signKey: 'S', options: ['--x'], useAgent: true };
  const words = `${HEAD} --recipient A --hidden-recipient C ${COMMON} --x --force-mdc --s2k-mode=1 --encrypt --symmetric`;
  expect(recipientsArguments(settings(over), v22, false).join(' ')).toBe(words);
  const choosing = recipientsArguments(settings({ ...over, compression: false }), v22, true);
  expect(choosing).toEqual(
    expect.arrayContaining(['--personal-compress-preferences', 'Z1 Z2 Z0', '--compress-algo=none', '--x']),
  );
});

test('a signature is made with the key that is named, whoever can read the file', () => {
  const over = { recipients: ['A'], signKey: 'S', options: ['--x'] };
  expect(signArguments(settings(over), v22).join(' ')).toBe(`${HEAD} --default-key S ${COMMON} --x --detach-sign`);
  expect(signArguments(settings({ ...over, useAgent: true }), v22)).not.toContain('--passphrase-fd');
});

test('reading names neither recipients nor the signing key', () => {
  const words = decryptArguments(settings({ recipients: ['A'], signKey: 'S', options: ['--x'] }), v22);
  expect(words.join(' ')).toBe(`${HEAD} ${COMMON} --x --decrypt`);
});

test('gpg before 2.1 knows no loopback, gpg 1 is told about the agent', () => {
  expect(decryptArguments(settings(), { major: 2, minor: 0 })).not.toContain('--pinentry-mode=loopback');
  expect(decryptArguments(settings(), { major: 1, minor: 4 })).not.toContain('--pinentry-mode=loopback');
  expect(decryptArguments(settings({ useAgent: true }), { major: 1, minor: 4 })).toContain('--use-agent');
  expect(decryptArguments(settings({ useAgent: true }), v22)).not.toContain('--use-agent');
  expect(decryptArguments(settings(), { major: 3, minor: 0 })).toContain('--pinentry-mode=loopback');
});

test('option words are split on blanks only', () => {
  expect(gpgOptionWords(`  --cipher-algo AES   --comment='a b' `)).toEqual([
    '--cipher-algo',
    'AES',
    `--comment='a`,
    `b'`,
  ]);
  expect(gpgOptionWords('')).toEqual([]);
});

test.each<[string, Partial<GpgSettings>, string | undefined]>([
  ['symmetric', { passphrase: new Secret('p'), signPassphrase: new Secret('s') }, 'p'],
  ['signing', { recipients: ['A'], signKey: 'S', passphrase: new Secret('p'), signPassphrase: new Secret('s') }, 's'],
  ['signing, one passphrase', { hiddenRecipients: ['A'], signKey: 'S', passphrase: new Secret('p') }, 'p'],
  ['symmetric and signing', { signKey: 'S', passphrase: new Secret('p'), signPassphrase: new Secret('') }, 'p'],
  ['only the signing one', { signKey: 'S', passphrase: new Secret(''), signPassphrase: new Secret('s') }, 's'],
  ['none', {}, undefined],
])('the passphrase handed over when writing, %s', (_case, over, wanted) => {
  expect(encryptionSecret(settings(over))?.reveal()).toBe(wanted);
});
