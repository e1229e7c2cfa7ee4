import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe } from 'vitest';
import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults, type FaultySetup } from './faults.ts';
import { filesIn } from './stored.ts';

describe.runIf(requireTool('apache2') && requireTool('openssl'))('webdav', () => {
  let server: DavServer;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
  });
  afterAll(() => server.stop());

  async function apache(scheme: 'webdav' | 'webdavs'): Promise<FaultySetup> {
    const own = scheme === 'webdav' ? server.port : server.tlsPort;
    return {
      port: own,
      connections: 1,
      unseen: 12_000_000,
      through: (port) => ({
        url: (place) => server.url(scheme, `basic/${scheme}/${place}`).replace(`:${own}/`, `:${port}/`),
        options: ['--ssl-cacert-file', server.authority],
      }),
      stored: (place) => filesIn(`${server.data}/basic/${scheme}/${place}`),
    };
  }
  survivesFaults('webdav', () => apache('webdav'), [4, 9]);
  survivesFaults('webdavs', () => apache('webdavs'), [3, 10]);

  describe.runIf(requireTool('rclone'))('rclone', () => {
    async function rclone(): Promise<FaultySetup> {
      const dir = tempDir();
      const password = execFileSync('rclone', ['obscure', server.password], { encoding: 'utf8' }).trim();
      return {
        port: server.port,
        connections: 3,
        through(port) {
          const config = `${dir}/rclone.conf`;
          const url = `http://127.0.0.1:${port}/basic`;
          const login = `user = ${server.user}\npass = ${password}\n`;
          writeFileSync(config, `[dav]\ntype = webdav\nvendor = other\nurl = ${url}\n${login}`);
          return {
            url: (place) => `rclone://dav:rclone-${place}`,
            env: { RCLONE_CONFIG: config, RCLONE_TIMEOUT: '2s', RCLONE_LOW_LEVEL_RETRIES: '2' },
          };
        },
        stored: (place) => filesIn(`${server.data}/basic/rclone-${place}`),
      };
    }
    survivesFaults('rclone', rclone, [4, 15]);
  });
});
