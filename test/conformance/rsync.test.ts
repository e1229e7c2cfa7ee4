import { mkdirSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url.ts';
import { RSYNC_PASSWORD, startRsyncd, type Rsyncd } from '../servers/rsyncd.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';

const { signal } = new AbortController();

/** Deleting takes a process for each name. */
const NAMES = 10;

function planter(directory: () => string) {
  return async (names: readonly string[], content: Buffer): Promise<void> => {
    mkdirSync(directory(), { recursive: true });
    for (const name of names) writeFileSync(`${directory()}/${name}`, content);
  };
}

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
  conformance('rsync daemon', open, { names: NAMES, plant: planter(() => `${server.data.secret}/a/deep place`) });
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
  conformance('rsync over ssh', open, { names: NAMES, plant: planter(() => `${server.home}/a/place`) });
});
