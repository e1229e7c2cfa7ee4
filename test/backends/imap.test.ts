import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDovecot, type ImapServer } from '../servers/dovecot.ts';
import { duplicity, good, noise, PLAIN, put, scene, treeOf } from '../support/scene.ts';
import { run, succeeded } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { referencePath, requireReference, requireTool } from '../support/tools.ts';
import { fullCycle, sceneAt } from './cycle.ts';

describe.runIf(requireTool('dovecot') && requireTool('openssl'))('imap', () => {
  let server: ImapServer;
  beforeAll(async () => {
    server = await startDovecot(tempDir());
  });
  afterAll(() => server.stop());

  test.each(['imap', 'imaps'] as const)('%s goes through a full cycle', async (scheme) => {
    const env = { IMAP_PASSWORD: server.password };
    const options = ['--ssl-cacert-file', server.authority];
    expect(await fullCycle(sceneAt(server.url(scheme, `cycle-${scheme}`)), options, { env })).toEqual(['Full 1']);
  });

  test('a wrong password is 51, with one sentence that does not hold it', async () => {
    const env = { IMAP_PASSWORD: 'hush-hush' };
    const words = [...PLAIN, '--ssl-cacert-file', server.authority, 'collection-status', server.url('imap', 'x')];
    const result = await duplicity(words, { env });
    expect(result.status).toBe(51);
    expect(result.stdout + result.stderr + JSON.stringify(result.records)).not.toContain('hush-hush');
  });

  test('a server that is not there is 50 after the retries', async () => {
    const url = 'imap://dup@127.0.0.1:1/x';
    const result = await duplicity([...PLAIN, 'collection-status', url], { env: { IMAP_PASSWORD: 'x' } });
    expect([result.status, result.stderr]).toEqual([50, expect.stringContaining('ECONNREFUSED')]);
  });

  test.runIf(requireReference() && requireTool('python3'))(
    'goes on where the reference left off, and the reverse',
    async () => {
      // The reference knows the standard ports only.
      const wrapper = `${tempDir()}/reference.py`;
      writeFileSync(
        wrapper,
        [
          'import imaplib, runpy, sys',
          'class Here(imaplib.IMAP4):',
          `    def __init__(self, host, port=0): super().__init__("127.0.0.1", ${server.port})`,
          'imaplib.IMAP4 = Here',
          'sys.argv = sys.argv[1:]',
          'runpy.run_path(sys.argv[0], run_name="__main__")',
        ].join('\n'),
      );
      const env = { IMAP_PASSWORD: server.password };
      const reference = async (...words: readonly string[]): Promise<void> => {
        const python = ['/usr/bin/python3', wrapper, referencePath() ?? ''] as const;
        succeeded(await run(python[0], [...python.slice(1), '--no-encryption', ...words], { env, home: tempDir() }));
      };
      const tls = ['--ssl-cacert-file', server.authority];
      const ours = server.url('imap', 'both');
      const theirs = ours.replace(`:${server.port}`, '');
      const s = scene();
      put(s.source, { a: noise(300_000), b: 'b' });
      await good([...tls, '--current-time', String(timeOfSet(0)), s.source, ours], { env });
      put(s.source, { b: 'second' }, timeOfSet(0));
      await reference('--current-time', String(timeOfSet(1)), s.source, theirs);
      put(s.source, { c: 'third' }, timeOfSet(1));
      await good([...tls, '--current-time', String(timeOfSet(2)), s.source, ours], { env, home: tempDir() });
      await good([...tls, 'restore', ours, `${s.dir}/ours`], { env, home: tempDir() });
      await reference('restore', theirs, `${s.dir}/theirs`);
      for (const name of ['ours', 'theirs']) expect(treeOf(`${s.dir}/${name}`)).toEqual(treeOf(s.source));
    },
  );
});
