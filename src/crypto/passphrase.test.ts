import { describe, expect, test } from 'vitest';
import { checkSymmetricSigning, type PassphraseQuery, passphraseSource } from './passphrase.ts';
import { Secret } from '../util/secret.ts';

function query(over: Partial<PassphraseQuery>): PassphraseQuery {
  return {
    kind: 'encryption',
    action: 'restore',
    env: {},
    recipients: [],
    noEncryption: false,
    useAgent: false,
    needsDecryption: true,
    ...over,
  };
}

/** The source in one word, with the text that came from the environment. */
function decide(over: Partial<PassphraseQuery>): string {
  const source = passphraseSource(query(over));
  if (source.from === 'env') return `env ${source.secret.reveal()}${source.notice ? `, ${source.notice}` : ''}`;
  if (source.from === 'none') return 'none';
  const { variable, retype, mayBeEmpty } = source.question;
  return `ask ${variable}${retype ? ' twice' : ''}${mayBeEmpty ? '' : ', not empty'}`;
}

const both = { PASSPHRASE: 'p', SIGN_PASSPHRASE: 's' };
const signing = { kind: 'signing', action: 'full', signKey: 'S' } as const;

test.each<[string, Partial<PassphraseQuery>, string]>([
  ['the variable', { env: both }, 'env p'],
  ['the variable of the signing key', { ...signing, env: both }, 'env s'],
  ['an empty variable counts', { env: { PASSPHRASE: '' } }, 'env '],
  ['also when nothing is encrypted', { env: both, noEncryption: true }, 'env p'],
  [
    'signing key among the recipients',
    { ...signing, recipients: ['R', 'S'], env: { PASSPHRASE: 'p' } },
    'env p, Reuse configured PASSPHRASE as SIGN_PASSPHRASE',
  ],
  [
    'the other way round',
    { action: 'full', signKey: 'S', recipients: ['S'], env: { SIGN_PASSPHRASE: 's' } },
    'env s, Reuse configured SIGN_PASSPHRASE as PASSPHRASE',
  ],
  [
    'signing key not among the recipients',
    { ...signing, recipients: ['R'], env: { PASSPHRASE: 'p' } },
    'ask SIGN_PASSPHRASE',
  ],
  ['symmetric and signing', { ...signing, env: { PASSPHRASE: 'p' } }, 'ask SIGN_PASSPHRASE'],
  ['no encryption', { action: 'full', noEncryption: true }, 'none'],
  ['no encryption, restore', { noEncryption: true }, 'none'],
  ['agent', { useAgent: true }, 'none'],
  ['agent, signing', { ...signing, useAgent: true }, 'none'],
  ['status never asks', { action: 'collection-status' }, 'none'],
  ['list never asks', { action: 'list-current-files' }, 'none'],
  ['removing never asks', { action: 'remove-older-than' }, 'none'],
  ['but the metadata sync inside does', { action: 'sync' }, 'ask PASSPHRASE'],
  ['unless what it fetches is plain', { action: 'sync', needsDecryption: false }, 'none'],
  ['symmetric full', { action: 'full', needsDecryption: false }, 'ask PASSPHRASE twice, not empty'],
  ['symmetric increment', { action: 'inc' }, 'ask PASSPHRASE twice, not empty'],
  ['full for a recipient', { action: 'full', recipients: ['R'], needsDecryption: false }, 'none'],
  ['its restart, which reads a volume', { action: 'full', recipients: ['R'], signKey: 'S' }, 'ask PASSPHRASE'],
  ['restore', {}, 'ask PASSPHRASE'],
  ['restore of plain files', { needsDecryption: false }, 'none'],
  ['verify for a recipient', { action: 'verify', recipients: ['R'] }, 'ask PASSPHRASE'],
  ['verify of plain files', { action: 'verify', recipients: ['R'], needsDecryption: false }, 'none'],
  ['restore never signs', { ...signing, action: 'restore' }, 'none'],
  ['nor does a backup without signing key', { kind: 'signing', action: 'full' }, 'none'],
])('%s', (_case, over, wanted) => expect(decide(over)).toBe(wanted));

test('the questions are the reference’s', () => {
  const asked = passphraseSource(query({ action: 'full' }));
  expect(asked).toMatchObject({
    question: {
      prompt: 'GnuPG passphrase for decryption: ',
      retype: 'Retype passphrase for decryption to confirm: ',
    },
  });
  expect(passphraseSource(query(signing))).toMatchObject({
    question: { prompt: 'GnuPG passphrase for signing key: ' },
  });
});

test('symmetric encryption and signing share one passphrase', () => {
  const passphrase = new Secret('p');
  const differing = { recipients: [], signKey: 'S', passphrase, signPassphrase: new Secret('s') };
  expect(() => checkSymmetricSigning(differing)).toThrow(
    'When using symmetric encryption, the signing passphrase must equal the encryption passphrase.',
  );
  expect(() => checkSymmetricSigning({ ...differing, recipients: ['R'] })).not.toThrow();
  expect(() => checkSymmetricSigning({ ...differing, signPassphrase: new Secret('p') })).not.toThrow();
  expect(() => checkSymmetricSigning({ ...differing, signPassphrase: new Secret('') })).not.toThrow();
  expect(() => checkSymmetricSigning({ ...differing, signKey: undefined })).not.toThrow();
});

test('a passphrase that is not UTF-8 is refused instead of becoming another one', () => {
  for (const kind of ['encryption', 'signing'] as const) {
    const variable = kind === 'signing' ? 'SIGN_PASSPHRASE' : 'PASSPHRASE';
    const env = { [variable]: Buffer.from('p\xe4ss', 'latin1').toString() };
    expect(() => passphraseSource(query({ ...signing, kind, env }))).toThrow(`${variable} holds bytes`);
  }
});

describe('of several lines', () => {
  const PEM = '-----BEGIN SECRET-----\nabc\n-----END SECRET-----';

  test.each<[string, Partial<PassphraseQuery>]>([
    ['a longer first line, to encrypt', { action: 'full', env: { PASSPHRASE: 'long enough\nsecond' } }],
    ['what everybody knows, to read', { action: 'restore', env: { PASSPHRASE: PEM } }],
    ['a short one, to read', { action: 'verify', env: { PASSPHRASE: 'short\nsecond' } }],
    ['a secret key’s', { action: 'full', recipients: ['R'], env: { PASSPHRASE: 'short\nsecond' } }],
    ['the signing key’s', { ...signing, recipients: ['R'], env: { SIGN_PASSPHRASE: 'short\nsecond' } }],
  ])('%s: a warning', (_what, over) => {
    expect(passphraseSource(query(over))).toMatchObject({
      from: 'env',
      warning: expect.stringMatching(/^(SIGN_)?PASSPHRASE has several lines: only the first one counts/) as unknown,
    });
  });

  test.each<[string, PassphraseQuery['action']]>([
    [PEM, 'full'],
    ['short\nand the rest', 'inc'],
    ['\nthe rest', 'backup'],
    [PEM, 'replicate'],
  ])('a first line that all know, or can guess, encrypts nothing: %j', (text, action) => {
    expect(() => decide({ action, env: { PASSPHRASE: text } })).toThrow(/has several lines, and its first one/);
  });

  test('a line end behind the only line is none', () => {
    expect(passphraseSource(query({ action: 'full', env: { PASSPHRASE: 'short\n' } }))).not.toHaveProperty('warning');
  });
});
