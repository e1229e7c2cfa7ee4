import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { isolatedEnv, testHome } from '../support/home.ts';
import { openOptions } from '../support/open-options.ts';
import { tempDir } from '../support/temp.ts';

// What the programs that drivers start get to see. Those here note it and fail.

const SECRETS = {
  PASSPHRASE: 'hush-passphrase',
  SIGN_PASSPHRASE: 'hush-sign',
  FTP_PASSWORD: 'hush-ftp',
  IMAP_PASSWORD: 'hush-imap',
  AZURE_CONNECTION_STRING: 'AccountKey=hush-azure',
  GS_SECRET_ACCESS_KEY: 'hush-gs',
  SWIFT_PASSWORD: 'hush-swift',
  SWIFT_PREAUTHTOKEN: 'hush-token',
  DPBX_REFRESH_TOKEN: 'hush-dpbx',
};

let dir: string;
let env: Readonly<Record<string, string | undefined>>;

beforeEach(() => {
  dir = tempDir();
  mkdirSync(`${dir}/bin`);
  for (const name of ['rclone', 'rsync', 'ssh', 'par2', 'proxy']) {
    const note = `{ echo "words: $0 $*"; env; } >> '${dir}/notes'`;
    // What its configuration says of a host only ssh itself can tell.
    const script = `#!/bin/sh\n${note}\n[ "$1" = -G ] || exit 1\nPATH="\${PATH#*:}" exec ssh "$@"\n`;
    writeFileSync(`${dir}/bin/${name}`, script);
    chmodSync(`${dir}/bin/${name}`, 0o755);
  }
  const isolated = isolatedEnv(testHome(), SECRETS);
  env = { ...isolated, PATH: `${dir}/bin:${isolated['PATH']}` };
});

/** What the programs saw of whatever the driver does with the place. */
async function seen(url: string, use: (backend: Backend) => Promise<unknown>, sshOptions = ''): Promise<string[]> {
  const options = openOptions({ env, tempDir: () => dir, settings: { sshOptions, timeout: 5 } });
  try {
    await using backend = await openBackend(parseUrl(url), options);
    await use(backend);
  } catch {
    // Nothing works with programs that only take notes.
  }
  expect(existsSync(`${dir}/notes`)).toBe(true);
  const notes = readFileSync(`${dir}/notes`, 'utf8').split('\n');
  expect(notes.filter((line) => line.startsWith('HOME='))).not.toEqual([]);
  return notes.filter((line) => line.includes('hush'));
}

const { signal } = new AbortController();

async function list(backend: Backend): Promise<void> {
  for await (const file of backend.list({ signal })) void file;
}

test('rclone sees no secret of ours', async () => {
  expect(await seen('rclone://remote:dir', list)).toEqual([]);
});

test('rclone sees the keys of its own remotes', async () => {
  env = { ...env, AWS_SECRET_ACCESS_KEY: 'hush-aws', RCLONE_CONFIG_PASS: 'hush-config' };
  expect([...new Set(await seen('rclone://remote:dir', list))].toSorted()).toEqual([
    'AWS_SECRET_ACCESS_KEY=hush-aws',
    'RCLONE_CONFIG_PASS=hush-config',
  ]);
});

test('rsync and its ssh see no secret of ours', async () => {
  expect(await seen('rsync://me@host/dir', list)).toEqual([]);
});

test('rsync sees the password of its daemon, where others do not, and nothing else', async () => {
  expect([...new Set(await seen('rsync://me@host::module/dir', list))]).toEqual(['RSYNC_PASSWORD=hush-ftp']);
});

test('ssh and a proxy command see no secret of ours, nor the password of the URL', async () => {
  const proxy = `-oProxyCommand="${dir}/bin/proxy %h"`;
  expect(await seen('sftp://me:hush-url@host/dir', list, proxy)).toEqual([]);
  expect(readFileSync(`${dir}/notes`, 'utf8')).toContain('bin/proxy host');
});

test('par2 sees no secret at all', async () => {
  env = { ...env, AWS_SECRET_ACCESS_KEY: 'hush-aws' };
  mkdirSync(`${dir}/store`);
  const put = async (backend: Backend): Promise<void> => {
    async function* open(): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
    }
    await backend.put('duplicity-full.20231114T221320Z.vol1.difftar', { size: 1, open }, { signal });
  };
  expect(await seen(`par2+file://${dir}/store`, put)).toEqual([]);
});
