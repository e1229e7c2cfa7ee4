import { afterAll, describe } from 'vitest';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults } from './faults.ts';

describe.runIf(requireTool('openssl'))('dpbx', () => {
  let server: DropboxServer | undefined;
  afterAll(() => server?.[Symbol.asyncDispose]());

  survivesFaults(
    'dpbx',
    async () => {
      const started = await startDropbox();
      server = started;
      return {
        port: started.port,
        url: (_port, place) => `dpbx:///${place}`,
        envAt: (port) => dropboxAt(port),
        env: dropboxApp(started),
        options: ['--ssl-cacert-file', started.authority],
      };
    },
    [1],
  );
});
