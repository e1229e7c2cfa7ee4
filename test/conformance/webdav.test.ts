import { afterAll, beforeAll, describe } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { open } from '../../src/backends/webdav/webdav.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { startRcloneDav, type RcloneDav } from '../servers/rclone-webdav.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';
import { onDisk } from './on-disk.ts';

function openAt(url: string, more: object = {}): Promise<Backend> {
  return open(parseUrl(url), { signal: new AbortController().signal, settings: { timeout: 60, ...more } });
}

describe.runIf(requireTool('apache2') && requireTool('openssl'))('Apache', () => {
  let server: DavServer;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
  });
  afterAll(() => server.stop());

  conformance('webdav with Basic', () => openAt(server.url('webdav', 'basic/a b/c')), {
    ...onDisk(() => `${server.data}/basic/a b/c`),
    checksum: 'md5',
  });
  conformance(
    'webdavs with Digest',
    () => openAt(server.url('webdavs', 'digest/d'), { sslCacertFile: server.authority }),
    onDisk(() => `${server.data}/digest/d`),
  );
});

describe.runIf(requireTool('rclone'))('rclone', () => {
  let server: RcloneDav;
  beforeAll(async () => {
    server = await startRcloneDav(tempDir());
  });
  afterAll(() => server.stop());

  // It keeps the file of a broken upload locked for a moment: 423, which is worth a retry.
  const patient = async (): Promise<Backend> =>
    withRetry(await openAt(server.url('d')), { tries: 50, delayMs: 20, emit: () => undefined });
  conformance("webdav of rclone's server", patient, {
    names: 60,
    plant: onDisk(() => `${server.data}/d`).plant,
  });
});
