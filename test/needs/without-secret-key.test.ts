import { cpSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { duplicityAfter, names, put, type Scene, scene, treeOf, WITHOUT_TERMINAL } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

const hasGpg = requireTool('gpg');
let secret: string;
let onlyPublic: string;
let made: Scene;
let s: Scene;
let caches: string;

interface Wish {
  readonly env?: Readonly<Record<string, string>>;
  readonly gnupg?: string;
  readonly archive?: string;
}

/** Nobody is there to be asked. */
async function run(args: readonly string[], { env = {}, gnupg = onlyPublic, archive = caches }: Wish = {}) {
  const options = ['--archive-dir', archive, '--name', 'n', '--backend-retry-delay', '0', '--allow-source-mismatch'];
  const result = await duplicityAfter(`exec < /dev/null; ${WITHOUT_TERMINAL}`, [...args, ...options], {
    env: { GNUPGHOME: gnupg, ...env },
  });
  return { ...result, said: result.stdout + result.stderr };
}

const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
const time = (k: number): readonly string[] => ['--time', String(timeOfSet(k))];
const rsa = ['--encrypt-key', RSA_KEY];

/** A chain of a full for one key and an increment for another one, made without either secret. */
beforeAll(async () => {
  if (!hasGpg) return;
  secret = gnupgHome();
  onlyPublic = gnupgHome('public');
  made = scene();
  for (const [k, key] of [RSA_KEY, ECC_KEY].entries()) {
    put(made.source, { a: `set ${k}` }, timeOfSet(k - 1));
    const args = [...at(k), '--encrypt-key', key, made.source, made.url];
    endedWith(0, await run(args, { archive: `${made.dir}/archive` }));
  }
});

beforeEach(() => {
  const dir = tempDir();
  s = { dir, source: made?.source, remote: `${dir}/remote`, url: `file://${dir}/remote` };
  caches = `${dir}/none`;
  if (hasGpg) cpSync(made.remote, s.remote, { recursive: true });
});

const kinds = (): readonly string[] =>
  names(s.remote).flatMap((name) => /^duplicity-(\w+)\..*manifest/.exec(name)?.[1] ?? []);

describe.skipIf(!hasGpg)('with public keys and no archive dir', () => {
  test.each<{
    readonly what: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  }>([
    { what: 'a full backup', args: ['full'] },
    { what: 'one with an agent', args: ['full', '--use-agent'] },
    { what: 'one with an empty passphrase', args: ['full'], env: { PASSPHRASE: '' } },
    { what: 'one with all metadata asked for', args: ['full', '--metadata-sync-mode', 'full'] },
    { what: 'one that is due', args: ['--full-if-older-than', '1D'] },
  ])('$what is made, and asks nothing', async ({ args, env = {} }) => {
    const { status, stderr } = await run([...args, ...rsa, ...at(2), s.source, s.url], { env });
    expect([status, stderr]).toEqual([0, '']);
    expect(kinds()).toEqual(['full', 'full', 'inc']);
  });

  test.each([[], ['--use-agent']])('a backup %s becomes a full one with a warning', async (...options) => {
    const { status, said } = await run([...options, ...rsa, ...at(2), s.source, s.url]);
    expect(status).toBe(0);
    expect(said).toContain('making a full backup');
    expect(kinds()).toEqual(['full', 'full', 'inc']);
  });

  test('an increment that was asked for is refused, and says what to do', async () => {
    const { status, stderr } = await run(['incremental', ...rsa, ...at(2), s.source, s.url]);
    expect(status).toBe(31);
    expect(stderr).toContain('make a full backup');
    expect(stderr).not.toContain('passphrase for decryption');
    expect(kinds()).toEqual(['full', 'inc']);
  });

  test.each([
    ['collection-status'],
    ['cleanup', '--force'],
    ['remove-all-but-n-full', '1', '--force'],
    ['remove-older-than', '1D', '--force'],
    ['remove-all-inc-of-but-n-full', '1', '--force'],
  ])('%s works and leaves the chain', async (...args) => {
    expect(await run([...args, s.url])).toMatchObject({ status: 0 });
    expect(kinds()).toEqual(['full', 'inc']);
  });
});

describe.skipIf(!hasGpg)('a chain with two recipients', () => {
  test('is restored and listed up to the last set that the key at hand can read', async () => {
    const only = gnupgHome('rsa');
    const wish = { gnupg: only, env: { PASSPHRASE } };
    expect(await run(['restore', ...time(0), s.url, `${s.dir}/out`], wish)).toMatchObject({ status: 0 });
    expect(treeOf(`${s.dir}/out`).find(({ path }) => path === 'a')).toMatchObject({ size: 5 });
    expect(await run(['list-current-files', ...time(0), s.url], wish)).toMatchObject({ status: 0 });
    expect(await run(['restore', s.url, `${s.dir}/now`], wish)).toMatchObject({ status: 31 });
    expect(await run(['restore', s.url, `${s.dir}/now`], { gnupg: secret, env: { PASSPHRASE } })).toMatchObject({
      status: 0,
    });
  });
});

test('a full backup under a new passphrase needs not the old one, nor do the increments on it', async () => {
  const place = scene();
  put(place.source, { a: 'old' });
  const backUp = (k: number, word: string, ...args: readonly string[]) =>
    run([...args, ...at(k), place.source, place.url], { env: { PASSPHRASE: word }, archive: tempDir() });
  expect(await backUp(0, 'old')).toMatchObject({ status: 0 });
  expect(await backUp(1, 'new')).toMatchObject({ status: 31 });
  expect(await backUp(2, 'new', 'full')).toMatchObject({ status: 0 });
  expect(await backUp(3, 'new', 'incremental')).toMatchObject({ status: 0 });
  const wish = { env: { PASSPHRASE: 'new' }, archive: tempDir() };
  expect(await run(['restore', place.url, `${place.dir}/out`], wish)).toMatchObject({ status: 0 });
});

test('an encrypted increment on a clear chain says that the full stays readable, and the other way round', async () => {
  const place = scene();
  put(place.source, { a: 'one' });
  const backUp = (k: number, ...args: readonly string[]) =>
    run([...args, ...at(k), place.source, place.url], { env: { PASSPHRASE: 'word' } });
  expect((await backUp(0, '--no-encryption')).said).not.toContain('readable');
  const encrypted = await backUp(1);
  expect(encrypted.status).toBe(0);
  expect(encrypted.said).toMatch(/the full backup of .* stays readable/);
  expect((await backUp(2, 'full')).said).not.toContain('readable');
  expect((await backUp(3)).said).not.toContain('encrypted');
  expect((await backUp(4, '--no-encryption')).said).toContain(
    'This increment is not encrypted, though the full backup',
  );
});
