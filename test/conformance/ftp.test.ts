import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe } from 'vitest';

import { open } from '../../src/backends/ftp/ftp.ts';
import { parseUrl } from '../../src/backends/url.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';

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
    const settings = (): object => ({ timeout: 10, sslCacertFile: server.authority });
    conformance(
      ['ftps', 'ftpes with session reuse', 'ftp without MLSD, overwriting, and second sessions'][index] ?? '',
      () =>
        open(parseUrl(server.url(scheme, directory, port())), {
          signal: AbortSignal.timeout(60_000),
          settings: settings(),
        }),
      {
        names: 100,
        plant: async (names, content) => {
          mkdirSync(`${server.home}/${directory}`, { recursive: true });
          for (const name of names) writeFileSync(`${server.home}/${directory}/${name}`, content);
        },
      },
    );
  }
});
