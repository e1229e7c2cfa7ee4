import { afterAll, beforeAll, describe } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url.ts';
import { startSshd, type Sshd, type SshdOptions } from '../servers/sshd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';
import { onDisk } from './on-disk.ts';

const KINDS: readonly (readonly [scheme: string, options: SshdOptions, what: string])[] = [
  ['sftp', { only: 'sftp' }, 'an account without a shell'],
  ['scp', { only: 'shell' }, 'a server without sftp'],
];

describe.runIf(requireTool('sshd')).each(KINDS)('%s on %s', (scheme, options, what) => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir, options);
  });
  afterAll(() => server.stop());

  function open(): Promise<Backend> {
    return openBackend(parseUrl(`${scheme}://127.0.0.1:${server.port}/a/deep%20place`), {
      signal: new AbortController().signal,
      settings: { sshOptions: server.options },
    });
  }

  conformance(
    `${scheme}: ${what}`,
    open,
    onDisk(() => `${server.home}/a/deep place`),
  );
});
