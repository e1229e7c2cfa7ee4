import { afterAll, beforeAll, describe } from 'vitest';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults, type FaultySetup } from './faults.ts';

describe.runIf(requireTool('openssl'))('the API of Dropbox', () => {
  let server: DropboxServer;
  beforeAll(async () => {
    server = await startDropbox();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const dpbx = async (): Promise<FaultySetup> => ({
    port: server.port,
    through: (port) => ({
      url: (place) => `dpbx:///${place}`,
      env: { ...dropboxApp(server), ...dropboxAt(port) },
      options: ['--ssl-cacert-file', server.authority],
    }),
    stored: (place) => server.account.contents(`/${place}`),
  });
  survivesFaults('dpbx', dpbx, [1, 2]);
});
