import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ECC_KEY, gnupgHome, RSA_KEY } from '../support/gnupg.ts';
import { isolatedEnv, testHome } from '../support/home.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { backUp, duplicity, good, names, noise, put, restoredTree, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

const SMALL = ['--volsize', '1'];

function twoVolumes(): ReturnType<typeof scene> {
  const s = scene();
  put(s.source, { a: noise(1_200_000, 1), b: noise(1_200_000, 2) });
  return s;
}

test('a second full backup says what it has reused, and so do its statistics', async () => {
  const s = twoVolumes();
  const first = await backUp(s, 0, ['full', ...SMALL]);
  expect(first.stdout).not.toContain('reused');
  put(s.source, { b: noise(1_100_000, 3) }, timeOfSet(0) - 60);
  // The root is in the first volume.
  utimesSync(s.source, timeOfSet(-1), timeOfSet(-1));
  const { stdout } = await backUp(s, 1, ['full', ...SMALL, '--jsonstat']);
  const [, volumes, bytes, read, sent] =
    /^(\d+) volumes? \((\d+) bytes\) of the full backup of Tue Nov 14 22:13:20 2023 reused; (\d+) bytes of the source read, (\d+) bytes sent\.$/m.exec(
      stdout,
    ) ?? [];
  const numbers = { ReusedVolumes: volumes, ReusedBytes: bytes, BytesRead: read, BytesSent: sent };
  for (const [name, number] of Object.entries(numbers)) expect(stdout).toContain(`"${name}": ${number},`);
  expect(Number(sent)).toBeLessThan(1_700_000);
  const { stdout: lines } = await backUp(s, 2, ['full', ...SMALL, '--json', '--reuse-max-age', '3D']);
  const { result } = JSON.parse(lines.trimEnd().split('\n').at(-1) ?? '');
  expect(result.reuse).toMatchObject({ fromEpoch: timeOfSet(1), volumes: result.volumes, bytesRead: 0 });
  expect(await restoredTree(s, 2)).toEqual(treeOf(s.source));
});

test('what was made, or copied, long ago is made anew', async () => {
  const s = twoVolumes();
  await backUp(s, 0, ['full', ...SMALL]);
  const dry = await backUp(s, 9, ['full', ...SMALL, '--reuse-max-age', '1W', '--dry-run']);
  expect(dry.stdout).toMatch(/^0 volumes .* can be reused\.\nStored anew: \d too old\.$/m);
  expect(names(s.remote).filter((name) => name.includes('full.2023112'))).toEqual([]);
  const wrong = await duplicity(['--reuse-max-age', 'soon', s.source, s.url]);
  expect(wrong.status).toBe(2);
});

test('hard links are made when they are asked for', async () => {
  const s = twoVolumes();
  await backUp(s, 0, ['full', ...SMALL]);
  expect((await backUp(s, 1, ['full', ...SMALL, '--reuse-volumes', 'link'])).stdout).toContain(' reused; ');
  const { stdout } = await run('find', [s.remote, '-name', '*.vol1.*', '-links', '2'], {
    env: isolatedEnv(testHome()),
  });
  expect(stdout.trim().split('\n')).toHaveLength(2);
});

test.runIf(requireTool('gpg'))('only what the same keys or the same passphrase open is reused', async () => {
  const s = scene();
  put(s.source, { a: 'a' });
  const env = { GNUPGHOME: gnupgHome(), PASSPHRASE: 'golden' };
  const full = async (k: number, words: readonly string[], more: Record<string, string> = {}): Promise<string> => {
    const at = ['--current-time', String(timeOfSet(k)), '--gpg-options', '--s2k-count=65536'];
    const result = await duplicity(['full', ...at, ...words, s.source, s.url], { env: { ...env, ...more } });
    return succeeded(result).stdout;
  };
  const rsa = ['--encrypt-key', RSA_KEY];
  await full(0, rsa);
  // Nobody has to be asked for anything: the keys are named in the files.
  expect(await full(1, rsa, { PASSPHRASE: '' })).toContain('1 volume ');
  expect(await full(2, ['--encrypt-key', ECC_KEY])).toContain(' are not reused: they are encrypted to other keys.');
  expect(await full(3, [...rsa, '--sign-key', ECC_KEY], { SIGN_PASSPHRASE: 'golden' })).toContain(' are not reused: ');
  const hidden = ['--hidden-encrypt-key', RSA_KEY];
  await full(4, hidden);
  expect(await full(5, hidden)).toContain(' are not reused: they are encrypted to hidden keys');
  expect(await full(6, [...hidden, '--reuse-volumes', 'copy'])).toContain('1 volume ');
  expect(await full(7, [])).toContain(' are not reused: they are encrypted to other keys.');
  expect(await full(8, [])).toContain('1 volume ');
  expect(await full(9, [], { PASSPHRASE: 'another' })).toContain(' are not reused: they have another passphrase.');
  const signed = [...rsa, '--sign-key', ECC_KEY];
  await full(10, signed, { SIGN_PASSPHRASE: 'golden' });
  expect(await full(11, signed, { SIGN_PASSPHRASE: 'golden', PASSPHRASE: '' })).toContain('1 volume ');
  expect(await full(12, rsa, { PASSPHRASE: '' })).toContain(' are not reused: they are signed.');
});

test('the example of the page is what happens', async () => {
  const page = readFileSync(`${root}/docs/chains.md`, 'utf8');
  const [, script = ''] = /## A full backup for the price of an increment[^]*?```sh\n([^]*?)```/.exec(page) ?? [];
  expect(script).toContain('full');
  const dir = tempDir();
  const home = testHome();
  mkdirSync(`${home}/docs`);
  writeFileSync(`${home}/docs/letter.txt`, 'first line\n');
  mkdirSync(`${dir}/bin`);
  writeFileSync(`${dir}/bin/duplicity`, `#!/bin/sh\nexec '${root}/duplicity' "$@"\n`, { mode: 0o755 });
  const env = isolatedEnv(home, { PATH: `${dir}/bin:${process.env['PATH'] ?? ''}` });
  const { stdout } = succeeded(
    await run('sh', ['-c', `set -e\n${script.replaceAll('/mnt/', `${dir}/`)}`], { env, cwd: dir }),
  );
  expect(stdout).toMatch(/ can be reused\.[^]* reused; /);
  const { stdout: status } = await good(['collection-status', `file://${dir}/nas`], { home });
  expect(status).toContain('Number of contained backup sets: 1');
});
