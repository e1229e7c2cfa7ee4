import { describe, expect, test } from 'vitest';
import type { RunCommand } from '../cli/command.ts';
import { encodingOf } from '../cli/engine-options.ts';
import { defaultSettings, type Settings } from '../cli/settings.ts';
import type { Event } from '../events/events.ts';
import { type Keys, openKeys } from './keys.ts';

const events: Event[] = [];

function keys(
  settings: Partial<Settings>,
  env: Record<string, string> = {},
  action: RunCommand['action'] = 'backup',
): Keys {
  events.length = 0;
  return openKeys({
    encoding: encodingOf({ ...defaultSettings(), ...settings }),
    action,
    env,
    emit: (event) => events.push(event),
    ask: () => Promise.reject(new Error('nobody is to be asked')),
  });
}

describe('what a backup writes', () => {
  test.each<readonly [Partial<Settings>, readonly [string, string]]>([
    [{ noEncryption: true }, ['.gz', '']],
    [{ noEncryption: true, noCompression: true }, ['', '']],
    [{}, ['.gpg', '.gpg']],
    [{ noCompression: true }, ['.gpg', '.gpg']],
    [{ encryptKey: ['A'] }, ['.gpg', '.gpg']],
  ])(
    'with %j has volumes and manifests of the right kind, and signatures here are gzipped',
    async (settings, kinds) => {
      const { volume, manifest, local } = await keys(settings, { PASSPHRASE: 'x' }).writers();
      expect([volume.suffix, manifest.suffix]).toEqual(kinds);
      expect(local.suffix).toBe('.gz');
    },
  );

  test('is refused when symmetric encryption and signing have two passphrases', async () => {
    const two = keys({ signKey: '01234567' }, { PASSPHRASE: 'x', SIGN_PASSPHRASE: 'y' });
    await expect(two.writers()).rejects.toMatchObject({ code: 'USER_ERROR' });
  });

  test('takes one passphrase for both where the signing key is a recipient, and says so', async () => {
    await keys({ signKey: 'A', encryptKey: ['A'] }, { PASSPHRASE: 'x' }).writers();
    expect(events).toEqual([{ kind: 'notice', text: 'Reuse configured PASSPHRASE as SIGN_PASSPHRASE' }]);
  });
});

describe('what is read', () => {
  test('is decoded by the end of its name, also of old names, without asking when nothing is encrypted', async () => {
    const codecOf = await keys({}).reader(['a.difftar', 'a.difftar.gz', 'df.x.st.z']);
    expect(['a.difftar', 'a.difftar.gz', 'df.x.st.z', 'a.manifest'].map((name) => codecOf(name).suffix)).toEqual([
      '',
      '.gz',
      '.gz',
      '',
    ]);
  });

  test('with a passphrase in the environment is decrypted', async () => {
    const codecOf = await keys({}, { PASSPHRASE: 'x' }, 'restore').reader(['a.gpg', 'b.g']);
    expect(['a.gpg', 'b.g'].map((name) => codecOf(name).suffix)).toEqual(['.gpg', '.gpg']);
  });

  test('can be read without a question when it is plain, the agent helps or the passphrase is known', async () => {
    expect(keys({}).canRead('m')).toBe(true);
    expect(keys({}).canRead('m.gpg')).toBe(false);
    expect(keys({ useAgent: true }).canRead('m.gpg')).toBe(true);
    const known = keys({}, { PASSPHRASE: 'x' });
    await known.writers();
    expect(known.canRead('m.gpg')).toBe(true);
  });

  test('in the archive dir is never encrypted', () => {
    expect([keys({}).local('s.sigtar.gz').suffix, keys({}).local('s.sigtar').suffix]).toEqual(['.gz', '']);
  });
});

test('encryption is symmetric when there is no recipient, hidden ones included', () => {
  expect(keys({}).isSymmetric).toBe(true);
  expect(keys({ encryptKey: ['A'] }).isSymmetric).toBe(false);
  expect(keys({ hiddenEncryptKey: ['A'] }).isSymmetric).toBe(false);
});
