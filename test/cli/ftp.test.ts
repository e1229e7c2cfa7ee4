import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fullCycle, sceneAt } from '../backends/cycle.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import {
  backUp,
  duplicity,
  duplicityAfter,
  PLAIN,
  put,
  restoredTree,
  scene,
  treeOf,
  WITHOUT_TERMINAL,
} from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

describe.runIf(requireTool('proftpd') && requireTool('openssl'))('the program over FTP', () => {
  let server: FtpServer;
  beforeAll(async () => {
    server = await startProftpd(tempDir());
  });
  afterAll(() => server.stop());

  test('ftpes: backs up, restores, verifies, lists, cleans up and removes', async () => {
    const place = sceneAt(server.url('ftpes', 'cycle/d', server.ports.strict));
    const directory = `${server.home}/cycle/d`;
    expect(await fullCycle(place, ['--ssl-cacert-file', server.authority], { directory })).toEqual(['Full 1']);
  });

  test('what it stores is what file:// stores: each is read by the other', async () => {
    const place = { ...scene(), url: server.url('ftp', 'mixed') };
    put(place.source, { a: 'one' });
    await backUp(place, 0);
    const first = treeOf(place.source);
    put(place.source, { a: 'two' }, timeOfSet(0));
    await backUp({ ...place, url: `file://${server.home}/mixed` }, 1);
    expect(await restoredTree({ ...place, url: `file://${server.home}/mixed` }, 0)).toEqual(first);
    expect(await restoredTree(place, 1)).toEqual(treeOf(place.source));
  });

  test('a wrong password ends with 51 at once, and no password is shown', async () => {
    const { source } = scene();
    const url = server.url('ftp', 'x').replace(/:[^:@]*@/, '@');
    const env = { FTP_PASSWORD: 'hush-storage' };
    const { status, stdout, stderr } = await duplicity(['--no-encryption', '-v9', source, url], { env });
    expect(status).toBe(51);
    expect(stderr + stdout).toMatch(/530 Login incorrect/);
    expect(stderr + stdout).not.toContain('hush');
  });

  test('without a password and a terminal the run ends with 30 and names FTP_PASSWORD', async () => {
    const { source } = scene();
    const url = server.url('ftp', 'x').replace(/:[^:@]*@/, '@');
    const { status, stderr } = await duplicityAfter(WITHOUT_TERMINAL, [...PLAIN, '--num-retries', '1', source, url]);
    expect(status).toBe(30);
    expect(stderr).toContain('FTP_PASSWORD');
  });

  test('a server that is not there ends with 50 after the tries', async () => {
    const { source } = scene();
    const dead = await startProftpd(tempDir());
    await dead.stop();
    const { status, stderr } = await duplicity([...PLAIN, '--num-retries', '2', source, dead.url('ftp', 'x')]);
    expect(status).toBe(50);
    expect(stderr).toMatch(/Giving up after 2 attempts.*ECONNREFUSED/);
  });
});
