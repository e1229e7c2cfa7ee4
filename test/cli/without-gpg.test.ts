import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { duplicity, names, put, scene, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** A machine on which no program is found, gpg least of all. */
const env = { PASSPHRASE: 'correct horse', PATH: '/nonexistent' };
const text = Array.from({ length: 30_000 }, (_, n) => `line ${n} of ${n % 7}\n`).join('');

test('a symmetric chain is written, continued, checked and restored where there is no gpg', async () => {
  const s = scene();
  put(s.source, { a: 'one', 'd/b': text });
  const backUp = (index: number) =>
    duplicity(['backup', '--current-time', `${timeOfSet(index)}`, s.source, s.url], { env });
  expect((await backUp(0)).status).toBe(0);
  put(s.source, { a: 'two' }, timeOfSet(0));
  expect((await backUp(1)).status).toBe(0);
  expect(names(s.remote).every((name) => name.endsWith('.gpg'))).toBe(true);
  expect((await duplicity(['verify', '--compare-data', s.url, s.source], { env })).status).toBe(0);
  const elsewhere = ['--archive-dir', `${s.dir}/other-archive-dir`];
  expect((await duplicity([...elsewhere, 'restore', s.url, `${s.dir}/restored`], { env })).status).toBe(0);
  expect(treeOf(`${s.dir}/restored`)).toEqual(treeOf(s.source));
});

test('a public key needs gpg, and says so', async () => {
  const s = scene();
  put(s.source, { a: 'one' });
  const result = await duplicity(['full', '--encrypt-key', '01234567', s.source, s.url], { env });
  expect(result.status).toBe(31);
  expect(result.stderr).toContain('failed to determine gnupg version of gpg: there is no such program');
});

test('the compression level is honoured by encrypted and gzip files', async () => {
  for (const mode of [[], ['--no-encryption']]) {
    const sizes: number[] = [];
    for (const level of [0, 1, 9]) {
      const s = scene(`${scene().dir}/${level}`);
      put(s.source, { text });
      const words = ['full', ...mode, '--compression-level', `${level}`, s.source, s.url];
      expect((await duplicity(words, { env })).status).toBe(0);
      const volume = names(s.remote).find((name) => name.includes('.vol1.')) ?? '';
      sizes.push(statSync(`${s.remote}/${volume}`).size);
    }
    const [stored = 0, fast = 0, small = 0] = sizes;
    expect(stored).toBeGreaterThan(text.length);
    expect(fast).toBeLessThan(stored / 2);
    expect(small).toBeLessThan(fast);
  }
});
