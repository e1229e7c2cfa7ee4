import { mkdirSync, readdirSync, symlinkSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, afterAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/sftp/sftp.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { conformance } from '../conformance/conformance.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { startSftpAnimal, type SftpKind } from '../servers/zoo/sftp.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { firstBackup, life } from './life.ts';

const PERMISSION_DENIED = 3;
const FAILURE = 4;
const isHidden = (name: string): boolean => name.startsWith('.');

/** Gateways that let a file be written, and nothing beside it. */
const noDots: SftpKind = {
  answer: (request, name) => (request === 'OPEN' && isHidden(name) ? PERMISSION_DENIED : undefined),
};

/** The host key of the moment is taken. */
function trusting(): string {
  return `-oStrictHostKeyChecking=accept-new -oUserKnownHostsFile=${tempDir()}/known`;
}

/** With its server, which ends with it. */
async function opened(kind: SftpKind): Promise<Backend> {
  const server = await startSftpAnimal(kind);
  const backend = await open(parseUrl(server.url('place')), { ...call, settings: { sshOptions: trusting() } });
  const close = backend[Symbol.asyncDispose].bind(backend);
  return Object.assign(backend, {
    async [Symbol.asyncDispose]() {
      await close();
      await server[Symbol.asyncDispose]();
    },
  });
}

conformance('sftp, a server of version 3 without extensions', () => opened({}), { names: 30, copiesNothing: true });
conformance('sftp, a gateway that refuses hidden names', () => opened(noDots), { names: 30, copiesNothing: true });

test.each<readonly [string, SftpKind]>([
  ['refuses hidden names', noDots],
  ['swallows hidden names', { swallows: isHidden }],
  [
    'hides hidden names and renames nothing',
    { hides: isHidden, answer: (request) => (request === 'RENAME' ? PERMISSION_DENIED : undefined) },
  ],
])('a server that %s gets files under their names', async (_title, kind) => {
  await using backend = await opened(kind);
  for (const content of ['first, which is longer', 'second']) await backend.put('name', bodyOf(content), call);
  expect([await names(backend), await text(backend, 'name')]).toEqual([['name'], 'second']);
  expect(backend.traits.atomicPut).toBe(false);
});

test('a server that has one word for all failures is asked twice before hidden names are given up', async () => {
  const answer: SftpKind['answer'] = (request, name) => (request === 'OPEN' && isHidden(name) ? FAILURE : undefined);
  await using backend = await opened({ answer });
  expect(await failureOf(backend.put('name', bodyOf('x'), call))).toMatchObject({ retryable: true });
  await backend.put('name', bodyOf('x'), call);
  expect(await text(backend, 'name')).toBe('x');
});

test('a server that shows files late, and loses a connection, holds a backup', async () => {
  const asked = new Set<string>();
  const answer: SftpKind['answer'] = (request, name) =>
    request === 'STAT' && name.includes('vol') && !asked.has(name) && asked.add(name) ? 2 : undefined;
  await using server = await startSftpAnimal({ answer, cutAfter: 300_000 });
  const { status } = await life(server.url('place'), { args: ['--ssh-options', trusting()] });
  expect(status).toBe(0);
});

test('a server that keeps nothing of what it says it has stored ends the backup with an error', async () => {
  await using server = await startSftpAnimal({ swallows: () => true });
  const { status, stderr } = await firstBackup(server.url('place'), { args: ['--ssh-options', trusting()] });
  expect(status).toBe(50);
  expect(stderr).toContain('the server says that it has stored the file, and it is not there');
});

describe.runIf(requireTool('sshd'))('an account of sshd that may only add files', () => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    const denied = 'rename,posix-rename,remove,rmdir,mkdir,setstat,fsetstat,symlink,hardlink';
    server = await startSshd(dir, { only: 'sftp', denied });
    mkdirSync(`${server.home}/box`);
  });
  afterAll(() => server.stop());

  const url = (path: string): string => `sftp://127.0.0.1:${server.port}/${path}`;
  const openAt = (path: string): Promise<Backend> =>
    open(parseUrl(url(path)), { ...call, settings: { sshOptions: server.options } });

  test('holds backups, says so once in a run, leaves parts in the first only, and fails to delete with 51', async () => {
    const args = ['--ssh-options', server.options];
    const { stdout } = await life(url('box'), { args, keepsAll: true });
    expect(stdout.match(/Files get their final names at once in .*, which lets nobody rename files/g)).toHaveLength(1);
    expect(readdirSync(`${server.home}/box`).filter((name) => isHidden(name) && !name.includes('20231114'))).toEqual(
      [],
    );
  });

  test('writes a file anew that it may not delete, and never through a link', async () => {
    mkdirSync(`${server.home}/again`);
    await using backend = await openAt('again');
    for (const content of ['first, which is longer', 'second']) await backend.put('name', bodyOf(content), call);
    expect(await text(backend, 'name')).toBe('second');
    writeFileSync(`${server.home}/elsewhere`, 'kept');
    symlinkSync(`${server.home}/elsewhere`, `${server.home}/again/link`);
    expect(await failureOf(backend.put('link', bodyOf('x'), call))).toMatchObject({ exitCode: 50 });
    expect(readFileSync(`${server.home}/elsewhere`, 'utf8')).toBe('kept');
  });

  test('is told which directory to make, where it may make none', async () => {
    await using backend = await openAt('absent');
    expect(await failureOf(names(backend))).toMatchObject({
      exitCode: 51,
      hint: expect.stringContaining('make it on the server') as string,
    });
  });
});

test.runIf(requireTool('sshd'))('scp: a shell that renames and deletes nothing holds a backup', async () => {
  const dir = tempDir();
  mkdirSync(`${dir}/bin`);
  const refusal = 'echo "cannot do that: Operation not permitted" >&2; exit 1';
  writeFileSync(`${dir}/bin/mv`, `#!/bin/sh\n${refusal}\n`, { mode: 0o755 });
  writeFileSync(`${dir}/bin/rm`, `#!/bin/sh\n[ ! -e "$2" ] || { ${refusal}; }\n`, { mode: 0o755 });
  const server = await startSshd(dir, { only: 'shell', path: `${dir}/bin:/usr/bin:/bin` });
  try {
    const args = ['--ssh-options', server.options];
    const { stdout } = await life(`scp://127.0.0.1:${server.port}/box`, { args, keepsAll: true });
    expect(stdout).toContain('lets nobody rename files (cannot do that: Operation not permitted)');
  } finally {
    await server.stop();
  }
});
