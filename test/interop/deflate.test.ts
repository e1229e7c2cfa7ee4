import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { OWN_FROM } from '../../src/crypto/deflate/deflate-stream.ts';
import { drawn, mixedBytes } from '../../src/crypto/deflate/kernel/testing.ts';
import { textBytes } from '../../src/crypto/testing/files.ts';
import { gnupgHome } from '../support/gnupg.ts';
import { gpgEnv, MODES, perform } from '../support/programs.ts';
import { put, scene, treeOf, type Scene } from '../support/scene.ts';
import { requireReference, requireTool } from '../support/tools.ts';

// Of every sort of bytes, and long enough for the encoder of our own: DEFLATE=all makes that much more of it.
const MIXED_BYTES = process.env['DEFLATE'] === 'all' ? 300_000_000 : 5_000_000;
const PYTHON = `
import sys, zlib
reader = zlib.decompressobj(-15)
data = open(sys.argv[1], 'rb').read()
size = len(reader.decompress(data[10:])) + len(reader.flush())
assert reader.eof and len(reader.unused_data) == 8, 'the stream does not end where it should'
assert int.from_bytes(reader.unused_data[4:], 'little') == size % 2**32, 'another length'
`;
const MINUTES_MS = 600_000;

const modes = [MODES.gz, MODES.symmetric, MODES.publicKey].filter(
  ({ isEncrypted }) => !isEncrypted || requireTool('gpg'),
);

describe.each(modes)('long files of our own encoder, $name', ({ name, writing, reading, isEncrypted }) => {
  let s: Scene;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    s = scene();
    env = isEncrypted ? gpgEnv(gnupgHome()) : {};
    put(s.source, { 'a/text': textBytes(OWN_FROM), 'b/mixed': mixedBytes(MIXED_BYTES, drawn(11)) });
    await perform('ours', ['full', ...writing, s.source, s.url], { env });
  }, MINUTES_MS);

  const volume = (): string => {
    const found = readdirSync(s.remote).find((file) => file.includes('.vol1.'));
    return `${s.remote}/${found}`;
  };

  test.runIf(requireReference())(
    'are restored by the reference',
    async () => {
      await perform('the reference', ['restore', ...reading, s.url, `${s.dir}/out`], { env });
      expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
    },
    MINUTES_MS,
  );

  test.runIf(name === 'gz' && requireTool('gzip'))('are sound to gzip', () => {
    expect(spawnSync('gzip', ['-t', volume()], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  test.runIf(name === 'gz' && requireTool('python3'))("are inflated by Python's zlib", () => {
    const read = spawnSync('python3', ['-c', PYTHON, volume()], { encoding: 'utf8' });
    expect(read).toMatchObject({ status: 0, stderr: '' });
  });

  test.runIf(isEncrypted)('are decrypted by gpg', () => {
    const words = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', env['PASSPHRASE'] ?? ''];
    const { status, stdout } = spawnSync('gpg', [...words, '--decrypt', volume()], {
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 30,
    });
    expect(status).toBe(0);
    expect(stdout.includes(readFileSync(`${s.source}/a/text`).subarray(0, 60_000))).toBe(true);
    expect(stdout.length).toBeGreaterThan(OWN_FROM + MIXED_BYTES);
  });
});
