import { afterAll, beforeAll, describe } from 'vitest';

import { open } from '../../src/backends/ftp/ftp.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';
import { onDisk } from './on-disk.ts';

describe.runIf(requireTool('proftpd') && requireTool('openssl'))('ProFTPD', () => {
  let server: FtpServer;
  beforeAll(async () => {
    server = await startProftpd(tempDir());
  });
  afterAll(() => server.stop());

  const WAYS = [
    ['ftps', () => server.ports.implicit],
    ['ftpes', () => server.ports.strict],
    ['ftp', () => server.ports.old],
  ] as const;

  for (const [index, [scheme, port]] of WAYS.entries()) {
    const directory = `conformance ${index}/${scheme}`;
    const settings = (): object => ({ timeout: 60, sslCacertFile: server.authority });
    conformance(
      ['ftps', 'ftpes with session reuse', 'ftp without MLSD, overwriting, and second sessions'][index] ?? '',
      () =>
        open(parseUrl(server.url(scheme, directory, port())), {
          signal: new AbortController().signal,
          settings: settings(),
        }),
      onDisk(() => `${server.home}/${directory}`),
    );
  }
});
