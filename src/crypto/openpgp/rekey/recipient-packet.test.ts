import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ECC, gpgHome, RSA } from '../../testing/gpg-home.ts';
import { createOpenPgpFile } from '../encrypt.ts';
import { numberBytes, publicKeysIn, readNumbers } from './public-key.ts';
import { recipientPacket } from './recipient-packet.ts';

const hasGpg = spawnSync('gpg', ['--version']).status === 0;
/** The kinds that are made here; the others are keys of the golden data. */
const MADE =
  process.env['CHAINS'] === 'all' ? ['nistp384', 'nistp521', 'brainpoolP256r1', 'brainpoolP512r1', 'elg1024'] : [];

describe.runIf(hasGpg)('gpg opens what is encrypted for a key', () => {
  const home = gpgHome();
  const dir = mkdtempSync(`${tmpdir()}/recipient-`);
  afterAll(() => rmSync(dir, { recursive: true }));
  beforeAll(() => {
    home.add('rsa.sec', 'ecc.sec');
  });

  const made = (kind: string): string => {
    const user = `${kind} <${kind}@example.org>`;
    const sign = kind === 'elg1024' ? 'dsa1024' : kind;
    home.gpg('--quick-generate-key', user, sign, 'sign', 'never');
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(home.gpg('--with-colons', '--list-keys', user))?.[1] ?? '';
    home.gpg('--quick-add-key', fingerprint, kind, 'encr', 'never');
    return fingerprint;
  };

  test.each([RSA, ECC, 'nistp256', ...MADE])('%s', async (kind) => {
    const key = /^[0-9A-F]{16}$/.test(kind) ? kind : made(kind);
    const exported = execFileSync('gpg', ['--batch', '--export', key], { env: home.env });
    for (const cipher of [7, 9] as const) {
      const session = { cipher, key: randomBytes(cipher === 7 ? 16 : 32) };
      const subKey = publicKeysIn(exported).at(-1);
      const keyPackets = subKey && recipientPacket(session, subKey);
      if (keyPackets === undefined) throw new Error('no packet was made');
      const path = `${dir}/${kind}-${cipher}`;
      const encryption = { lock: { session, keyPackets }, compression: 1, level: 6, signing: undefined } as const;
      const file = createOpenPgpFile(encryption, { path, signal: new AbortController().signal, wantsDigest: false });
      await file.write(Buffer.from('the text'));
      await file.finish();
      expect(home.gpg('-d', path)).toBe('the text');
    }
  });
});

test('numbers are written without zero bytes in front, and read again', () => {
  for (const [bytes, bits] of [
    ['0001', 1],
    ['ff', 8],
    ['40ff', 15],
    ['0000', 0],
  ] as const) {
    const written = numberBytes(Buffer.from(bytes, 'hex'));
    expect(written.readUInt16BE(0)).toBe(bits);
    const { numbers, end } = readNumbers(written, 1);
    expect([Number.parseInt(`0${numbers[0]?.toString('hex')}`, 16), end]).toEqual([
      Number.parseInt(bytes, 16),
      written.length,
    ]);
  }
});
