import { afterAll, describe } from 'vitest';
import { consecutivePorts } from '../servers/process.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults, type FaultySetup } from './faults.ts';
import { filesIn } from './stored.ts';

const servers: FtpServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** Data connections go to the address of the control connection: with the proxy at another one they meet it as well. */
async function proftpd(scheme: 'ftp' | 'ftpes'): Promise<FaultySetup> {
  const passive = await consecutivePorts(20);
  const server = await startProftpd(tempDir(), passive);
  servers.push(server);
  const host = '127.0.0.2';
  return {
    port: server.ports.plain,
    host,
    same: passive,
    // Control and data in turn.
    connections: 8,
    through: (port) => ({
      url: (place) => server.url(scheme, place, port).replace('@127.0.0.1:', `@${host}:`),
      options: ['--ssl-no-check-certificate'],
    }),
    stored: (place) => filesIn(`${server.home}/${place}`),
  };
}

describe.runIf(requireTool('proftpd') && requireTool('openssl'))('ftp', () => {
  survivesFaults('ftp', () => proftpd('ftp'), [3, 9]);
  survivesFaults('ftpes', () => proftpd('ftpes'), [4, 10]);
});
