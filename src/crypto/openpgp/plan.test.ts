import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Secret } from '../../util/secret.ts';
import type { GpgSettings } from '../gpg/settings.ts';
import { askVersion } from '../gpg/run/version.ts';
import { decode, encode, never, textBytes } from '../testing/files.ts';
import { ECC, gpgHome, RSA } from '../testing/gpg-home.ts';
import { literalPacket, symmetricMessage } from '../testing/openpgp.ts';
import { tempDir } from '../testing/temp-dir.ts';
import type { Encryption } from './encrypt.ts';
import { countByte, countOf, recipientsLock } from './packets/key-packets.ts';
import { openPgpCodec } from './openpgp.ts';
import { signatureKind } from './packets/one-pass.ts';
import { packet } from './packets/packet.ts';
import { planEncryption } from './plan.ts';
import { splitPackets } from './packets/split-packets.ts';

const home = gpgHome();
beforeAll(() => home.add('rsa.sec', 'ecc.sec'));

const TRUST = '--trust-model=always';
const CHEAP = '--s2k-count=65536';

function plan(over: Partial<GpgSettings>): Promise<Encryption | undefined> {
  const settings = home.settings(over);
  return planEncryption(settings, () => askVersion(settings), never);
}

test.each<[string, Partial<GpgSettings>]>([
  ['a word that is not understood', { options: [CHEAP, '--armor'] }],
  ['a program of another name', { binary: '/bin/cat' }],
  ['the agent, which is to ask for the passphrase', { useAgent: true }],
  ['a compression that is not built in', { recipients: [RSA], options: [TRUST, '--compress-algo', 'bzip2'] }],
  ['a preference for it', { recipients: [RSA], options: [TRUST, '--personal-compress-preferences', 'BZIP2'] }],
])('%s is left to gpg', async (_what, over) => expect(await plan(over)).toBeUndefined());

test.each<[string, Partial<GpgSettings>, Partial<Encryption>]>([
  ['a passphrase', {}, { level: 4, compression: 1 }],
  ['a recipient', { recipients: [RSA] }, { level: 4, compression: 1 }],
  ['a recipient, with the agent', { recipients: [RSA], useAgent: true }, { level: 4, compression: 1 }],
  [
    'a recipient with ZLIB asked for',
    { recipients: [RSA], options: [TRUST, '--compress-algo=zlib'] },
    { compression: 2 },
  ],
  ['no compression', { recipients: [RSA], compression: false }, { compression: 0 }],
  [
    'no compression, but an algorithm',
    { compression: false, options: [CHEAP, '--compress-algo=zip'] },
    { compression: 1 },
  ],
  [
    'no compression, but a preference',
    { compression: false, options: [CHEAP, '--personal-compress-prefs=Z1'] },
    { compression: 0 },
  ],
  ['level 0 of gpg', { recipients: [RSA], options: [TRUST, '-z', '0'] }, { compression: 0 }],
  ['level 0 here', { recipients: [RSA], compressionLevel: 0 }, { compression: 0 }],
])('for %s the plan is %j', async (_what, over, wanted) => expect(await plan(over)).toMatchObject(wanted));

test('the passphrase is stretched as far as can be written, with SHA-256', async () => {
  for (const options of [[], ['--s2k-count', '1024'], ['--s2k-count', '99999999']]) {
    const { lock } = (await plan({ options })) ?? {};
    expect(lock?.keyPackets.subarray(0, 6).toString('hex')).toBe('c30d04090308');
    expect(lock?.keyPackets.at(-1)).toBe(255);
  }
});

test('counts are rounded up as by gpg', () => {
  const pairs = [1025, 65_536, 65_537, 65_011_712, 99_999_999].map((count) => [
    countByte(count),
    countOf(countByte(count)),
  ]);
  expect(pairs).toEqual([
    [1, 1088],
    [96, 65_536],
    [97, 69_632],
    [255, 65_011_712],
    [255, 65_011_712],
  ]);
});

test('the session key for recipients is made by gpg, of the cipher it chooses', async () => {
  const aes = await plan({ recipients: [RSA], options: [TRUST, '--cipher-algo', 'AES'] });
  expect(aes?.lock.session).toMatchObject({ cipher: 7 });
  expect(aes?.lock.session.key).toHaveLength(16);
  const two = await plan({ recipients: [RSA], hiddenRecipients: [ECC] });
  expect((splitPackets(two?.lock.keyPackets ?? Buffer.alloc(0)) ?? []).map(({ tag }) => tag)).toEqual([1, 1]);
});

/** What gpg makes for RSA and the passphrase `golden`, changed. */
function message(change: (packets: Buffer[]) => readonly Buffer[]): Buffer {
  const path = join(tempDir(), 'f');
  writeFileSync(path, '');
  const words = [
    '--s2k-mode=1',
    TRUST,
    '--recipient',
    RSA,
    '--output',
    `${path}.gpg`,
    '--encrypt',
    '--symmetric',
    path,
  ];
  home.gpg(...words);
  const packets = (splitPackets(readFileSync(`${path}.gpg`)) ?? []).map(({ bytes }) => bytes);
  return Buffer.concat(change(packets));
}

test('what a gpg makes that works otherwise is not built upon', () => {
  const golden = new Secret('golden');
  const none = Buffer.alloc(0);
  const [v6, v5, ocb] = [
    packet(1, Buffer.alloc(40, 6)),
    packet(3, Buffer.alloc(40, 5)),
    packet(20, Buffer.alloc(40, 1)),
  ];
  expect(
    recipientsLock(
      message((packets) => packets),
      golden,
    ),
  ).toMatchObject({ compression: 2, session: { cipher: 9 } });
  const others: readonly [string, (packets: Buffer[]) => readonly Buffer[]][] = [
    ['nothing', () => []],
    ['a newer packet for a key', ([key = none, pass = none, data = none]) => [key, v6, pass, data]],
    ['a newer packet for the passphrase', ([key = none, , data = none]) => [key, v5, data]],
    ['a newer form of data', ([key = none, pass = none]) => [key, pass, ocb]],
    ['no key', ([, pass = none, data = none]) => [pass, data]],
    ['no passphrase', ([key = none, , data = none]) => [key, data]],
    ['two passphrases', ([key = none, pass = none, data = none]) => [key, pass, pass, data]],
    ['changed data', ([key = none, pass = none, data = none]) => [key, pass, data.fill(0, 30)]],
    [
      'data of another key',
      ([key = none, pass = none]) => [key, pass, symmetricMessage('x', literalPacket(none), true).subarray(14)],
    ],
  ];
  for (const [what, change] of others)
    expect([what, recipientsLock(message(change), golden)]).toEqual([what, undefined]);
  expect(
    recipientsLock(
      message((packets) => packets),
      new Secret('wrong'),
    ),
  ).toBeUndefined();
});

test('a signature that is none, or one of two, has no kind', () => {
  const path = join(tempDir(), 'f');
  writeFileSync(path, '');
  home.gpg('--local-user', RSA, '--output', `${path}.sig`, '--detach-sign', path);
  const signature = readFileSync(`${path}.sig`);
  expect(signatureKind(signature)?.keyId.toString('hex')).toBe(RSA.toLowerCase());
  for (const odd of [Buffer.alloc(0), Buffer.concat([signature, signature]), packet(2, Buffer.from([6, 0, 1, 10]))]) {
    expect(signatureKind(odd)).toBeUndefined();
  }
});

/** A program called gpg that is gpg, except for a call with this word. */
function gpgExcept(word: string, script: string): string {
  const path = join(tempDir(), 'gpg');
  writeFileSync(path, `#!/bin/sh\ncase "$*" in *--version*) ;; *${word}*) ${script};; esac\nexec gpg "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a gpg that cannot encrypt for both, or signs in a way of its own, does all of it', async () => {
  const dir = tempDir();
  const cannot = gpgExcept('--symmetric', 'exit 2');
  const odd = gpgExcept(
    '--detach-sign',
    'gpg "$@" | cat - /dev/null; echo >&4 "[GNUPG:] SIG_CREATED"; printf "\\210\\1\\6"; exit 0',
  );
  for (const over of [{ binary: cannot }, { binary: odd, signKey: RSA }]) {
    const settings = home.settings({ recipients: [RSA], ...over });
    expect(await planEncryption(settings, () => askVersion(settings), never)).toBeUndefined();
    const codec = openPgpCodec(settings, () => {});
    const path = join(dir, over.binary === odd ? 'signed' : 'plain');
    await encode(codec, path, [textBytes(100_000)]);
    expect((await decode(codec, path)).equals(textBytes(100_000))).toBe(true);
  }
});

test('a gpg that signs with another key later on has failed', async () => {
  const other = gpgExcept(
    '--detach-sign',
    `if [ -e "$MARK" ]; then exec gpg "$@" --local-user ${ECC}; fi; touch "$MARK"`,
  );
  const env = { ...home.env, MARK: join(tempDir(), 'mark') };
  const codec = openPgpCodec(home.settings({ binary: other, env, recipients: [RSA], signKey: RSA }), () => {});
  const file = await codec.create(join(tempDir(), 'f.gpg'), never);
  await expect(file.finish()).rejects.toMatchObject({
    exitCode: 31,
    message: expect.stringMatching(/signed otherwise/) as string,
  });
});

test('a passphrase needs no gpg', async () => {
  const path = join(tempDir(), 'f.gpg');
  const codec = openPgpCodec(home.settings({ env: { GNUPGHOME: home.dir, PATH: '/nonexistent' } }), () => {});
  await encode(codec, path, [textBytes(100_000)]);
  const output = `${path}.out`;
  home.gpg('--output', output, '--decrypt', path);
  expect(readFileSync(output).equals(textBytes(100_000))).toBe(true);
});

test('nothing is derived, asked or run before a file is made', () => {
  let runs = 0;
  const settings = home.settings({ recipients: [RSA] });
  openPgpCodec(
    {
      ...settings,
      get binary() {
        runs += 1;
        return 'gpg';
      },
    },
    () => {},
  );
  expect(runs).toBe(0);
});
