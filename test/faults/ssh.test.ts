import { writeFileSync } from 'node:fs';
import { afterAll, describe } from 'vitest';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults, type FaultySetup } from './faults.ts';
import { filesIn } from './stored.ts';

const servers: Sshd[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

async function overSsh(scheme: 'sftp' | 'scp' | 'rsync', only?: 'sftp' | 'shell'): Promise<FaultySetup> {
  const dir = tempDir();
  const server = await startSshd(dir, only === undefined ? {} : { only });
  servers.push(server);
  const known = `${dir}/known`;
  // Also by the port of the proxy.
  writeFileSync(known, server.hostKeys.map((key) => `* ${key}\n`).join(''));
  const options = `-oIdentityFile=${server.key} -oUserKnownHostsFile=${known}`;
  return {
    port: server.port,
    connections: 1,
    through: (port) => ({
      url: (place) => `${scheme}://127.0.0.1:${port}/${place}`,
      options: ['--ssh-options', options],
    }),
    stored: (place) => filesIn(`${server.home}/${place}`),
  };
}

describe.runIf(requireTool('sshd'))('ssh', () => {
  survivesFaults('sftp', () => overSsh('sftp', 'sftp'), [3, 9]);
  survivesFaults('scp', () => overSsh('scp', 'shell'), [4, 10]);
  describe.runIf(requireTool('rsync'))('rsync', () => {
    survivesFaults('rsync over ssh', () => overSsh('rsync'), [9, 14]);
  });
});
