import { mkdirSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
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

test.runIf(requireTool('sshd'))('scp: a file that the server cannot read to its end is a failure', async () => {
  const dir = tempDir();
  mkdirSync(`${dir}/bin`);
  // As scp does it: the size has been promised, so something is sent, and the truth after it.
  const said = `printf 'C0644 5 name\\n12\\0\\0\\0\\001scp: name: Input/output error\\n'`;
  writeFileSync(`${dir}/bin/scp`, `#!/bin/sh\n${said}\nexec cat > /dev/null\n`, { mode: 0o755 });
  const server = await startSshd(dir, { only: 'shell', path: `${dir}/bin:/usr/bin:/bin` });
  try {
    const options = { signal: new AbortController().signal, settings: { sshOptions: server.options } };
    await using backend = await openBackend(parseUrl(`scp://127.0.0.1:${server.port}/place`), options);
    await expect(backend.get('name', buffer, options)).rejects.toThrow('Input/output error');
  } finally {
    await server.stop();
  }
});
