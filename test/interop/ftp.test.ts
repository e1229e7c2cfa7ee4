import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { exchange } from '../backends/cycle.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import { some } from '../support/forms.ts';
import { tempDir } from '../support/temp.ts';
import { requireReference, requireTool } from '../support/tools.ts';

describe.runIf(requireReference() && requireTool('lftp') && requireTool('proftpd') && requireTool('openssl'))(
  'FTP, which the reference reaches by lftp',
  () => {
    let server: FtpServer;
    beforeAll(async () => {
      server = await startProftpd(tempDir());
    });
    afterAll(() => server.stop());

    // One process of lftp for each operation takes its time.
    const ways = [
      ['ftp', 'ours'],
      ['ftpes', 'the reference'],
    ] as const;
    test.each(some(ways, ([scheme]) => scheme === 'ftpes'))(
      '%s: a chain begun by %s is continued and read by both',
      async (scheme, first) => {
        const place = `${scheme} ${first}`.replaceAll(' ', '-');
        // lftp makes no directory with a slash behind it here, and says it exists.
        mkdirSync(`${server.home}/${place}`, { mode: 0o777 });
        const url = server.url(scheme, place);
        const trust = ['--ssl-cacert-file', server.authority];
        const left = await exchange(
          first,
          { ours: url, 'the reference': url },
          { ours: trust, 'the reference': trust },
        );
        expect(left).toEqual(['Full']);
      },
    );
  },
);
