import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/rclone/rclone.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { bodyOf, call, names, text } from '../conformance/driver-calls.ts';
import { startDavAnimal, type DavKind } from '../servers/zoo/webdav.ts';
import { openOptions } from '../support/open-options.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { firstBackup, life } from './life.ts';

const isHidden = (name: string): boolean => name.startsWith('.');

describe.runIf(requireTool('rclone'))('rclone', () => {
  const remote = (origin: string): Record<string, string> => ({
    RCLONE_CONFIG: `${tempDir()}/none`,
    RCLONE_CONFIG_ODD_TYPE: 'webdav',
    RCLONE_CONFIG_ODD_URL: origin,
    RCLONE_LOW_LEVEL_RETRIES: '1',
  });

  test.each<readonly [string, DavKind]>([
    ['refuses hidden names', { answer: (method, name) => (method === 'PUT' && isHidden(name) ? 403 : undefined) }],
    ['swallows hidden names', { swallows: isHidden }],
    ['renames nothing', { answer: (method) => (method === 'MOVE' ? 403 : undefined) }],
  ])('a remote that %s gets files under their names', async (_title, kind) => {
    await using server = await startDavAnimal(kind);
    const env = { ...process.env, ...remote(server.origin) };
    await using backend: Backend = await open(parseUrl('rclone://odd:place'), openOptions({ env }));
    const put = (content: string): Promise<void> => backend.put('name', bodyOf(content), call);
    // What may pass is tried again, as the program does it.
    for (const content of ['first, which is longer', 'second']) await put(content).catch(() => put(content));
    expect([await names(backend), await text(backend, 'name')]).toEqual([['name'], 'second']);
    expect(backend.traits.atomicPut).toBe(false);
  });

  test('a remote that refuses hidden names holds a backup for all of its life', async () => {
    await using server = await startDavAnimal({
      answer: (method, name) => (method === 'PUT' && isHidden(name) ? 403 : undefined),
    });
    const { stdout } = await life('rclone://odd:place', { env: remote(server.origin) });
    expect(stdout.match(/Files get their final names at once in the remote of rclone/g)).toHaveLength(1);
  });

  const dir = tempDir();
  mkdirSync(`${dir}/directory`);
  const locked = `# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n${Buffer.alloc(99, 1).toString('base64')}\n`;
  writeFileSync(`${dir}/locked`, locked);
  writeFileSync(`${dir}/damaged`, '[local\ntype = local\n');
  const PASSWORD = 'Set RCLONE_CONFIG_PASS to the password of the configuration';

  test.each([
    [
      'an encrypted configuration without its password',
      { RCLONE_CONFIG: `${dir}/locked` },
      'unable to decrypt configuration',
      PASSWORD,
    ],
    [
      'a wrong password',
      { RCLONE_CONFIG: `${dir}/locked`, RCLONE_CONFIG_PASS: 'hush' },
      'most likely wrong password',
      PASSWORD,
    ],
    [
      'a command for the password that fails',
      { RCLONE_CONFIG: `${dir}/locked`, RCLONE_PASSWORD_COMMAND: 'false' },
      'password command failed',
      PASSWORD,
    ],
    [
      'a damaged configuration',
      { RCLONE_CONFIG: `${dir}/damaged` },
      'could not parse line: [local',
      'RCLONE_CONFIG names',
    ],
    ['a directory for a configuration', { RCLONE_CONFIG: `${dir}/directory` }, 'is a directory', 'RCLONE_CONFIG names'],
    [
      'a value that rclone cannot read',
      { RCLONE_CONFIG: `${dir}/none`, RCLONE_TRANSFERS: 'many' },
      'RCLONE_TRANSFERS="many"',
      'Correct the variable',
    ],
  ])('%s ends the run at once, with the words of rclone', async (_title, env, words, hint) => {
    const { status, stdout, stderr } = await firstBackup(`rclone://local:${dir}/x`, { env });
    expect([status, stdout]).toEqual([50, expect.not.stringContaining('Attempt')]);
    expect(stderr).toContain(`rclone says: `);
    expect(stderr).toContain(words);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('hush');
    expect(readdirSync(dir)).not.toContain('x');
  });
});
