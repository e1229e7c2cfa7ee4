import { afterAll, describe } from 'vitest';
import { startDovecot, type ImapServer } from '../servers/dovecot.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults } from './faults.ts';

describe.runIf(requireTool('dovecot') && requireTool('openssl'))('imap', () => {
  let server: ImapServer | undefined;
  afterAll(() => server?.stop());

  survivesFaults(
    'imap',
    async () => {
      const started = await startDovecot(tempDir());
      server = started;
      return {
        port: started.port,
        through: (port) => ({
          url: (place) => started.url('imap', place).replace(String(started.port), String(port)),
          env: { IMAP_PASSWORD: started.password },
          options: ['--ssl-cacert-file', started.authority],
        }),
        // A message is there whole or not at all.
        stored: () => new Map(),
      };
    },
    [3, 9],
  );
});
