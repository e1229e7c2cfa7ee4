import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import type { Listed } from '../support/listing.ts';
import { MODES, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { noise, put, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireTool } from '../support/tools.ts';

const WRITERS: readonly Program[] = ['ours', 'the reference', 'ours'];

// 0.8.22 cannot do Digest with a port in the URL.
describe.runIf(requireReference() && requireTool('apache2') && requireTool('openssl'))('a chain on WebDAV', () => {
  let server: DavServer;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
  });
  afterAll(() => server.stop());

  test.each(['webdav', 'webdavs'] as const)('%s, written in turn: each set comes back through both', async (scheme) => {
    const dir = tempDir();
    const url = server.url(scheme, `basic/${scheme}`);
    const common = ['--ssl-cacert-file', server.authority, '--backend-retry-delay', '0'];
    const { writing, reading } = MODES.gz;
    const states: Listed[][] = [];
    for (const [step, writer] of WRITERS.entries()) {
      put(`${dir}/src`, { [`new ${step}`]: noise(50_000, step + 1), same: 'same' }, timeOfSet(step - 1));
      if (step === 2) rmSync(`${dir}/src/new 0`);
      states.push(treeOf(`${dir}/src`));
      const words = ['--current-time', String(timeOfSet(step)), ...common, ...writing, `${dir}/src`, url];
      await perform(writer, words, { home: `${dir}/${writer}` });
    }
    for (const reader of PROGRAMS) {
      for (const [step, state] of states.entries()) {
        const target = `${dir}/${step} ${reader}`;
        const words = ['restore', '--time', String(timeOfSet(step)), ...common, ...reading, url, target];
        await perform(reader, words, { home: `${dir}/${reader}` });
        expect(treeOf(target)).toEqual(state);
      }
    }
  });
});
