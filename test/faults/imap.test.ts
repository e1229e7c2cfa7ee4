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
        url: (port, place) => started.url('imap', place).replace(String(started.port), String(port)),
        env: { IMAP_PASSWORD: started.password },
        options: ['--ssl-cacert-file', started.authority],
      };
    },
    [1, 2, 3],
  );
});
