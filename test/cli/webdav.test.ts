import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fullCycle, sceneAt } from '../backends/cycle.ts';
import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { duplicity, PLAIN, put, noise, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

describe.runIf(requireTool('apache2') && requireTool('openssl'))('the program over WebDAV', () => {
  let server: DavServer;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
  });
  afterAll(() => server.stop());

  test('webdavs: backs up, restores, verifies, lists, cleans up and removes', async () => {
    const place = sceneAt(server.url('webdavs', 'digest/cycle'));
    const directory = `${server.data}/digest/cycle`;
    expect(await fullCycle(place, ['--ssl-cacert-file', server.authority], { directory })).toEqual(['Full 1']);
  });

  test('what a backup sends and a restore fetches tells how long the next restore takes', async () => {
    const { source, dir } = scene();
    put(source, { big: noise(3_000_000) });
    const url = server.url('webdav', 'basic/rates');
    const words = [...PLAIN, '--archive-dir', dir, '--name', 'a', '--volsize', '1'];
    const rates = (): object => JSON.parse(readFileSync(`${dir}/a/rates.json`, 'utf8')) as object;
    expect((await duplicity([...words, source, url])).status).toBe(0);
    expect(rates()).toEqual({ v: 1, upload: expect.any(Number) });
    const most = ['--full-if-restore-longer-than', '0s', '--dry-run'];
    expect((await duplicity([...words, ...most, source, url])).stdout).toContain(
      'To restore the last chain would take about',
    );
    expect((await duplicity([...words, 'restore', url, `${dir}/out`])).status).toBe(0);
    expect(rates()).toEqual({
      v: 1,
      upload: expect.any(Number),
      download: expect.any(Number),
      read: expect.any(Number),
    });
  });

  test.each([
    ['a wrong password', 'basic/x', 51, (url: string) => url.replace(/:[^:@]*@/, ':hush-storage@')],
    ['a place that takes no writes', 'readonly', 51, (url: string) => url],
    ['a volume above the limit of the server', 'quota/x', 53, (url: string) => url],
  ])('%s ends the backup at once, with no password shown', async (_case, path, expected, edit) => {
    const { source } = scene();
    put(source, { big: noise(3_000_000) });
    const words = ['--no-encryption', '--volsize', '2', '-v9', source, edit(server.url('webdav', path))];
    const { status, stdout, stderr } = await duplicity(words);
    expect(status).toBe(expected);
    expect(stdout + stderr).not.toMatch(/hush|s@cret|s%40cret/);
  });

  test('a certificate that is not trusted is said so, with the option to use', async () => {
    const { source } = scene();
    const { status, stderr } = await duplicity([...PLAIN, source, server.url('webdavs', 'basic/x')]);
    expect(status).toBe(50);
    expect(stderr).toMatch(/certificate of 127\.0\.0\.1 is not trusted[^]*--ssl-cacert-file/);
  });
});
