import { afterAll, describe } from 'vitest';
import { requireB2, startB2, type B2Server } from '../servers/b2.ts';
import { survivesFaults } from './faults.ts';

describe.runIf(requireB2())('b2', () => {
  let server: B2Server | undefined;
  afterAll(() => server?.[Symbol.asyncDispose]());

  survivesFaults(
    'b2',
    async () => {
      // Volumes of 1 MiB are large files.
      const started = await startB2(500_000);
      server = started;
      const env: Record<string, string> = { ...started.env };
      return {
        port: started.port,
        url(port, place) {
          // The URL does not name the server.
          env['B2_API_URL'] = `http://127.0.0.1:${port}`;
          return `b2://${started.key.id}@bucket/${place}`;
        },
        env,
      };
    },
    [1, 2],
  );
});
