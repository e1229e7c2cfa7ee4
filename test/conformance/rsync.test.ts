import { afterAll, beforeAll, describe } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url.ts';
import { RSYNC_PASSWORD, startRsyncd, type Rsyncd } from '../servers/rsyncd.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';
import { onDisk } from './on-disk.ts';

const { signal } = new AbortController();

describe.runIf(requireTool('rsync'))('rsync to a daemon', () => {
  const dir = tempDir();
  let server: Rsyncd;
  beforeAll(async () => {
    server = await startRsyncd(dir);
  });
  afterAll(() => server.stop());

  function open(): Promise<Backend> {
    const password = encodeURIComponent(RSYNC_PASSWORD);
    const url = `rsync://dup:${password}@127.0.0.1:${server.port}::secret/a/deep%20place`;
    return openBackend(parseUrl(url), { signal, env: process.env });
  }
  conformance('rsync daemon', open, {
    ...onDisk(() => `${server.data.secret}/a/deep place`),
    unfinished: '.name.aB3dEf',
  });
});

describe.runIf(requireTool('rsync') && requireTool('sshd'))('rsync over ssh', () => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir);
  });
  afterAll(() => server.stop());

  function open(): Promise<Backend> {
    return openBackend(parseUrl(`rsync://127.0.0.1:${server.port}/a/place`), {
      signal,
      env: process.env,
      settings: { sshOptions: server.options },
    });
  }
  conformance('rsync over ssh', open, { ...onDisk(() => `${server.home}/a/place`), unfinished: '.name.aB3dEf' });
});
