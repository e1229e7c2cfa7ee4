import { afterAll, describe } from 'vitest';
import { startRsyncd, type Rsyncd } from '../servers/rsyncd.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { survivesFaults } from './faults.ts';
import { filesIn } from './stored.ts';

describe.runIf(requireTool('rsync'))('rsync daemon', () => {
  let server: Rsyncd | undefined;
  afterAll(() => server?.stop());

  survivesFaults(
    'rsync daemon',
    async () => {
      const started = await startRsyncd(tempDir());
      server = started;
      return {
        port: started.port,
        // One for each operation.
        connections: 7,
        through: (port) => ({ url: (place) => `rsync://127.0.0.1:${port}::open/${place}` }),
        stored: (place) => filesIn(`${started.data.open}/${place}`),
      };
    },
    [4, 15],
  );
});
