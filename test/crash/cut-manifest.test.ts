import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { duplicity, PLAIN, scene, type Scene } from '../support/scene.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
});

const manifestIn = (dir: string): string => readdirSync(dir).find((name) => name.includes('.manifest')) ?? '';

test('a manifest that was cut off in its upload does not make a set complete: the backup starts over', async () => {
  for (let i = 0; i < 30; i++) writeFileSync(`${s.source}/file${i}`, Buffer.alloc(60_000, i));
  const archive = ['--archive-dir', s.dir, '--name', 'cache'];
  const args = [...PLAIN, ...archive, '--no-compression', '--volsize', '1', s.source, s.url];
  expect(await duplicity(args)).toMatchObject({ status: 0 });
  // What storage that shows files before they are whole leaves, when the run dies in the upload of the manifest.
  const name = manifestIn(s.remote);
  const local = `${s.dir}/cache/${name}`;
  copyFileSync(local, `${local}.part`);
  truncateSync(`${s.remote}/${name}`, readFileSync(local, 'latin1').indexOf('Volume 2'));

  const again = await duplicity(args);
  expect(again).toMatchObject({ status: 0 });
  expect(again.stdout).toContain('was cut off when it was uploaded');
  expect(again.stdout).toContain('left a partial set, restarting.');
  expect(await duplicity([...PLAIN, ...archive, 'verify', '--compare-data', s.url, s.source])).toMatchObject({
    status: 0,
  });
});

test('a cut manifest is not restored from, even on a machine that never saw the whole one', async () => {
  for (let i = 0; i < 30; i++) writeFileSync(`${s.source}/file${i}`, Buffer.alloc(60_000, i));
  await duplicity([...PLAIN, '--no-compression', '--volsize', '1', s.source, s.url]);
  const name = manifestIn(s.remote);
  truncateSync(`${s.remote}/${name}`, readFileSync(`${s.remote}/${name}`, 'latin1').indexOf('Volume 2'));
  const elsewhere = ['--archive-dir', `${s.dir}/elsewhere`, '--no-encryption'];
  const { status, stderr } = await duplicity([...elsewhere, 'restore', s.url, `${s.dir}/out`]);
  expect(status).toBe(100);
  expect(stderr).toMatch(/is damaged or cut off: it does not name volume 2/);
});
